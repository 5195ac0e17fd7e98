#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13 with systemd, from mmdebstrap to multi-user.target, on a root
that the module of dracut 106 has let rootwright-boot assemble."""
import json
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import distro  # noqa: E402
from tap import done, equal, has, ok, skip_all  # noqa: E402

why = distro.missing("trixie")
if why:
    skip_all(why)
D = distro.Distro("trixie")
code, said = D.dracut("initrd")
ok(code == 0, "dracut builds the initramfs", said)
ok("ERROR" not in said and "dracut[E]" not in said, "without an error", said)
D.build()
out = D.boot("initrd")
saw = distro.steps(out)


def step(name):
    return saw.get(name, (None, out.console[-300:] + out.witness[-300:]))


equal(step("running"), (0, "running"), "systemctl is-system-running: running")
equal(step("failed"), (0, ""), "no unit has failed")
code, root = step("root")
ok(root.split()[1:2] == ["overlay"], "findmnt / is the overlay", root)
ok("ro," in root and "verity=require" in root, "read-only, verified", root)
code, words = step("mounts")
equal(words.count("\n/ ") + words.startswith("/ "), 1, "one root")
ok("ext4" not in words and "erofs" not in words,
   "neither the store nor the image is mounted where the system sees it",
   words)
equal(step("df")[0], 0, "df works")
code, words = step("cmdline")
ok(f"composefs={D.digest}" in words and "rd.shell" not in words,
   "the system sees the kernel's command line", words)
equal(step("masked"), (1, "0"), "nothing is mounted over it")
has(step("init")[1], "/usr/lib/systemd/systemd", "systemd is PID 1")
code, words = step("write")
ok(code and "Read-only file system" in words, "the root cannot be written",
   words)
try:
    record = json.loads(step("record")[1])
except ValueError:
    record = {}
equal(record.get("image", {}).get("digest"), D.digest, "the boot record")
has(step("status")[1], "status        verified", "rootwright status: verified")
has(out.console, f"rootwright-boot: verified root: image {D.digest}",
    "the line of success")
ok("over" in saw, "the witness came to its end", out.console[-3000:] + out.witness)
equal(out.end, "poweroff", "the machine powers off")
for words in ("FAILED", "Failed to unmount", "Failed unmounting",
              "Cannot finalize"):
    ok(words not in out.console, f"the console does not say: {words}",
       out.console[-3000:])
if __name__ == "__main__":
    done()
