#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright repair: what is damaged or missing comes back, from every kind
of source; what a bad source gives does not get in."""
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
source, out, store = f"{T}/source", f"{T}/out", f"{T}/store"
one = build(source, f"{T}/1", {"a": "a" * 1000, "b": "b" * 70000})
two = build(source, f"{T}/2", {"b": "b" * 70000, "d": "d" * 5000})
release(source, "web", "2", 2, two)
os.unlink(f"{source}/images/refs/rootwright/{two}")
good = contents(source)
objects = [n for n in names(source) if n.startswith("objects/")]
path = {d: f"objects/{d[:2]}/{d[2:]}" for d in (one, two)}
large = [o for o in objects if os.path.getsize(f"{source}/{o}") == 70000][0]
small = [o for o in objects if os.path.getsize(f"{source}/{o}") == 1000][0]
equal(run(ROOTWRIGHT, "export", "--store", source, "--image", one, "--image",
          two, out)[0], 0, "an export")
equal(run(ROOTWRIGHT, "disk", "--store", source, "--output",
          f"{T}/disk")[0], 0, "a disk")


def fresh():
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(source, store, symlinks=True)


def repair(origin=source, *options):
    return run(ROOTWRIGHT, "repair", "--store", store, "--boot-record",
               f"{T}/none", *options, origin)


def overwrite(name, top=store):
    with open(f"{top}/{name}", "r+b") as f:
        f.seek(10)
        f.write(b"!")


fresh()
code, text, err = repair()
equal((code, text), (0, ""), "a good store")
has(err, f"{store}: 0 objects repaired, 0 bytes; 0 faults left\n",
    "which it says")

# Every kind of damage at once, from every kind of source.
for origin in source, out, f"{T}/disk":
    fresh()
    overwrite(large)
    os.unlink(f"{store}/{small}")
    overwrite(path[one])
    os.unlink(f"{store}/{path[two]}")
    code, text, err = repair(origin)
    equal(code, 0, f"repair from {os.path.basename(origin)}: {err}")
    equal(text.splitlines()[:2], sorted(
        f"{p}: repaired" for p in path.values()), "images first")
    equal(sorted(text.splitlines()), sorted(
        f"{p}: repaired" for p in (*path.values(), large, small)),
        "then what they need")
    equal(contents(store), good, "all is as it was")
fresh()
os.truncate(f"{store}/{large}", 7)
os.unlink(f"{store}/{small}")
os.symlink("/etc/passwd", f"{store}/{small}")
code, text, err = repair(source, "--json")
equal((code, json.loads(text)),
      (0, {"objects": [{"path": p, "repaired": True}
                       for p in sorted((large, small))],
           "repaired": 2, "bytes": 71000, "left": 0}), "as JSON")
equal(contents(store), good, "all is as it was")
fresh()
shutil.rmtree(f"{store}/objects")
os.mkdir(f"{store}/objects")
equal(repair()[0], 0, "every object is gone")
equal(contents(store), good, "and all come back")


def left(name, damage, fault, origin=source, store_damage=None):
    """Exit code 1, one line for the fault, and the store no worse."""
    fresh()
    top = f"{T}/bad"
    shutil.rmtree(top, ignore_errors=True)
    shutil.copytree(origin, top, symlinks=True)
    damage(top)
    (store_damage or (lambda: overwrite(large)))()
    before = contents(store)
    code, text, err = repair(top)
    equal((code, text.splitlines()), (1, [fault]), name)
    has(err, "; 1 faults left\n", "which it counts")
    equal(contents(store), before, "and changes nothing")


b = f"{T}/bad"
left("a source that has it not", lambda t: os.unlink(f"{t}/{large}"),
     f"{large}: {b}/{large}: expected the object, found none")
left("a source that is damaged in the same place",
     lambda t: overwrite(large, t),
     f"{large}: {b}/{large}: expected the content that its name says, found "
     "other content")
left("another size", lambda t: os.truncate(f"{t}/{large}", 9),
     f"{large}: {b}/{large}: expected 70000 bytes, as the image says, found 9")
left("a link in the source",
     lambda t: (os.unlink(f"{t}/{large}"),
                os.symlink("/etc/passwd", f"{t}/{large}")),
     f"{large}: {b}/{large}: expected a regular file, found something else")
left("a directory in the store", lambda t: None,
     f"{large}: {store}/{large}: cannot be replaced: Is a directory",
     store_damage=lambda: (os.unlink(f"{store}/{large}"),
                           os.mkdir(f"{store}/{large}")))
left("a name that is no object's", lambda t: None,
     "objects/ff_: expected a directory of two hex digits, found another name",
     store_damage=lambda: os.mkdir(f"{store}/objects/ff_"))
left("a link that leads to another object", lambda t: None,
     f"images/{one}: expected a link to ../{path[one]}, found one to "
     f"../{small}",
     store_damage=lambda: (os.unlink(f"{store}/images/{one}"),
                           os.symlink(f"../{small}",
                                      f"{store}/images/{one}")))

# Some can be repaired, some not; a broken object that nothing needs.
fresh()
overwrite(large)
overwrite(small)
shutil.rmtree(f"{T}/bad")
shutil.copytree(out, f"{T}/bad")
os.unlink(f"{T}/bad/{small}")
code, text, err = repair(f"{T}/bad")
equal((code, sorted(text.splitlines())), (1, sorted([
    f"{large}: repaired",
    f"{small}: {T}/bad/{small}: expected the object, found none"])),
    "one is repaired, the other is not")
fresh()
os.mkdir(f"{store}/objects/00") if not os.path.isdir(
    f"{store}/objects/00") else None
with open(f"{store}/objects/00/{'0' * 62}", "w", encoding="ascii") as f:
    f.write("nobody needs this")
code, text, err = repair()
equal((code, text), (1, f"objects/00/{'0' * 62}: {source}/objects/00/"
                     f"{'0' * 62}: expected the object, found none\n"),
      "one that nothing needs is told")
run(ROOTWRIGHT, "gc", "--store", store, "--boot-record", f"{T}/none")
equal(repair()[0], 0, "until gc has taken it away")

# What cannot be done at all.
fresh()
with open(f"{store}/images/refs/x", "w", encoding="ascii") as f:
    f.write("x")
code, _, err = repair()
equal((code, err), (1, f"rootwright: {store}/images/refs/x: expected a "
                    "symbolic link to an image, found something else: Invalid "
                    "argument\n"), "a reference that is none")
run(ROOTWRIGHT, "build", "--algorithm", "sha512", "--store", f"{T}/sha512",
    f"{T}/1")
fresh()
code, _, err = repair(f"{T}/sha512")
equal((code, err), (1, f"rootwright: {T}/sha512: expected a source of sha256 "
                    f"objects, as {store} has, found one of sha512\n"),
      "a source of another algorithm")
for args in [], ["--store", store], [source], ["--all", source]:
    equal(run(ROOTWRIGHT, "repair", *args)[0], 2, f"usage: {args[:1]}")

# Killed before each call that changes something: no object is worse than it
# was, and the next run completes it.
points, wrong = 0, []
for call in "fchmod", "fsync", "linkat", "renameat2", "syncfs", "mkdirat":
    for point in range(1, 100):
        fresh()
        overwrite(large)
        os.unlink(f"{store}/{small}")
        broken = contents(store)[large]
        p = subprocess.run(
            ["strace", "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:signal=KILL:when={point}", ROOTWRIGHT,
             "repair", "--store", store, "--boot-record", f"{T}/none", source],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if p.returncode == 0:
            break
        points += 1
        now = contents(store)
        if any(now.get(n, good[n]) != good[n] and
               (n, now.get(n)) != (large, broken) for n in good):
            wrong.append(f"{call} {point}: worse")
        if repair()[0] != 0:
            wrong.append(f"{call} {point}: again")
        now = contents(store)
        if {n: now[n] for n in now if "/.tmp-" not in n} != good:
            wrong.append(f"{call} {point}: other content")
equal(wrong, [], "killed anywhere, a rerun completes it")
ok(points >= 8, "at several points", f"{points}")
note(f"{points} points")

shutil.rmtree(T)
done()
