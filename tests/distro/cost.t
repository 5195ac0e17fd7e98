#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark of whole systems, as small as it can be: that it builds,
boots and finds its figures. What it measures here says nothing."""
import json
import os
import re
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import distro  # noqa: E402
from tap import B, done, equal, has, ok, run, skip_all  # noqa: E402

why = distro.missing("sid")
if why:
    skip_all(why)
code, out, err = run("bench/distro", "--smoke")
ok(code == 0, "bench/distro --smoke", err)
row = re.search(r"^\| rootwright \| ([\d,]+) \| 0 \| 0 \| [\d,]+ \|$", out,
                re.M)
ok(row, "bytes: nothing is added to itself", out)
equal(row and int(row[1].replace(",", "")),
      sum(os.path.getsize(f"{B}/rootwright-{name}")
          for name in ("boot", "guard")), "bytes of the two programs")
has(out, "\n### wall: medians of 1\n", "one round by the wall clock")
ok(re.search(r"^\| rootwright \| [\d,]+ \| [\d,]+ \| [\d,]+ \| 1\.000 \(",
             out, re.M), "the times, with itself as the reference", out)
with open(f"{B}/distro/smoke/wall.json", encoding="utf-8") as f:
    result, = json.load(f)["rootwright"]
ok(0 < result["initramfs"] < result["total"], "switch-root lies between",
   result)
ok(abs(result["initramfs"] + result["system"] - result["total"]) < 0.01,
   "the stages add up", result)
ok(0 < result["dropped"] <= result["memory"] < 1024,
   "less memory is used without the caches", result)
with open(f"{B}/distro/smoke/rootwright-wall.log", encoding="utf-8") as f:
    log = f.read()
has(log, "\nmount ", "it says what was mounted")
ok(re.search(r"^mount .* / / ro,.* - overlay ", log, re.M),
   "of which the verified root is one", log[-3000:])
equal(run("bench/distro", "--qemu", "other")[0], 2,
      "another QEMU is wrong usage")
run("rm", "-rf", f"{B}/distro/smoke/tree", f"{B}/distro/smoke/store")
done()
