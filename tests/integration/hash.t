#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many files at once: the digests are fsverity's whatever hashes them, their
order is that of the names, and what is wrong is told in that order."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()
tree, store = f"{T}/tree", f"{T}/store"
os.mkdir(tree)
random.seed(4)
SIZES = ([0, 1, 4095, 4096, 4097, 128 * 4096, 128 * 4096 + 1, 1 << 20,
          (1 << 20) + 1, 9 << 20] +
         [random.randrange(40000) for _ in range(1500)])
names = []
for i, size in enumerate(SIZES):
    names.append(f"{tree}/{i:04}")
    with open(names[-1], "wb") as f:
        f.write(random.randbytes(size))

out = subprocess.run(["fsverity", "digest", "--compact", *names], check=True,
                     capture_output=True, text=True).stdout
want = out.split()
equal(len(want), len(names), "fsverity's own digests")
KERNELS = {"avx512": "avx512bw", "sha-ni": "sha_ni", "openssl": ""}
with open("/proc/cpuinfo", encoding="ascii") as f:
    CPU = f.read().split()
KERNELS_HERE = [k for k, flag in KERNELS.items() if not flag or flag in CPU]
for kernel in [None, *KERNELS_HERE]:
    env = dict(os.environ)
    if kernel:
        env["ROOTWRIGHT_HASH"] = kernel
    for threads in ("0", "0,1"):
        if threads == "0,1" and os.cpu_count() < 2:
            note("WARNING: one processor: THREADS ARE NOT TESTED")
            continue
        got = subprocess.run(["taskset", "-c", threads, ROOTWRIGHT, "measure",
                              *names], env=env, capture_output=True,
                             text=True, check=False)
        equal(got.stdout.split() == want, True,
              f"{len(names)} digests by {kernel or 'free choice'} on "
              f"processors {threads}")
for kernel in KERNELS:
    if kernel in KERNELS_HERE:
        continue
    note(f"WARNING: this processor has no {kernel}: NOT TESTED")
    run_ = subprocess.run([ROOTWRIGHT, "measure", names[0]],
                          env=dict(os.environ, ROOTWRIGHT_HASH=kernel),
                          capture_output=True, text=True, check=False)
    equal(run_.stderr, "rootwright: hash: expected a processor that has "
          f"{kernel}, found one without it\n", "and that is said")

bad = subprocess.run([ROOTWRIGHT, "measure", names[0]],
                     env=dict(os.environ, ROOTWRIGHT_HASH="md5"),
                     capture_output=True, text=True, check=False)
equal((bad.returncode, bad.stdout, bad.stderr.splitlines()[0]),
      (1, "", "rootwright: hash: expected avx512, sha-ni, armv8 or openssl, "
       "found md5"), "an unknown kernel is refused")

# The first that fails is told, after all that come before it.
wrong = names[:700] + [f"{T}/none"] + names[700:1100] + [T] + names[1100:]
code, out, err = run(ROOTWRIGHT, "measure", *wrong)
equal((code, out.split() == want[:700], err.splitlines()[0]),
      (1, True, f"rootwright: {T}/none: cannot be opened: "
       "No such file or directory"), "the 701st file is not there")

# A store of many objects, some of them wrong.
run(ROOTWRIGHT, "build", "--store", store, tree)
code, out, err = run(ROOTWRIGHT, "check", store)
equal((code, out), (0, ""), "a good store")
objects = sorted(f"objects/{a}/{b}" for a in os.listdir(f"{store}/objects")
                 for b in os.listdir(f"{store}/objects/{a}"))
has(err, f"{store}: {len(objects)} objects, ", "all of its objects are counted")
run(ROOTWRIGHT, "disk", "--store", store, "--output", f"{T}/disk")
code, out, err = run(ROOTWRIGHT, "check", f"{T}/disk")
equal((code, out), (0, ""), "a good disk")
has(err, f"{T}/disk: {len(objects)} objects, ", "all of its objects are counted")
large = [o for o in objects if os.path.getsize(f"{store}/{o}") > 4096]
damaged = sorted(random.sample(large, 20))
with open(f"{T}/disk", "r+b") as f:
    disk = f.read()
    for name in damaged:
        with open(f"{store}/{name}", "rb") as o:
            f.seek(disk.index(o.read(4096)))
        f.write(b"\0\0\0\0\0\0")
found = [run(ROOTWRIGHT, "check", "--json", f"{T}/disk") for _ in range(2)]
equal(found[0], found[1], "two checks of a disk say the same")
equal([f["path"] for f in json.loads(found[0][1])["faults"]
       if f["kind"] == "content"], damaged,
      "each damaged object is named, in order")
damaged = sorted(random.sample(objects, 40))
for name in damaged:
    path = f"{store}/{name}"
    os.chmod(path, 0o600)
    with open(path, "r+b") as f:
        byte = f.read(1)
        f.seek(0)
        f.write(bytes([byte[0] ^ 1]))
found = [run(ROOTWRIGHT, "check", "--json", store) for _ in range(2)]
equal(found[0], found[1], "two checks say the same")
equal([f["path"] for f in json.loads(found[0][1])["faults"]
       if f["kind"] == "content"], damaged,
      "each damaged object is named, in order")
equal(found[0][0], 1, "the exit code")
shutil.rmtree(T)
done()
