#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots of Debian's arm64 kernel; table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import table  # noqa: E402
from cases import machines as cases  # noqa: E402
from machines import AARCH64  # noqa: E402


class Arm64(base.Base):
    """The artefacts, for arm64."""

    machine = AARCH64


table.run([cases.good(AARCH64.kernel)] + cases.named(
    AARCH64.kernel, "digest, the initramfs as it was built",
    "PID 1: digest, the initramfs as it was built",
    "image without fs-verity: from memory", *cases.HOSTILE), Arm64)
