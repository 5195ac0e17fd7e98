#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A boot of Debian's kernel for arm; table.py tells the options."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import table  # noqa: E402
from cases import machines as cases  # noqa: E402
from machines import ARM as MACHINE  # noqa: E402


class Artefacts(base.Base):
    """For that machine."""

    machine = MACHINE


table.run([cases.good(MACHINE.kernel)], Artefacts)
