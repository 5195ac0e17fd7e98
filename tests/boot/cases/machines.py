# SPDX-License-Identifier: MIT
"""Cases of the other tables, on another machine's kernel."""
import copy

from cases import CASES
from cases.common import BOTH, TRUSTED
from expect import Case, boots

# Each part of the chain once.
HOSTILE = (
    "no digest",
    "no disk",
    "wrong key",
    "truncated signature",
    "image missing",
    "image: a bit flipped in an inode",
    "image without fs-verity, a bit flipped in it",
    "another release's image under this name",
    "preflight: a bit flipped in init",
    "PID 1: a refusal",
)


def good(kernel):
    """One boot that goes through what depends on the machine: signatures,
    mounts, and that a damaged block is noticed in a file that is read and in
    one that is mapped."""
    return Case("digest and signature, a bit flipped in an object", boots(
        "digest+signature", signed=True, victim="I/O error",
        mapped="Bus error"), conf=BOTH, keys=TRUSTED, kernel=kernel,
        disk=["flip {victim} 100000"])


def named(kernel, *names):
    """The cases of these names, for this kernel."""
    found = []
    for name in names:
        case = copy.copy(next(c for c in CASES if c.name == name))
        case.kernel = kernel
        found.append(case)
    return found
