# SPDX-License-Identifier: MIT
"""The image."""
from cases.common import CONF, DAMAGED, NO_IMAGE
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
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:[0-9a-f]+"),
        disk=["unseal {image_one}", "flip {image_one} -1"]),
    Case("another release's image under this name", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:{two}"),
        disk=["swap_in {image_one} {image_two}"]),
    Case("a symlink in place of the image", refuses(
        "image-invalid", r"image: objects/.+: expected a regular file, found "
        r"something else: Symbolic link loop"),
        disk=["symlink {image_one} {image_two}"]),
    Case("a FIFO in place of the image", refuses(
        "image-invalid", r"image: objects/.+: expected a regular file, found "
        r"something else: .+"), disk=["fifo {image_one}"]),
    Case("a directory in place of the image", refuses(
        "image-invalid", r"image: objects/.+: expected a regular file, found "
        r"something else: .+"), disk=["directory {image_one}"]),

    Case("? allowed, but another digest", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:{two}"),
        cmdline="composefs=?{one}", conf=CONF + "allow_unverified=yes\n",
        disk=["swap_in {image_one} {image_two}"]),
]
