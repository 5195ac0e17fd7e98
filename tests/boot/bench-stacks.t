#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark of roots, tiny, in a guest: that each way can be mounted and
shows the same tree, and that there is a table and a plot. What it measures
here says nothing."""
import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, "tests/lib")
from tap import *

WAYS = ("ext4", "EROFS", "overlayfs, 2 directories", "squashfs + overlayfs",
        "squashfs metadata::objects", "one image::objects", "A:B::objects")

if not kernel("sid-7"):
    skip_all("the kernel is missing: run make deps")
if os.geteuid() != 0 or run("unshare", "-m", "true")[0] != 0:
    skip_all("mounting takes root")
T = tempfile.mkdtemp()
code, out, err = run("bench/stacks", "--smoke", "--rounds", "1", "--warm", "1",
                     "--clock", "wall", "--kernel", "sid-7", "--dir",
                     f"{T}/bench", "--svg", f"{T}/plot.svg")
ok(code == 0, "one round on one kernel", err[-3000:])
has(out, "\n48 entries, 40 files of 0.8 MB", "all ways show the same tree")
rows = [line.split(" | ") for line in out.splitlines() if " | " in line]
for way in WAYS:
    equal([len(row) for row in rows if row[0] == f"| {way}"], [11, 6, 5],
          f"{way}: ratios, what the disks are asked, and memory")
words = {e.text for e in xml.etree.ElementTree.parse(f"{T}/plot.svg").iter(
    "{http://www.w3.org/2000/svg}text")}
ok({*WAYS, "ls -lR", "1.00"} <= words, "the plot is XML, and names the ways",
   words)
equal(run("bench/stacks", "--clock", "sun")[0], 2, "another clock")
with open("/proc/self/mountinfo", encoding="utf-8") as f:
    ok(T not in f.read(), "nothing is left mounted")
shutil.rmtree(T)
done()
