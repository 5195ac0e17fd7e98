# SPDX-License-Identifier: MIT
"""The objects: what preflight reads, and what it does not."""
from cases.common import CONF, NO_OBJECT
from expect import Case, boots, refuses

CASES = [
    Case("preflight: a bit flipped in init", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected data that "
        r"match its fs-verity digest, found others: I/O error"),
        disk=["flip {init_one} 5000"]),
    Case("preflight: a bit flipped in a library", refuses(
        "preflight-damaged", r"preflight: /lib/.+: expected data that "
        r"match its fs-verity digest, found others: I/O error"),
        disk=["flip {libc} -1"]),
    Case("preflight: init's object missing", refuses(
        "preflight-missing", NO_OBJECT), disk=["remove {init_one}"]),
    Case("preflight: init's object without fs-verity", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected the object "
        r"that the image names, found another or one without fs-verity: "
        r"I/O error"), disk=["unseal {init_one}"]),
    Case("preflight: a FIFO in place of init's object", refuses(
        "preflight-missing", NO_OBJECT), disk=["node {init_one} p"]),
    Case("preflight: a symlink in place of init's object", refuses(
        "preflight-missing", NO_OBJECT), disk=["symlink {init_one} {libc}"]),
    Case("init that is no executable", refuses(
        "preflight-missing", r"preflight: /etc/os-release: expected an "
        r"executable file, found mode 0644"),
        conf=CONF + "init=/etc/os-release\n"),
    Case("init with #! of nothing", refuses(
        "preflight-missing", r"preflight: /bin/nowhere: expected a file in "
        r"the image, found none: No such file or directory"),
        conf=CONF + "init=/sbin/orphan\n"),
    Case("init that is not in the image", refuses(
        "preflight-missing", r"preflight: /bin/none: expected a file in the "
        r"image, found none: No such file or directory"),
        conf=CONF + "init=/bin/none\n"),
    Case("a bit flipped in another object",
         boots(victim="I/O error", mapped="Bus error"),
         disk=["flip {victim} 100000"]),
    Case("another object missing",
         boots(victim="No such file or directory"),
         disk=["remove {victim}"]),
    Case("another object without fs-verity", boots(victim="I/O error"),
         disk=["unseal {victim}"]),
    Case("a FIFO in place of another object",
         boots(victim="No such file or directory"),
         disk=["node {victim} p"]),
    Case("another object cut short", boots(victim="I/O error"),
         disk=["shrink {victim} 4096"]),
    Case("another object's bytes", boots(victim="I/O error"),
         disk=["swap_in {victim} {libc}"]),

    Case("preflight: another object's bytes", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected the object "
        r"that the image names, found another or one without fs-verity: "
        r"I/O error", after=r"^overlayfs: lower file '.+' has the wrong "
        r"fs-verity digest"), disk=["swap_in {init_one} {libc}"],
        cmdline="composefs={one} loglevel=7"),
    Case("preflight: init's object cut short", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected the object "
        r"that the image names, found another or one without fs-verity: .+",
        after=r"^fs-verity \(vda1, inode \d+\): Wrong data_size: "),
        disk=["shrink {init_one} 4096"]),
    Case("preflight: a directory in place of init's object", refuses(
        "preflight-missing", NO_OBJECT), disk=["directory {init_one}"]),
    Case("preflight: the kernel says first what is damaged", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected data that "
        r"match its fs-verity digest, found others: I/O error",
        after=r"^fs-verity \(vda1, inode \d+\): FILE CORRUPTED!"),
        disk=["flip {init_one} 5000"]),
    Case("preflight: the image gives init another size", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected an object "
        r"of the size that the image says, \d+ bytes, found \d+"),
        cmdline="composefs={liar}",
        disk=["install {image_liar} {file_liar}", "seal {image_liar}"]),
    Case("a symlink in place of another object",
         boots(victim="No such file or directory"),
         disk=["symlink {victim} {libc}"]),
    Case("a bit flipped in another object's fs-verity descriptor",
         boots(victim="I/O error"), disk=["flip_descriptor {victim} 20"]),
]
