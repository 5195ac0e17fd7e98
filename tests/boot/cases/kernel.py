# SPDX-License-Identifier: MIT
"""Kernels that lack something."""
from expect import Case, refuses

CASES = [
    Case("no EROFS module", refuses(
        "kernel-feature",
        r"kernel: expected the file system erofs, found none: "
        r"No such device"),
        initrd={"lib/modules/erofs.ko": None}),
    Case("no overlay module", refuses(
        "kernel-feature",
        r"kernel: expected the file system overlay, found none: "
        r"No such device"),
        initrd={"lib/modules/overlay.ko": None}),
    Case("no loop module, and an image from memory", refuses(
        "kernel-feature", r"kernel: expected loop devices to mount the image "
        r"with, found none"), disk=["unseal {image_one}"],
        initrd={"lib/modules/loop.ko": None}),
]
