#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options of rootwright build that mkcomposefs has, against it; SHA-512
stores; --for-boot of a tar."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from randomtree import RandomTree
from tap import *

T = tempfile.mkdtemp()


def build(*argv):
    return run(ROOTWRIGHT, "build", *argv)


tree = f"{T}/tree"
os.mkdir(tree)
if os.geteuid() != 0:
    skip_all("needs root: devices, owners and trusted xattrs")
for seed in (11, 12, 13, 14):
    shutil.rmtree(tree)
    os.mkdir(tree)
    RandomTree(seed, False).make(tree)
    for options in (["--use-epoch"], ["--skip-devices"], ["--skip-xattrs"],
                    ["--user-xattrs"], ["--min-version=1"],
                    ["--max-version=0"], ["--min-version=1",
                                          "--max-version=0"],
                    ["--use-epoch", "--skip-devices", "--skip-xattrs"]):
        name = f"tree {seed}, {' '.join(options)}"
        if not have_oracle():
            skip(name, "mkcomposefs is not in the cache (make deps)")
            continue
        code, out, err = build("--no-hardlinks", *options, tree)
        ok(out == oracle("mkcomposefs", "--print-digest-only", *options,
                         tree)[1] and code == 0,
           f"{name}: mkcomposefs' digest", err)

for argv in (["--skip-xattrs", "--user-xattrs"], ["--min-version=2"],
             ["--max-version=x"], ["--algorithm=sha1"]):
    equal(build(*argv, tree)[:2], (2, ""), f"{' '.join(argv)} is wrong usage")

# SHA-512.
small = f"{T}/small"
os.mkdir(small)
for name, n in (("a", 65), ("b", 4096), ("c", 4097), ("d", 3000000)):
    with open(f"{small}/{name}", "wb") as f:
        f.write(name.encode() * n)
store = f"{T}/store"
code, out, err = build("--algorithm=sha512", "--store", store, small)
equal((code, len(out)), (0, 129), "a SHA-512 store")
equal(build("--store", store, small)[1], out, "keeps its algorithm")
wide = out.strip()
wide = f"{store}/objects/{wide[:2]}/{wide[2:]}"
if have_oracle("fsck.erofs"):
    code, _, err = oracle("fsck.erofs", wide)
    ok(code == 0, "fsck.erofs accepts a SHA-512 image", err)
else:
    skip("fsck.erofs of a SHA-512 image", "not in the cache (make deps)")
run(ROOTWRIGHT, "extract", "--store", store, wide, f"{T}/again")
equal(build("--algorithm=sha512", f"{T}/again")[1], out, "it comes back")
code, _, err = build("--algorithm=sha256", "--store", store, small)
equal(code, 1, "another one is refused")
has(err, f"{store}: expected a store of fsverity-sha256-12, found one of "
    "fsverity-sha512-12", "with the sentence")
equal(run(ROOTWRIGHT, "check", store)[:2], (0, ""), "check agrees")
objects = {a + b for a in os.listdir(f"{store}/objects")
           for b in os.listdir(f"{store}/objects/{a}")}
theirs = {run("fsverity", "digest", "--compact", "--hash-alg=sha512",
              f"{small}/{name}")[1].strip() for name in "abcd"}
equal(objects - {out.strip()}, theirs, "the objects are fsverity's digests")
image = f"{store}/images/{out.strip()}"
equal(run("fsverity", "digest", "--compact", "--hash-alg=sha512",
          image)[1], out, "and so is the image")
if have_oracle("fsck.erofs"):
    equal(oracle("fsck.erofs", image)[0], 0, "fsck.erofs takes it")
else:
    skip("fsck.erofs takes it", "it is not in the cache (make deps)")

# --for-boot, from a tar: init is read from the store.
boot = f"{T}/boot"
os.makedirs(f"{boot}/sbin")
shutil.copy("/bin/busybox", f"{boot}/sbin/init")
run("tar", "-C", boot, "--format=posix", "-cf", f"{T}/boot.tar", ".")
want = build("--for-boot", boot)[1]
ok(len(want) == 65, "--for-boot of a directory")
equal(build("--for-boot", "--store", f"{T}/b", f"{T}/boot.tar")[1], want,
      "and of its tar: the same digest")

shutil.rmtree(T)
done()
