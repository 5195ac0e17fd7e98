#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stacked images (cases/stacks.py), several stores (cases/stores.py); table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import table  # noqa: E402
from cases import stacks, stores  # noqa: E402
from stacks import Stacks  # noqa: E402

table.run(stacks.CASES + stores.CASES, Stacks)
