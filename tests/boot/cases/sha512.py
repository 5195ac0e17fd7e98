# SPDX-License-Identifier: MIT
"""A store and images of SHA-512. There is no reference tool that makes them:
what pins them is the kernel, which reads their files under verity=require."""
from cases.common import BOTH, DAMAGED, NO_IMAGE, TRUSTED
from expect import Case, boots, refuses

CASES = [
    Case("SHA-512: digest", boots(record={
        "image.digest": "{one}", "image.verified_in": "file",
        "weakened": []})),
    Case("SHA-512: PID 1: digest and signature",
         boots("digest+signature", signed=True), via="pid1", bus="nvme",
         conf=BOTH, keys=TRUSTED),
    Case("SHA-512: image without fs-verity: from memory",
         boots(record={"image.verified_in": "memory"}),
         disk=["unseal {image_one}"]),
    Case("SHA-512: sid's kernel", boots(), kernel="sid-7"),
    Case("SHA-512: a bit flipped in an object",
         boots(victim="I/O error", mapped="Bus error"),
         disk=["flip {victim} 100000"]),
    Case("SHA-512: an object sealed with SHA-256",
         boots(victim="I/O error"),
         disk=["seal {victim} sha256"]),
    Case("SHA-512: a bit flipped in the image", DAMAGED,
         disk=["flip {image_one} {xattr}"]),
    Case("SHA-512: image sealed with SHA-256", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha512:{one}, found sha256:[0-9a-f]{{64}}"),
        disk=["seal {image_one} sha256"]),
    Case("SHA-512: half of the digest", refuses("image-missing", NO_IMAGE),
         cmdline="composefs={half}"),
]
