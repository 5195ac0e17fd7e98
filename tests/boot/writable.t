#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What may be written, and hostile states (cases/writable.py); table.py tells
the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import table  # noqa: E402
from cases import writable  # noqa: E402
from states import States  # noqa: E402

table.run(writable.CASES, States)
