#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A store and images of SHA-512 (cases/sha512.py); table.py tells the
options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import table  # noqa: E402
from cases import sha512  # noqa: E402


class Sha512(base.Base):
    """The artefacts of another algorithm."""
    algorithm = "sha512"

    def __init__(self):
        super().__init__()
        self.words["half"] = self.words["one"][:64]


table.run(sha512.CASES, Sha512)
