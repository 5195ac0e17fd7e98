# SPDX-License-Identifier: MIT
"""Kernels of other versions: the good boots on each of them."""
from cases.common import BOTH, SIGNED, TRUSTED, UNIFORM
from expect import Case, boots, refuses

TOO_OLD = refuses(
    "kernel-too-old", r"kernel: 6\.1\.\S+: expected overlayfs with data-only "
    r"lower layers \(since Linux 6\.5\), found a kernel without it")


def good(kernel, loop=False):
    """Each trust, through busybox, as built, and as PID 1. loop: this kernel
    counts EROFS in a file against the depth of stacked file systems, so that
    the image goes behind a loop device. In each of them the guest's init
    mounts an overlay of its own over /etc."""
    record = {"image.loop": loop, "image.verified_in": "file"}
    return [
        Case(f"{kernel}: digest", boots(record=record, guest=UNIFORM),
             kernel=kernel),
        Case(f"{kernel}: digest, the initramfs as it was built",
             boots(record=record), kernel=kernel, via="built"),
        Case(f"{kernel}: signature",
             boots("signature", signed=True, record=record), kernel=kernel,
             conf=SIGNED, keys=TRUSTED, via="busybox"),
        Case(f"{kernel}: PID 1: digest and signature",
             boots("digest+signature", signed=True, record=record),
             kernel=kernel, conf=BOTH, keys=TRUSTED, via="pid1", bus="nvme"),
        Case(f"{kernel}: image without fs-verity: from memory",
             boots(record={"image.loop": True,
                           "image.verified_in": "memory"}),
             kernel=kernel, disk=["unseal {image_one}"]),
        Case(f"{kernel}: a bit flipped in an object",
             boots(victim="I/O error", mapped="Bus error"), kernel=kernel,
             disk=["flip {victim} 100000"]),
    ]

CASES = [
    *good("trixie-6.12"),
    *good("backports-6.18", loop=True),
    *good("sid-7"),
    Case("backports-6.18: no loop module", refuses(
        "kernel-feature", r"kernel: expected loop devices to mount the image "
        r"with, found none"), kernel="backports-6.18",
        initrd={"lib/modules/loop.ko": None}),
    Case("bookworm-6.12-generic: ext4 is a module",
         boots(record={"image.loop": False}),
         kernel="bookworm-6.12-generic"),

    # Nothing is waited for: there is no disk.
    Case("bookworm-6.1", TOO_OLD, kernel="bookworm-6.1", disks=0),
    Case("bookworm-6.1: PID 1", TOO_OLD, kernel="bookworm-6.1", disks=0,
         via="pid1"),
]
