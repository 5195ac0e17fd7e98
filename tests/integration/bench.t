#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The builder's benchmark, tiny: that it runs, compares and refuses. What it
measures here says nothing."""
import json
import os
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()


def bench(*argv):
    return run("bench/build", "--smoke", "--dir", f"{T}/bench", *argv)


if not have_oracle():
    skip_all("mkcomposefs is not in the cache (make deps)")

code, out, err = bench("digest", "dump")
ok(code == 0, "digests and dumps", err)
for case in ("dump: entries 1000", "dump: labelled 1000", "dump: links 200",
             "dump: one_target 200", "dump: flat 1000",
             "digest, warm: 200 small files", "digest, warm: src"):
    for tool in ("rootwright", "mkcomposefs"):
        has(out, f"| {case} | {tool} | ", f"{case}: {tool}")

code, out, err = bench("--alone", "--only", "flat", "dump")
ok(code == 0 and "mkcomposefs" not in out, "ours alone", out + err)
equal(bench("boot")[0], 2, "another part is wrong usage")

name = "stores on loop devices"
loop = run("losetup", "--find") if os.geteuid() == 0 else (1, "", "")
if loop[0] != 0:
    skip(name, "needs root and loop devices")
else:
    code, out, err = bench("--only", "small", "store")
    ok(code == 0, name, err)
    for case in ("empty", "full"):
        has(out, f"| store, {case}: 200 small files | mkcomposefs | ",
            f"{case}: both tools")
    with open(f"{T}/bench/build.json", encoding="utf-8") as f:
        runs = json.load(f)["store, empty: 200 small files"]
    equal({r["objects"] for tool in runs.values() for r in tool}, {200},
          "each run stored every object")
    equal(os.listdir(f"{T}/bench/fs"), [], "nothing is left mounted")

run("rm", "-rf", T)
done()
