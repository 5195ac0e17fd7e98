#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13 with systemd, from mmdebstrap to multi-user.target, on a root
that the module of dracut 106 has let rootwright-boot assemble; with systemd in
the initramfs and with dracut's own scripts."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import hostile  # noqa: E402
import real  # noqa: E402
import suite  # noqa: E402
from distro import steps  # noqa: E402
from tap import done, equal, has, ok  # noqa: E402


def kept(d, name, saw, boots, machine=None):
    """What /etc and /var have from boot to boot."""
    equal(saw.get("boots"), (0, str(boots)),
          f"{name}: a journal of each boot")
    words = saw.get("var", (1, ""))[1]
    ok(words.startswith("ext4 rw") and "nosuid" in words,
       f"{name}: /var is the state's", words)
    equal(saw.get("etc"), (0, "overlay"), f"{name}: /etc is an overlay")
    has(saw.get("status", (1, ""))[1], "unverified", f"{name}: status says so")
    found = saw.get("machine", (1, ""))[1]
    ok(len(found) == 32 and machine in (None, found),
       f"{name}: the machine ID is kept", (found, machine))
    d.clean_disks()
    return found


D = suite.start("trixie")
suite.refused_builds(D)
suite.static_busybox(D)
D.keep()
suite.built(D, "initrd")
suite.inspected(D, "initrd")
suite.built(D, "again")
with open(f"{D.dir}/initrd", "rb") as a, open(f"{D.dir}/again", "rb") as b:
    ok(a.read() == b.read(), "the same input gives the same bytes")
suite.built(D, "initrd.hooks", "--omit", suite.SYSTEMD)
real.put_in(D.tree)
D.build()
OUT = suite.good(D, "initrd", "composefs={digest} " + suite.HIDDEN,
                 snapshot=False)
real.judge(OUT)
ID = kept(D, "initrd", steps(OUT), 1)
real.busybox(D, "initrd")
hostile.run(D, "initrd")
suite.rdinit(D, "initrd")
OUT = suite.good(D, "initrd.hooks", snapshot=False)
kept(D, "initrd.hooks", steps(OUT), 2, ID)
hostile.run(D, "initrd.hooks", systemd=False)
done()
