#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright check of several stores: an object that has other bytes in one of
them than in another, which of them is read, what images need of all; and of
images that are stacked."""
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from ocilayout import d, layer, tar  # noqa: E402
from tap import ROOTWRIGHT, done, equal, has, ok, run  # noqa: E402

T = tempfile.mkdtemp()
root = d(".")


def check(*argv):
    code, out, err = run(ROOTWRIGHT, "check", *argv)
    return code, out.replace(T, "T"), err.replace(T, "T")


def build(store, *members):
    if os.path.exists(f"{T}/{store}.cfs"):
        os.unlink(f"{T}/{store}.cfs")
    return run(ROOTWRIGHT, "build", "--store", f"{T}/{store}", "--output",
               f"{T}/{store}.cfs", "-", input=layer(root, *members),
               text=False)[1].decode().strip()


def place(store, obj):
    return f"{T}/{store}/objects/{obj[:2]}/{obj[2:]}"


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


a = build("one", tar("a", b"a" * 5000), tar("both", b"x" * 5000))
b = build("two", tar("b", b"b" * 5000), tar("both", b"x" * 5000))
objects = {}
for name in ("one", "two"):
    for line in run(ROOTWRIGHT, "objects", f"{T}/{name}.cfs")[1].split():
        objects.setdefault(line.replace("/", ""), []).append(name)
both, = (o for o, names in objects.items() if len(names) == 2)
only_a, = (o for o, names in objects.items() if names == ["one"])
only_b, = (o for o, names in objects.items() if names == ["two"])
stores = ("--store", f"{T}/one", "--store", f"{T}/two")
back = stores[2:] + stores[:2]

code, out, err = check(*stores)
equal((code, out), (0, ""), "two stores that are whole")
has(err, "stores: 6 objects, ", "all objects of both")
equal(check(*stores, a, b)[:2], (0, ""), "and the images, each in its own")
equal(check("--store", f"{T}/one", b)[0], 1, "which not both have")
equal(check("--store", f"{T}/one")[:2], check(f"{T}/one")[:2],
      "--store of one is the store")
equal(check("--stack", *stores, a, b)[:2], (0, ""), "as a stack")

# Damage in one of them. The first one is what is read.
whole = open(place("two", both), "rb").read()
write(place("one", both), b"y" * 5000)
path = f"objects/{both[:2]}/{both[2:]}"
found = run(ROOTWRIGHT, "measure", place("one", both))[1].split()[0]
content = (f"T/one/{path}: expected the content that its name says, found "
           f"content of digest {found}\n")
for order, first, second in ((stores, "one", "two"), (back, "two", "one")):
    code, out, err = check(*order)
    equal((code, out), (1, content + (
        f"{path}: expected the same bytes in T/{first} and T/{second}, found "
        f"others: with these stores, those of T/{first} are read\n")),
        f"damage in one, and {first} is first")
    has(err, ", 2 faults", "both are counted")
code, out, err = check("--json", *stores)
faults = json.loads(out)["faults"]
equal([(f["path"], f["kind"]) for f in faults],
      [(f"T/one/{path}", "content"), (path, "conflict")], "--json")
equal(check(*stores, a, b)[:2], (1, content + (
    f"{path}: expected the same bytes in T/one and T/two, found others: with "
    "these stores, those of T/one are read\n")), "of images, too")
equal(check(*back, a, b)[:2], (0, ""), "the one that is not read is not asked")
write(place("two", both), b"y" * 5000)
code, out, _ = check(*stores)
equal((code, out), (1, content + content.replace("T/one", "T/two")),
      "the same damage in both is no conflict")
write(place("two", both), whole)
write(place("one", both), whole[:-1])
has(check(*stores)[1], "found others: with these stores, those of T/one",
    "another size")
os.unlink(place("one", both))
os.mkdir(place("one", both))
code, out, _ = check(*stores)
equal((code, out), (1, f"T/one/{path}: expected a regular file, found "
                    "something else\n"),
      "what is no file is a fault and no conflict: the kernel goes on")
os.rmdir(place("one", both))
equal(check(*stores, a, b)[:2], (0, ""), "an object that only the other has")
os.unlink(place("one", only_a))
missing = f"T/one/objects/{only_a[:2]}/{only_a[2:]}: expected an object that " \
    "the image needs, found none\n"
equal(check(*stores, a, b)[:2], (1, missing), "one that no store has")
build("one", tar("a", b"a" * 5000))

# A stack.
ab = only_b[:2]
low = build("one", d(ab))
words = ("expected no directory named by two hex digits in the root of an "
         f"image below others, found /{ab}: it would capture the redirect "
         f"/{ab}/{only_b[2:]} of /b in")
equal(check("--stack", *stores, b, low)[:2], (1, f"{low}: {words} {b}\n"),
      "a capture")
equal(json.loads(check("--json", "--stack", *stores, b, low)[1])["faults"],
      [{"path": low, "kind": "capture", "text": f"{words} {b}"}],
      "as JSON")
equal(check("--stack", *stores, low, b)[:2], (0, ""), "the other way round")
equal(check("--stack", f"{T}/one", f"{T}/two.cfs", low)[1].splitlines()[0],
      f"{low}: {words} T/two.cfs", "with a store as an argument, and a file")
equal(check("--stack", *stores)[0], 2, "--stack without images")
equal(check("--stack", f"{T}/one")[0], 2, "and a store")
code, out, err = check("--store", f"{T}/one", "--store", f"{T}/none")
equal((code, out), (1, ""), "a store that is none")
has(err, "rootwright: T/none", "is named")
equal(check(*stores, "--store")[0], 2, "no store")
shutil.rmtree(T)
done()
