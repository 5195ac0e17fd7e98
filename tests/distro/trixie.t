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
from tap import done, ok  # noqa: E402

D = suite.start("trixie")
suite.refused_builds(D)
suite.built(D, "initrd")
suite.inspected(D, "initrd")
suite.built(D, "again")
with open(f"{D.dir}/initrd", "rb") as a, open(f"{D.dir}/again", "rb") as b:
    ok(a.read() == b.read(), "the same input gives the same bytes")
suite.built(D, "initrd.hooks", "--omit", suite.SYSTEMD)
real.put_in(D.tree)
D.build()
real.judge(suite.good(D, "initrd", "composefs={digest} " + suite.HIDDEN))
real.busybox(D, "initrd")
hostile.run(D, "initrd")
suite.rdinit(D, "initrd")
suite.good(D, "initrd.hooks")
hostile.run(D, "initrd.hooks", systemd=False)
done()
