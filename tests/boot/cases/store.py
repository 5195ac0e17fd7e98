# SPDX-License-Identifier: MIT
"""The disk and its file system."""
from cases.common import CONF, DAMAGED
from expect import Case, boots, refuses

READ_ONLY = ("-drive", "file={disk},if=none,id=d0,format=raw,readonly=on",
             "-device", "virtio-blk-pci,drive=d0")


def failing(sector):
    """A disk where one sector cannot be read."""
    return ("-blockdev", "node-name=d0,driver=raw,read-only=on,"
            "file.driver=blkdebug,file.image.driver=file,"
            "file.image.filename={disk},file.inject-error.0.event=read_aio,"
            f"file.inject-error.0.sector={{{sector}}}",
            "-device", "virtio-blk-pci,drive=d0")


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

    Case("store by UUID=", boots(),
         conf=CONF.replace("LABEL=rootwright", "UUID={uuid}")),
    Case("store by PARTUUID=", boots(record={
        "store.named": "PARTUUID={partuuid}", "store.device": "/dev/vda1"}),
         conf=CONF.replace("LABEL=rootwright", "PARTUUID={partuuid}")),
    Case("store by PARTLABEL=", boots(),
         conf=CONF.replace("LABEL=rootwright", "PARTLABEL={partlabel}")),
    Case("store by PARTUUID=, and the command line says the same", boots(),
         conf=CONF.replace("LABEL=rootwright", "PARTUUID={partuuid}"),
         cmdline="composefs={one} rootwright.store=PARTUUID={partuuid}"),
    Case("store by PARTUUID=, sectors of 4096 bytes", boots(),
         conf=CONF.replace("LABEL=rootwright", "PARTUUID={partuuid}"),
         disk=["sectors 4096"], bus="4k"),
    # No checksum of it is ours: the kernel makes no partition of such a disk.
    Case("a bit flipped in the partition table", refuses(
        "store-not-found", r"store: PARTLABEL={partlabel}: expected a block "
        r"device within 3 s, found: /dev/vda \(no PARTLABEL=\)"),
        conf=CONF.replace("LABEL=rootwright", "PARTLABEL={partlabel}")
        + "timeout=3\n", disk=["flip_disk 1088"]),
    Case("two disks with one PARTUUID", refuses(
        "store-ambiguous", r"store: PARTUUID={partuuid}: expected one "
        r"device, found 2: /dev/vd[ab]1 and /dev/vd[ab]1"), disks=2,
        conf=CONF.replace("LABEL=rootwright", "PARTUUID={partuuid}")),
    Case("no objects in the store", refuses(
        "store-layout", r"store: /elsewhere/objects on /dev/vda1: expected a "
        r"directory: No such file or directory"),
        conf=CONF + "store_path=/elsewhere\n",
        disk=["mkdir /elsewhere"]),
    Case("a symlink in place of the store", refuses(
        "store-layout", r"store: /elsewhere on /dev/vda1: expected a "
        r"directory: Symbolic link loop"),
        conf=CONF + "store_path=/elsewhere\n",
        disk=["symlink /elsewhere /composefs"]),
    Case("zeros over the superblock: the kernel says it first", refuses(
        "store-mount", r"store: /dev/vda1: expected ext4 that can be mounted "
        r"read-only, found none: .+", after=r"^EXT4-fs \(vda1\): VFS: Can't find ext4"),
        conf=CONF.replace("LABEL=rootwright", "/dev/vda1"),
        cmdline="composefs={one} loglevel=7", disk=["wreck"]),
    Case("a full file system", boots(), disk=["full"]),
    Case("a read-only disk", boots(), disks=0, extra=READ_ONLY),
    Case("a journal to replay", boots(record={
        "store.journal_replayed": True}), disk=["feature needs_recovery"]),
    Case("a journal to replay, store_noreplay=yes", boots(record={
        "store.journal_replayed": False}), disk=["feature needs_recovery"],
         conf=CONF + "store_noreplay=yes\n"),
    Case("a journal to replay on a read-only disk", refuses(
        "store-mount", r"store: /dev/vda1: expected ext4 that can be mounted "
        r"read-only, found none: .+", after=r"^EXT4-fs \(vda1\): write access unavailable"), disks=0,
        cmdline="composefs={one} loglevel=7",
        disk=["feature needs_recovery"], extra=READ_ONLY),
    # overlayfs says why to us, and not to the kernel log.
    Case("a case-folding file system", refuses(
        "root-mount", r"root: expected an overlay with verity=require, found "
        r"none: overlay: .+ not supported: Invalid argument"),
        disk=["superblock encoding 1", "feature casefold"]),
    Case("I/O errors: the superblock", refuses(
        "store-mount", r"store: /dev/vda1: expected ext4 that can be mounted "
        r"read-only, found none: I/O error", after=r"^EXT4-fs \(vda1\): unable to read superblock"),
        conf=CONF.replace("LABEL=rootwright", "/dev/vda1"), disks=0,
        cmdline="composefs={one} loglevel=7",
        extra=failing("sector_superblock")),
    Case("I/O errors: the superblock, by label", refuses(
        "store-not-found", r"store: LABEL=rootwright: expected a block "
        r"device within 1 s, found: .+"), disks=0,
        conf=CONF + "timeout=1\n", extra=failing("sector_superblock")),
    Case("I/O errors: the image", DAMAGED, disks=0,
         extra=failing("sector_image_one")),
    Case("I/O errors: init", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected data that "
        r"match its fs-verity digest, found others: I/O error"), disks=0,
        extra=failing("sector_init_one")),
    Case("I/O errors: another object",
         boots(victim="I/O error", mapped="Bus error"), disks=0,
         extra=failing("sector_victim")),
    Case("a disk that vanishes while another is waited for", refuses(
        "store-not-found", r"store: LABEL=other: expected a block device "
        r"within 12 s, found: no block device"), disks=0,
        conf=CONF.replace("=rootwright", "=other") + "timeout=12\n",
        cmdline="composefs={one} loglevel=7",
        extra=["-drive", "file={disk},if=none,id=d0,format=raw,snapshot=on",
               "-device", "virtio-blk-pci,drive=d0,id=gone"],
        typing=("Run /init as init process", 4, b"monitor:device_del gone")),
]
