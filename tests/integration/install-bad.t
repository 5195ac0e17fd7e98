#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What rootwright install refuses: with which words, and that nothing is
installed or left."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from disk import MIB, debugfs, flip, offset
from disk import disk as make_disk
from tap import *
from release import *

T = tempfile.mkdtemp()
source, out, store = f"{T}/source", f"{T}/out", f"{T}/store"
one = build(source, f"{T}/1", {"a": "a" * 1000, "b": "b" * 70000})
two = build(source, f"{T}/2", {"b": "b" * 70000, "d": "d" * 5000})
release(source, "web", "1", 1, one)
release(source, "web", "2", 2, two, one)
equal(run(ROOTWRIGHT, "export", "--store", source, out)[0], 0, "an export")


def install(origin, *args, to=store, policy=("--unverified",)):
    return run(ROOTWRIGHT, "install", *policy, "--store", to, *args, origin)


def objects_of(digest):
    path = f"objects/{digest[:2]}/{digest[2:]}"
    return {path} | {f"objects/{o}" for o in run(
        ROOTWRIGHT, "objects", f"{source}/{path}")[1].split()}


# What is wanted.
code, _, err = install(out)
equal((code, err.splitlines()), (1, [
    f"rootwright: {out}: expected one release or image, or to be told which, "
    "found 2", "hint: say --release web 1 for one of them"]),
    "which of several?")
os.makedirs(f"{T}/none/objects")
shutil.copy(f"{out}/meta.json", f"{T}/none/meta.json")
code, _, err = install(f"{T}/none")
equal(err, f"rootwright: {T}/none: expected a release or an image, found "
      "none\n", "nothing there")
for args, words in (
        (["--release", "web"], "--release: expected a name and a version"),
        (["--release", "Web", "1", out], "1: expected"),
        (["--image", "abc", out], "abc: expected a digest of 64 or 128 "
         "lower-case hex digits"),
        (["--frob", out], "--frob: expected an option that it has, with its "
         "value"),
        ([], "expected --store and one source")):
    code, _, err = run(ROOTWRIGHT, "install", "--store", store, *args)
    ok(code == 2 and err.startswith(f"rootwright install: {words}"),
       f"usage: {args[:2]}", err)

code, _, err = install(out, policy=("--config", f"{T}/none"))
equal((code, err.splitlines()), (1, [
    f"rootwright: policy: {T}/none: expected boot.conf, found none",
    "hint: say with --config where the policy of the device is, or "
    "--unverified: the device will check what it boots"]), "no policy")
ok(not os.path.exists(store), "nothing was written in any of these")


# A hostile or damaged source.
def bad(name, damage, sentence, *args, origin=None):
    """The sentence, no release, and no object but those that came whole
    before the one that the sentence is about."""
    top = f"{T}/bad"
    shutil.rmtree(top, ignore_errors=True)
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(out, top)
    damage(top)
    code, text, err = install(origin or top,
                              *(args or ("--release", "web", "1")))
    lines = [x for x in err.splitlines() if x.startswith("rootwright: ")]
    equal((code, text, lines[-1]), (1, "", f"rootwright: {sentence}"), name)
    ok(not os.path.exists(f"{store}/releases") and
       not os.path.exists(f"{store}/images"), f"{name}: nothing is installed")
    got = {n: c for n, c in contents(store).items()
           if n.startswith("objects/")}
    equal(got, {n: c for n, c in whole.items()
                if n in got and some[0] in sentence and n != some[0]},
          f"{name}: nothing else was fetched")


def overwrite(path, content):
    def damage(top):
        with open(f"{top}/{path}", "r+b") as f:
            f.seek(100)
            f.write(content)
    return damage


def replace(path, make):
    def damage(top):
        os.unlink(f"{top}/{path}")
        make(f"{top}/{path}")
    return damage


def write(path, content):
    def damage(top):
        with open(f"{top}/{path}", "wb") as f:
            f.write(content)
    return damage


