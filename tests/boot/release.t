#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Releases (cases/release.py); table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import table  # noqa: E402
from cases import lockdown, release  # noqa: E402
from releases import Many  # noqa: E402

table.run(release.CASES + lockdown.RELEASES, Many)
