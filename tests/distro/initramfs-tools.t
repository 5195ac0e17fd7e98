#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13 with systemd to multi-user.target, by initramfs-tools 0.148."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import initramfs_tools as tools  # noqa: E402
import suite  # noqa: E402
from tap import done, ok  # noqa: E402

D = tools.start("trixie")
tools.refused_builds(D)
tools.unasked(D)
EPOCH = "SOURCE_DATE_EPOCH=1700000000"
suite.built(D, "initrd", EPOCH)
suite.built(D, "again", EPOCH)
with open(f"{D.dir}/initrd", "rb") as a, open(f"{D.dir}/again", "rb") as b:
    ok(a.read() == b.read(), "the same input gives the same bytes")
suite.inspected(D, "initrd", tools.GUARDS)
tools.static_busybox(D)
suite.inspected(D, "initrd.static", tools.GUARDS)
D.build()
suite.good(D, "initrd", "composefs={digest} " + tools.HIDDEN)
tools.told(D, "initrd.static")
tools.broken(D, "initrd")
done()
