#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright gc: what it keeps, what it removes, when it refuses, and what
is left when it is killed at any moment."""
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *
from release import *

T = tempfile.mkdtemp()
good, store = f"{T}/good", f"{T}/store"
record = f"{T}/boot.json"


def fresh():
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(good, store, symlinks=True)


def gc(*options):
    return run(ROOTWRIGHT, "gc", "--store", store, "--boot-record", record,
               *options)


def drop(digest):
    os.unlink(f"{store}/images/refs/rootwright/{digest}")


def whole(name):
    code, out, err = run(ROOTWRIGHT, "check", store)
    ok(code == 0, name, out + err)


one = build(good, f"{T}/1", {f: f * 1000 for f in "abc"})
two = build(good, f"{T}/2", {f: f * 1000 for f in "bd"})
run(ROOTWRIGHT, "build", "--store", f"{T}/other", f"{T}/2")
only_two = names(f"{T}/other")
os.mkdir(f"{good}/signatures")
for d in one, two:
    with open(f"{good}/signatures/{d}.p7s", "wb") as f:
        f.write(SIGNATURE)
everything = names(good)

# Nothing to do.
fresh()
code, out, err = gc()
equal((code, out), (0, ""), "every image has a reference")
equal(names(store), everything, "nothing is removed")
has(err, f"{store}: removed 0 images, 0 objects, 0 signatures and 0 temporary "
    "files: 0 bytes\n", "which it says")

# One image of two.
drop(one)
before = names(store)
code, out, err = gc("--dry-run")
equal((code, names(store)), (0, before), "a dry run removes nothing")
gone = out.splitlines()
equal(len(gone), 5, "and names what it would remove")
code, out, err = gc("--dry-run", "--json")
would = json.loads(out)
equal((would["dry_run"], would["removed"]["objects"], would["kept"]),
      (True, 3, {"releases": 0, "images": 1, "objects": 3}), "in JSON too")
code, out, err = gc("--json")
equal(code, 0, "then it removes")
equal(names(store), sorted(set(before) - set(gone)), "just that")
equal(names(store),
      sorted(only_two + [f"signatures/{two}.p7s"]), "only the other is left")
did = json.loads(out)
equal(did, {**would, "dry_run": False}, "and says what the dry run said")
ok(did["removed"]["bytes"] >= 3 * 1000, "and what that frees")
whole("the store is good")

# No reference at all; leftovers.
drop(two)
for leftover in ".tmp-1-1", "objects/.tmp-1-2", "signatures/.tmp-1-3":
    with open(f"{store}/{leftover}", "w", encoding="ascii") as f:
        f.write("left")
with open(f"{store}/notes", "w", encoding="ascii") as f:
    f.write("ours is only what we know")
code, out, err = gc("--json")
equal((code, json.loads(out)["removed"]["temporary"]), (0, 3),
      "what killed programs left is counted")
equal(names(store), ["meta.json", "notes"], "foreign files stay")

# What was booted is kept, whatever the store says.
fresh()
drop(one)
drop(two)
with open(record, "w", encoding="ascii") as f:
    json.dump({"image": {"digest": one, "algorithm": "sha256"},
               "keys": [{"digest": "0" * 64}]}, f)
equal(gc()[0], 0, "an image that was booted")
whole("is kept")
ok(os.path.exists(f"{store}/images/{one}"), "with its link")
ok(not os.path.lexists(f"{store}/images/{two}"), "another is not")
os.unlink(record)
ok(gc()[0] == 0 and not os.path.lexists(f"{store}/images/{one}"),
   "and goes when it is booted no more")


def refuses(name, sentence, hint=None):
    """Exit code 1, the sentence, and every file still there."""
    before = names(store)
    code, out, err = gc()
    equal((code, out, err.splitlines()),
          (1, "", [f"rootwright: {sentence}"] +
           ([f"hint: {hint}"] if hint else [])), name)
    equal(names(store), before, f"{name}: nothing is removed")


KNOWN = ("nothing was removed: what this image needs is not known; "
         f"rootwright check {store} says more")


def with_garbage():
    fresh()
    drop(one)


image = f"objects/{two[:2]}/{two[2:]}"
with_garbage()
os.unlink(f"{store}/{image}")
refuses("an image that is gone",
        f"{store}/{image}: expected an image that is kept: cannot be opened: "
        "No such file or directory", KNOWN)
with_garbage()
with open(f"{store}/{image}", "r+b") as f:
    f.seek(-1, 2)
    f.write(b"!")
refuses("an image that is damaged",
        f"{store}/{image}: expected the content that its name says, found "
        "other content", KNOWN)
with_garbage()
small = [o for o in only_two if o.startswith("objects/") and o != image][0]
os.unlink(f"{store}/images/refs/rootwright/{two}")
os.symlink(f"../../{small[8:10]}{small[11:]}",
           f"{store}/images/refs/rootwright/wrong")
refuses("a reference to an object that is no image",
        f"{store}/{small}: expected a composefs image, found a file of 1000 "
        "bytes", KNOWN)
for target in "/etc/passwd", "x", "../../" + "0" * 63, "../../" + "0" * 128:
    with_garbage()
    os.symlink(target, f"{store}/images/refs/wrong")
    refuses(f"a reference to {target[:20]}",
            f"{store}/images/refs/wrong: expected a symbolic link to an image, "
            f"found one to {target}")
with_garbage()
with open(f"{store}/images/refs/wrong", "w", encoding="ascii") as f:
    f.write("x")
refuses("a reference that is a file",
        f"{store}/images/refs/wrong: expected a symbolic link to an image, "
        "found something else: Invalid argument")
with_garbage()
os.makedirs(f"{store}/images/refs/" + "/".join("d" * 40))
refuses("references too deep", f"{store}/images/refs" + "/d" * 32 +
        ": expected at most 32 levels, found more")
with_garbage()
os.makedirs(f"{store}/streams/refs")
equal(gc()[0], 0, "a directory for streams without any")
with_garbage()
os.makedirs(f"{store}/streams/abc")
refuses("streams of composefs-rs",
        f"{store}/streams: expected a store of images only, found a stream abc",
        "cfsctl gc knows what streams need, and keeps our images")
with_garbage()
with open(record, "w", encoding="ascii") as f:
    f.write('{"image": {')
refuses("a record of the boot that is cut",
        f"{record}: expected the record of the boot: byte 11: string or '}}' "
        "expected near end of file")
os.unlink(record)
os.mkdir(record)
refuses("a record that is a directory",
        f"{record}: expected the record of the boot: cannot be read: "
        "Is a directory")
os.rmdir(record)
with_garbage()
with open(f"{store}/meta.json", "w", encoding="ascii") as f:
    json.dump({"version": 1, "algorithm": "fsverity-sha256-12",
               "features": {"read-only-compatible": ["new"]}}, f)
refuses("a store that must not be written",
        f"{store}: expected a store that we may write, found the "
        'read-only-compatible feature "new"')
os.mkdir(f"{T}/empty")
code, _, err = run(ROOTWRIGHT, "gc", "--store", f"{T}/empty")
equal((code, err.splitlines()[0]),
      (1, f"rootwright: {T}/empty: expected a store, found a directory without "
       "meta.json"), "not a store")
for args in [], ["--store"], ["--store", store, "x"], ["--all"]:
    equal(run(ROOTWRIGHT, "gc", *args)[0], 2, f"usage: {args}")

# Releases keep their images, without a reference.
def with_release(*args, **kwargs):
    fresh()
    drop(one)
    drop(two)
    release(store, "web", "1", 1, *args, **kwargs)


with_release(two)
before = names(store)
code, out, err = gc("--json")
equal((code, json.loads(out)["kept"]),
      (0, {"releases": 1, "images": 1, "objects": 3}), "a release")
whole("is whole")
ok(os.path.exists(f"{store}/images/{two}") and
   not os.path.lexists(f"{store}/images/{one}"), "what it names is kept")
where = f"{store}/releases/web/1"
os.unlink(f"{where}/manifest")
code, out, err = gc("--json")
equal((code, names(store), json.loads(out)["removed"]["incomplete"]),
      (0, ["meta.json"], 1), "what is left of one keeps nothing")
ok(not os.path.exists(where), "and goes with its directory")
with_release(two)
os.rename(where, f"{store}/releases/web/.tmp-release")
release(store, "web", "2", 2, one)
code, out, err = gc("--json")
equal((code, json.loads(out)["removed"]["incomplete"],
       os.listdir(f"{store}/releases/web")), (0, 1, ["2"]),
      "one that was killed before it got its name")
ok(os.path.exists(f"{store}/images/{one}") and
   not os.path.lexists(f"{store}/images/{two}"), "keeps nothing either")
code, out, err = run(ROOTWRIGHT, "release", "remove", "--store", store, "web",
                     "2")
equal((code, gc()[0], names(store)), (0, 0, ["meta.json"]),
      "nothing is left of a release that was removed")
fresh()
release(store, "web", "1", 1, one)
release(store, "web", "2", 2, one, two)
run(ROOTWRIGHT, "release", "remove", "--store", store, "web", "2")
equal(os.listdir(f"{store}/images/refs/rootwright"), [one],
      "the reference of an image goes with the last release that names it")
equal(gc()[0], 0, "and with it the image")
ok(os.path.exists(f"{store}/images/{one}") and
   not os.path.lexists(f"{store}/images/{two}"), "but not another's")
RELEASE = ("nothing was removed: what this release needs is not known; "
           "install it again, or remove it")
with_release(two)
with open(f"{where}/manifest", "a", encoding="ascii") as f:
    f.write("junk\n")
refuses("a manifest with junk", "release: releases/web/1/manifest:8: expected "
        "key=value with a key of this format, found 'junk'", RELEASE)
with_release(two)
os.rename(f"{where}/manifest", f"{where}/m")
os.symlink("m", f"{where}/manifest")
refuses("a manifest that is a link", "release: releases/web/1/manifest: "
        "expected a regular file of at most 65536 bytes: Too many levels of "
        "symbolic links", RELEASE)
with_release("0" * 64)
refuses("a release without its image",
        f"{store}/objects/00/{'0' * 62}: expected an image that is kept: "
        "cannot be opened: No such file or directory", KNOWN)
with_release(two)
os.mkdir(f"{store}/releases/Web")
refuses("a directory that is no release",
        f"{store}/releases/Web: expected the name of a release, found another "
        "name")
with_release(two)
with open(f"{store}/releases/web/2", "w", encoding="ascii") as f:
    f.write("x")
refuses("a file that is no release", "release: releases/web/2/manifest: "
        "expected a regular file of at most 65536 bytes: Not a directory",
        RELEASE)

# Somebody else has the store: gc waits.
with_garbage()
fd = os.open(store, os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_SH)
before = names(store)
waiting = subprocess.Popen(
    [ROOTWRIGHT, "gc", "--store", store, "--boot-record", record],
    stderr=subprocess.PIPE, text=True)
equal(waiting.stderr.readline(),
      f"rootwright: {store}: another program uses the store: waiting\n",
      "it waits for another program")
equal(names(store), before, "and removes nothing meanwhile")
fcntl.flock(fd, fcntl.LOCK_UN)
waiting.stderr.read()
equal(waiting.wait(), 0, "and goes on when that one is done")
os.close(fd)

# Killed before each of its calls that change something: never a bad store.
points, bad = 0, []
for call in "unlinkat", "syncfs":
    for point in range(1, 100):
        with_garbage()
        p = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:signal=KILL:when={point}",
             ROOTWRIGHT, "gc", "--store", store, "--boot-record", record],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if p.returncode == 0:
            break
        points += 1
        if run(ROOTWRIGHT, "check", store)[0] != 0:
            bad.append(f"{call} {point}: check")
        elif gc()[0] != 0 or names(store) != sorted(
                only_two + [f"signatures/{two}.p7s"]):
            bad.append(f"{call} {point}: again")
equal(bad, [], "killed anywhere, the store is good, and gc completes it")
equal(points, 5 + 2, "at each file that it removes and each sync")

shutil.rmtree(T)
done()