b = f"{T}/bad"
image = f"objects/{one[:2]}/{one[2:]}"
some = [o for o in sorted(objects_of(one)) if o != image]
where = "releases/web/1/manifest"
whole = contents(out)
OTHER = "expected the content that its name says, found other content"
bad("an object with a byte turned", overwrite(some[0], b"!"),
    f"{b}/{some[0]}: {OTHER}")
bad("an object that is too short", lambda t: os.truncate(f"{t}/{some[0]}", 9),
    f"{b}/{some[0]}: expected {os.path.getsize(f'{out}/{some[0]}')} bytes, as "
    "the image says, found 9")
bad("an object that is not there", replace(some[0], lambda p: None),
    f"{b}/{some[0]}: expected an object that an image needs, found none")
bad("a link in its place",
    replace(some[0], lambda p: os.symlink("/etc/passwd", p)),
    f"{b}/{some[0]}: expected a regular file, found something else")
bad("a FIFO in its place", replace(some[0], os.mkfifo),
    f"{b}/{some[0]}: expected a regular file, found something else")
bad("an image with a byte turned", overwrite(image, b"!"), f"{b}/{image}: {OTHER}")
bad("an image that is endless",
    lambda t: os.truncate(f"{t}/{image}", 1 << 24), f"{b}/{image}: {OTHER}")
bad("an image that is not there", replace(image, lambda p: None),
    f"{b}/{image}: expected the image, found none")
bad("an object as an image", lambda t: None,
    f"{b}/{some[0]}: expected a composefs image, found " + (
        "a file of 1000 bytes" if os.path.getsize(f"{out}/{some[0]}") == 1000
        else "another kind of file"),
    "--image", some[0][8:10] + some[0][11:])
bad("an image of another algorithm", lambda t: None,
    f"objects/00/{'0' * 126}: expected an image of sha256, as the source has, "
    "found the digest of another", "--image", "0" * 128)
bad("no manifest", replace(where, lambda p: None),
    f"{b}/{where}: expected the manifest of a release, found none")
bad("a manifest of another version",
    write(where, manifest("web", "3", 1, one).encode()),
    f"release: {where}: expected the name and version of its directories, "
    "found others")
bad("a manifest that is too large",
    write(where, manifest("web", "1", 1, one).encode() + b"\n" * 65536),
    f"{b}/{where}: expected at most 65536 bytes, found "
    f"{65536 + len(manifest('web', '1', 1, one))}")
bad("a manifest that is a link",
    replace(where, lambda p: os.symlink("../2/manifest", p)),
    f"{b}/{where}: expected a regular file, found something else")
bad("no store", lambda t: os.unlink(f"{t}/meta.json"),
    f"{b}: expected a store, found a directory without meta.json")
bad("not a disk", lambda t: None,
    f"{T}/1/b: expected one ext4 file system with /composefs/objects in it, "
    "found none", origin=f"{T}/1/b")
bad("nothing", lambda t: None,
    f"{T}/nothing: cannot be opened: No such file or directory",
    origin=f"{T}/nothing")
bad("directories without end",
    lambda t: [os.mkdir(f"{t}/releases/{i}") for i in range(4096)],
    f"{b}/releases: expected at most 4096 entries, found more", "--json")

# A disk, changed under our hands.
disk = f"{T}/disk"
equal(make_disk(source, f"{T}/gooddisk")[0], 0, "a disk")


def bad_disk(name, damage, sentence, *args):
    shutil.copy(f"{T}/gooddisk", disk)
    damage()
    bad(f"on a disk: {name}", lambda t: None, sentence, *args, origin=disk)


def without(path, command=None):
    debugfs(disk, f"rm /composefs/{path}", "-w")
    if command:
        debugfs(disk, command, "-w")


bad_disk("an object with a byte turned",
         lambda: flip(disk, offset(disk, f"/composefs/{some[0]}", 0) + 9),
         f"{disk}/{some[0]}: {OTHER}")
bad_disk("an image with a byte turned",
         lambda: flip(disk, offset(disk, f"/composefs/{image}", 0) + 9),
         f"{disk}/{image}: {OTHER}")
bad_disk("an object that is not there", lambda: without(some[0]),
         f"{disk}/{some[0]}: expected an object that an image needs, found "
         "none")
