# SPDX-License-Identifier: MIT
"""The disk and its file system."""
from cases.common import CONF
from expect import Case, boots, refuses

CASES = [
    Case("no disk", refuses(
        "store-not-found", r"store: LABEL=rootwright: expected a block "
        r"device within 1 s, found: no block device"), disks=0,
        conf=CONF + "timeout=1\n"),
    Case("no disk of that path", refuses(
        "store-not-found", r"store: /dev/vdb1: expected a block device "
        r"within 1 s, found: No such file or directory"),
        conf=CONF.replace("LABEL=rootwright", "/dev/vdb1") + "timeout=1\n"),
    Case("two disks with one label", refuses(
        "store-ambiguous", r"store: LABEL=rootwright: expected one device, "
        r"found 2: /dev/vd[ab]1.* and /dev/vd[ab]1.*"), disks=2),
    Case("no store directory", refuses(
        "store-layout", r"store: /elsewhere on /dev/vda1: expected a "
        r"directory: No such file or directory"),
        conf=CONF + "store_path=/elsewhere\n"),

    Case("zeros over the superblock", refuses(
        "store-mount", r"store: /dev/vda1: expected ext4 that can be mounted "
        r"read-only, found none: Invalid argument"),
         conf=CONF.replace("LABEL=rootwright", "/dev/vda1"),
         disk=["wreck"]),
    Case("zeros over the superblock, by label", refuses(
        "store-not-found", r"store: LABEL=rootwright: expected a block "
        r"device within 1 s, found: /dev/vda1 \(no LABEL=\), "
        r"/dev/vda \(no LABEL=\)"),
        conf=CONF + "timeout=1\n", disk=["wreck"]),
    Case("a file system without the verity feature, but files with it",
         boots(record={"image.verified_in": "memory"}),
         disk=["feature -verity"]),
    Case("a file system without the verity feature", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected the object "
        r"that the image names, found another or one without fs-verity: "
        r"I/O error"), disk=["unseal {image_one}", "unseal {init_one}",
                             "feature -verity"]),
    Case("another file system than the policy's", refuses(
        "kernel-feature", r"kernel: expected the file system btrfs, found "
        r"none: No such device"), conf=CONF + "store_fstype=btrfs\n"),
]
