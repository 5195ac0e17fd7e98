# SPDX-License-Identifier: MIT
"""The image."""
from cases.common import (CONF, DAMAGED, NO_FILE, NO_IMAGE, OTHER_DIGEST, SIGNED,
                          TRUSTED)
from expect import Case, boots, refuses

CASES = [
    Case("image: a bit flipped in the superblock", DAMAGED,
         disk=["flip {image_one} 1030"]),
    Case("image: a bit flipped in an inode", DAMAGED,
         disk=["flip {image_one} 9000"]),
    Case("image: a bit flipped in the last byte", DAMAGED,
         disk=["flip {image_one} -1"]),
    Case("image missing", refuses("image-missing", NO_IMAGE),
         disk=["remove {image_one}"]),
    Case("image of a digest that is nowhere", refuses(
        "image-missing", NO_IMAGE), cmdline="composefs={nowhere}"),
    Case("image without fs-verity: from memory",
         boots(record={"image.verified_in": "memory"}),
         disk=["unseal {image_one}"]),
    Case("image without fs-verity, a bit flipped in it", refuses(
        "image-mismatch", OTHER_DIGEST),
        disk=["unseal {image_one}", "flip {image_one} -1"]),
    Case("another release's image under this name", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:{two}"),
        disk=["swap_in {image_one} {image_two}"]),
    Case("a symlink in place of the image", refuses(
        "image-invalid", NO_FILE + "Symbolic link loop"),
        disk=["symlink {image_one} {image_two}"]),
    Case("a FIFO in place of the image", refuses(
        "image-invalid", NO_FILE + ".+"), disk=["node {image_one} p"]),
    Case("a directory in place of the image", refuses(
        "image-invalid", NO_FILE + ".+"), disk=["directory {image_one}"]),

    Case("? allowed, but another digest", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:{two}"),
        cmdline="composefs=?{one}", conf=CONF + "allow_unverified=yes\n",
        disk=["swap_in {image_one} {image_two}"]),

    Case("image: a bit flipped in an xattr", DAMAGED,
         disk=["flip {image_one} {xattr}"]),
    Case("image: a bit flipped in its Merkle tree", DAMAGED,
         disk=["flip_descriptor {image_one} -4000"]),
    Case("image: a bit flipped in its fs-verity descriptor", refuses(
        "image-mismatch", OTHER_DIGEST),
        disk=["flip_descriptor {image_one} 20"]),
    Case("image cut short", refuses(
        "image-invalid", NO_FILE + "Invalid argument",
        after=r"^fs-verity \(vda1, inode \d+\): Wrong data_size: "),
        disk=["shrink {image_one} 8192"]),
    Case("image without fs-verity, cut short", refuses(
        "image-mismatch", OTHER_DIGEST),
        disk=["unseal {image_one}", "shrink {image_one} 8192"]),
    Case("image without fs-verity, longer than image_max=", refuses(
        "image-unsealed", r"image: objects/.+: expected fs-verity, or at "
        r"most 4096 bytes to verify them in memory, found \d+ bytes without "
        r"it"), conf=CONF + "image_max=4K\n", disk=["unseal {image_one}"]),
    Case("image without fs-verity, longer than a quarter of the memory",
         refuses("image-unsealed", r"image: objects/.+: expected fs-verity, "
                 r"or at most \d+ bytes to verify them in memory, found "
                 r"200000000 bytes without it"),
         disk=["unseal {image_one}", "shrink {image_one} 200000000"]),
    Case("image sealed anew, the same way", boots(),
         disk=["seal {image_one}"]),
    Case("image sealed with SHA-512", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha512:[0-9a-f]{{128}}"),
        disk=["seal {image_one} sha512"]),
    Case("image sealed with blocks of 1024 bytes", refuses(
        "image-mismatch", OTHER_DIGEST),
        disk=["seal {image_one} sha256 1024"]),
    Case("image sealed with a salt", refuses("image-mismatch", OTHER_DIGEST),
         disk=["seal {image_one} sha256 4096 salt"]),
    Case("a device in place of the image", refuses(
        "image-invalid", NO_FILE + ".+"), disk=["node {image_one} c 1 3"]),
    Case("an image that is no EROFS, under its own digest", refuses(
        "image-mount", r"image: expected EROFS that the kernel mounts, found "
        r"none: .*", after=r"^erofs"),
        cmdline="composefs={noise} loglevel=7",
        disk=["install {image_noise} {file_noise}", "seal {image_noise}"]),
    Case("no image on the disk, but in the initramfs", boots(record={
        "image.from": "initramfs", "image.verified_in": "memory",
        "image.loop": True}), conf=CONF + "image_file=/root.image\n",
         initrd={"root.image": "{file_one}"}, disk=["remove {image_one}"]),
    Case("a signed image in the initramfs", boots(
        "signature", signed=True, record={"image.from": "initramfs"}),
         conf=SIGNED + "image_file=/root.image\n", keys=TRUSTED,
         initrd={"root.image": "{file_one}",
                 "root.image.p7s": "{file_signature}"}),
    Case("another image in the initramfs", refuses(
        "image-mismatch", r"image: root.image: expected fs-verity digest "
        r"sha256:{one}, found sha256:{noise}"),
        conf=CONF + "image_file=/root.image\n",
        initrd={"root.image": "{file_noise}"}),
    Case("no image in the initramfs, but on the disk", refuses(
        "image-missing", r"image: root.image: expected the image on the "
        r"initramfs, found no such file"),
        conf=CONF + "image_file=/root.image\n"),
    Case("no signature of the image in the initramfs, but on the disk",
         refuses("signature-missing", r"signature: root.image.p7s: expected "
                 r"a signature, found no file"),
         conf=SIGNED + "image_file=/root.image\n", keys=TRUSTED,
         initrd={"root.image": "{file_one}"}),
]
