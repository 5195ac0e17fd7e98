#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian sid with systemd to multi-user.target, by dracut 112: a release, which
the system declares good when it is up."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import distro  # noqa: E402
import suite  # noqa: E402
from tap import equal, has, run  # noqa: E402


def blessed(d, saw):
    equal(saw.get("bless"), (0, "active"), "the release was declared good")
    equal(saw.get("complete", (1,))[0], 0, "boot-complete.target is reached")
    equal(saw.get("order"), (0, ""), "after the blessing")
    has(run("debugfs", "-R", "cat /composefs/state",
            f"{d.disk}?offset=1048576")[1], "\nblessed=1\n",
        "the disk says so, too")


suite.short("sid", distro.Distro.releases, blessed, "net.ifnames=0")
