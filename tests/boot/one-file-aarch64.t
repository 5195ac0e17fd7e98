#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots of an initramfs of one program, without modules; onefile.py makes it,
table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import onefile  # noqa: E402
from machines import AARCH64  # noqa: E402

onefile.run(AARCH64)
