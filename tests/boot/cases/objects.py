# SPDX-License-Identifier: MIT
"""The objects: what preflight reads, and what it does not."""
from cases.common import CONF, NO_OBJECT
from expect import Case, boots, ends, refuses

FILES = 13  # regular files of the tree
MODES = {mode: CONF + f"objects={mode}\n"
         for mode in ("lazy", "preflight", "measure", "read")}
VICTIM = "/data/victim"
MISSING = ("preflight-missing", rf"preflight: {VICTIM}: expected its object "
           r"in the store, found none")
OTHER = ("preflight-damaged", rf"preflight: {VICTIM}: expected the object "
         r"that the image names, found another or one without fs-verity: "
         r"I/O error")
UNREAD = ("preflight-damaged", rf"preflight: {VICTIM}: expected data that "
          r"match its fs-verity digest, found others: I/O error")
SIZE = ("preflight-damaged", rf"preflight: {VICTIM}: expected an object of "
        r"the size that the image says, 204799 bytes, found 204800")
SHORT = ["install {image_short} {file_short}", "seal {image_short}"]


def looked_at(mode, files, size=None):
    """What the record says about the objects."""
    said = {"objects.mode": mode, "objects.files": files}
    if size is not None:
        said["objects.bytes"] = size
    return said


def found(mode, what, *disk, reason, cmdline="composefs={one}"):
    """What is wrong with the victim is found before the hand-off."""
    return Case(f"objects={mode}: {what}", refuses(*reason), disk=disk,
                conf=MODES[mode], cmdline=cmdline)


def watched(name, expect, answer):
    """A check that takes longer than the watchdog has, which runs before
    rootwright-boot does."""
    return Case(f"watchdog={answer}: {name}", expect,
                conf=MODES["read"] + f"watchdog={answer}\n",
                cmdline="composefs={one} test.watchdog=8", drivers="i6300esb",
                extra=("-device", "i6300esb", "-action", "watchdog=reset",
                       "-set", "drive.d0.throttling.bps-total=100000"))


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

    Case("objects=lazy: nothing is read", boots(record=dict(looked_at(
        "lazy", 0, 0), preflight={"files": 0, "bytes": 0})),
        conf=MODES["lazy"]),
    Case("objects=lazy: an object without fs-verity", boots(
        record={"preflight.files": 0}, victim="I/O error"),
        disk=["unseal {victim}"], conf=MODES["lazy"]),
    Case("objects=preflight is what it is without", boots(
        record=looked_at("preflight", 0, 0)), conf=MODES["preflight"]),
    Case("objects=measure", boots(record=looked_at("measure", FILES)),
         conf=MODES["measure"]),
    Case("objects=measure as PID 1, on two processors", boots(
        record=looked_at("measure", FILES)), conf=MODES["measure"],
        via="pid1", extra=("-smp", "2")),
    Case("objects=measure reads no data", boots(
        victim="I/O error", mapped="Bus error",
        record=looked_at("measure", FILES)),
        disk=["flip {victim} 100000"], conf=MODES["measure"]),
    found("measure", "an object missing", "remove {victim}", reason=MISSING),
    found("measure", "an object without fs-verity", "unseal {victim}",
          reason=OTHER),
    found("measure", "another object's bytes", "swap_in {victim} {libc}",
          reason=OTHER),
    found("measure", "a FIFO in place of an object", "node {victim} p",
          reason=MISSING),
    found("measure", "an object cut short", "shrink {victim} 4096",
          reason=(OTHER[0], OTHER[1].replace("I/O error", ".+"))),
    found("measure", "the image gives a file another size", *SHORT,
          reason=SIZE, cmdline="composefs={short}"),
    Case("objects=read", boots(record=looked_at("read", FILES)),
         conf=MODES["read"], extra=("-smp", "3")),
    found("read", "a bit flipped in an object", "flip {victim} 100000",
          reason=UNREAD),
    found("read", "an object missing", "remove {victim}", reason=MISSING),
    found("read", "the image gives a file another size", *SHORT,
          reason=SIZE, cmdline="composefs={short}"),
    Case("objects=read: a disk too slow for the time that it has", refuses(
        "objects-unchecked", r"objects: expected all to be checked in 1 s, "
        r"found \d+ files that were"), conf=MODES["read"]
        + "objects_timeout=1\n", extra=("-set",
        "drive.d0.throttling.bps-total=150000")),
    watched("a long check comes to its end", boots(
        record=looked_at("read", FILES),
        guest=["WATCHDOG started", "WATCHDOG stopped"]), "yes"),
    watched("nobody pets it", ends("reset", silent=[
        "rootwright-boot: (verified root|refused)"]), "no"),
    Case("watchdog=yes: without one", boots(says=[
        "watchdog: /dev/watchdog: cannot be opened: No such file"]),
        conf=CONF + "watchdog=yes\n"),
]
