#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian sid with systemd to multi-user.target, by dracut 112."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import hostile  # noqa: E402
import suite  # noqa: E402
from tap import done  # noqa: E402

D = suite.start("sid")
suite.built(D, "initrd")
suite.inspected(D, "initrd")
D.build()
suite.good(D, "initrd", "composefs={digest} " + suite.HIDDEN)
hostile.run(D, "initrd", only=("the boot program is killed",
                               "the unit is masked", "another unit fails",
                               "emergency.service is started"))
done()
