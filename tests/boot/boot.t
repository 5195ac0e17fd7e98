#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every boot of cases.py; table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import table  # noqa: E402
from cases import CASES  # noqa: E402

table.run(CASES)
