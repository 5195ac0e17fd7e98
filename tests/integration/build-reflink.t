#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build on file systems that can share blocks: a large file's
object does, and stays what it is when the file is changed."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()
SIZE = 5 << 20


def shared(path):
    """Do other files share its blocks?"""
    said = run("filefrag", "-v", path)[1]
    return bool(re.search(r"^ +0: +0\.\..*\bshared\b", said, re.M))


def build_there(top, shares, name):
    """A store beside the tree, on one file system."""
    tree, store = f"{top}/tree", f"{top}/store"
    os.mkdir(tree)
    for what in ("large", "other"):
        with open(f"{tree}/{what}", "wb") as f:
            f.write(os.urandom(SIZE))
    digest = run(ROOTWRIGHT, "build", tree)[1]
    code, out, err = run(ROOTWRIGHT, "build", "--store", store, tree)
    equal((code, out), (0, digest), f"{name}: build")
    has(err, ": 3 objects new", f"{name}: its objects")
    objects = [f"{store}/objects/{a}/{b}"
               for a in os.listdir(f"{store}/objects")
               for b in os.listdir(f"{store}/objects/{a}")]
    large = [o for o in objects if os.path.getsize(o) == SIZE]
    equal([shared(o) for o in large], [shares] * 2,
          f"{name}: are blocks shared?")
    with open(f"{tree}/large", "r+b") as f:
        f.write(b"changed")
    equal(run(ROOTWRIGHT, "check", store)[:2], (0, ""),
          f"{name}: a changed file changes no object")
    code, out, err = run(ROOTWRIGHT, "build", "--store", store, tree)
    ok(code == 0 and out != digest and ": 2 objects new" in err,
       f"{name}: the next build has it", err)


for kind, shares in (("xfs", True), ("btrfs", True), ("ext4", False)):
    image, top = f"{T}/{kind}.img", f"{T}/{kind}"
    os.mkdir(top)
    with open(image, "wb") as f:
        f.truncate(400 << 20)
    made = run(f"mkfs.{kind}", "-q", image)
    mounted = run("mount", "-o", "loop", image, top) if made[0] == 0 else made
    if mounted[0] != 0:
        skip(f"{kind}", f"it cannot be mounted: {mounted[2].strip()}")
        continue
    try:
        build_there(top, shares, kind)
    finally:
        run("umount", top)

shutil.rmtree(T)
done()