bad_disk("a link in its place",
         lambda: without(some[0], f"symlink /composefs/{some[0]} /etc/passwd"),
         f"{disk}/{some[0]}: expected a regular file, found something else")
bad_disk("an object that is too long",
         lambda: debugfs(disk, f"set_inode_field /composefs/{some[0]} size "
                         "0x7fffffffffff", "-w"),
         f"{disk}/{some[0]}: expected at most "
         f"{os.path.getsize(f'{T}/gooddisk') // MIB * MIB - 2 * MIB} bytes, "
         f"which is all of the file system, found {0x7fffffffffff}")
bad_disk("no meta.json", lambda: without("meta.json"),
         f"{disk}: expected a store, found no meta.json in it")
bad_disk("no store", lambda: debugfs(disk, "unlink /composefs", "-w"),
    f"{disk}: expected one ext4 file system with /composefs/objects in it, "
    "found none")

# The store's own faults.
shutil.rmtree(store, ignore_errors=True)
equal(install(out, "--release", "web", "1")[0], 0, "a store with a release")
os.truncate(f"{store}/{some[0]}", 7)
code, _, err = install(out, "--release", "web", "2")
equal((code, err.splitlines()), (1, [
    f"rootwright: {store}/{some[0]}: expected an object of "
    f"{os.path.getsize(f'{out}/{some[0]}')} bytes, found 7",
    f"hint: rootwright repair --store {store} fetches again what is damaged"]),
    "a damaged object of the store")
shutil.rmtree(store)
equal(install(out, "--release", "web", "1")[0], 0, "another store")
with open(f"{store}/{where}", "a", encoding="ascii") as f:
    f.write("description=other\n")
code, _, err = install(out, "--release", "web", "1")
equal((code, err.splitlines()[-1]),
      (1, f"rootwright: {store}/{where}: expected the same content or no such "
       "file, found other content"), "a release is never changed")
release(out, "web", "3", 1, one)
os.rename(f"{out}/releases/web/3", f"{T}/web3")
shutil.rmtree(store)
equal(install(out, "--release", "web", "1")[0], 0, "another store")
os.rename(f"{T}/web3", f"{out}/releases/web/3")
code, _, err = install(out, "--release", "web", "3")
equal((code, err.splitlines()[0]),
      (1, f"rootwright: {out}/releases/web/3/manifest: expected a sequence that "
       "no release of web has, found 1, which 1 has"), "a sequence twice")
shutil.rmtree(f"{out}/releases/web/3")
run(ROOTWRIGHT, "build", "--algorithm", "sha512", "--store", f"{T}/sha512",
    f"{T}/1")
code, _, err = install(out, "--release", "web", "1", to=f"{T}/sha512")
equal((code, err), (1, f"rootwright: {out}: expected a source of sha512 "
                    f"objects, as {T}/sha512 has, found one of sha256\n"),
      "a store of another algorithm")

# Not enough room. A file system that says so:
shutil.rmtree(store)
os.mkdir(f"{T}/full")
if run("mount", "-t", "tmpfs", "-o", "size=128k", "none", f"{T}/full")[0] != 0:
    skip("no room", "needs root to mount a tmpfs")
    skip("no inodes", "needs root to mount a tmpfs")
else:
    full = f"{T}/full/store"
    code, _, err = install(out, "--release", "web", "1", to=full)
    ok(code == 1 and err.startswith(f"rootwright: {full}: expected ") and
       " bytes free for 3 objects, found 131072\n" in err and
       err.endswith(f"hint: remove a release, then rootwright gc --store "
                    f"{full}\n"), "no room", err)
    ok(not os.path.exists(full), "and nothing is written")
    run("mount", "-o", "remount,size=20m,nr_inodes=10", f"{T}/full")
    code, _, err = install(out, "--release", "web", "1", to=full)
    ok(code == 1 and " inodes free for 3 objects, found 9\n" in err,
       "no inodes", err)
    ok(not os.path.exists(full), "and nothing is written")
    run("umount", f"{T}/full")


shutil.rmtree(T)
done()
