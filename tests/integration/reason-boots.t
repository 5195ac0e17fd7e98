#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every reason code of the source is what some boot of the tables ends with,
and no table asks for one that the source does not have."""
import re
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import tap  # noqa: E402
from cases import (CASES, filesystems, release, stacks, versions,
                   writable)  # noqa: E402

# The host program's own: reasons.t says that no boot can end with it.
NOT_BOOTED = {"failed"}

with open("src/core/reason.h", encoding="ascii") as f:
    REASONS = re.findall(r'^\tX\([A-Z_]+, "([a-z-]+)"', f.read(), re.M)

boots = {}
for case in (CASES + versions.CASES + filesystems.CASES
             + release.CASES + stacks.CASES + writable.CASES):
    # A release that was skipped has a reason, too.
    for reason in {getattr(case.expect, "reason", None)} | set(
            getattr(case.expect, "reasons", ())):
        if reason:
            boots.setdefault(reason, []).append(case.name)
for reason in REASONS:
    if reason not in NOT_BOOTED:
        tap.ok(reason in boots, f"{reason}: {len(boots.get(reason, []))} "
               "boots", "no case of tests/boot/cases ends with it")
tap.equal(sorted(set(boots) - set(REASONS)), [], "no other reason is asked for")
tap.done()
