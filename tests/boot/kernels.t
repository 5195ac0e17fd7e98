#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other kernels (cases/versions.py) and other file systems for the store
(cases/filesystems.py); table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import table  # noqa: E402
from cases import filesystems, versions  # noqa: E402
from stores import Stores  # noqa: E402

table.run(versions.CASES + filesystems.CASES, Stores)
