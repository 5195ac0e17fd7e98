#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots of Debian's arm64 kernel that has pages of 16 KB, in which the blocks
of images, of their store and of fs-verity are still of 4 KB; table.py tells
the options."""
import copy
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import table  # noqa: E402
from cases import machines as cases  # noqa: E402
from machines import AARCH64  # noqa: E402

MACHINE = copy.copy(AARCH64)
MACHINE.kernel = AARCH64.kernel + "-16k"


class Artefacts(base.Base):
    """For that machine."""

    machine = MACHINE


table.run([cases.good(MACHINE.kernel)] + cases.named(
    MACHINE.kernel, "image without fs-verity: from memory",
    "image: a bit flipped in an inode"), Artefacts)
