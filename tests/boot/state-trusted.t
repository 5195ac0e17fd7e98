#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""state_trusted=yes and what stands behind it: a state on dm-integrity with a
key, opened before rootwright-boot, is kept under lockdown=yes. What somebody
changes on the disk below it is an I/O error, and a disk that was made with
another key, or without dm-integrity at all, is refused."""
import os
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import cpio  # noqa: E402
import tap  # noqa: E402
import vm  # noqa: E402
from cases.writable import kept, refused  # noqa: E402
from expect import Case  # noqa: E402
from machines import Machine, X86_64  # noqa: E402
from stores import add_program  # noqa: E402

DMSETUP = "/sbin/dmsetup"
CONF = base.CONF + ("etc=overlay\nvar=bind\nstate=/dev/mapper/state\n"
                    "state_path=/a/state\nstate_trusted=yes\nlockdown=yes\n"
                    "timeout=1\n")
MIB = 1 << 20
# D: without a journal, so that what is on the disk is what will be read. A
# device keeps the key in a TPM; ours is where its keys for releases are, too.
OPEN = """\
#!/bin/busybox sh
open() {
	/bin/dmsetup create state --noudevsync --noudevrules --table \\
		"0 $1 integrity /dev/vdb 0 - D 2 internal_hash:hmac(sha256):$2 fix_hmac" &&
		/bin/busybox ln -sf ../dm-0 /dev/mapper/state
}
"""
# The tags of what was never written are wrong: all of it is written once.
MAKE = OPEN + """
exec >/dev/ttyS1 2>&1
/bin/busybox --install -s /bin
open 8 %s || echo "FAILED open"
sectors=$(dmsetup status state | cut -d ' ' -f 5)
dmsetup remove --noudevsync state || echo "FAILED remove"
open $sectors %s || echo "FAILED open"
dd if=/dev/zero of=/dev/mapper/state bs=1M
dd if=/dev/vdc of=/dev/mapper/state bs=1M conv=notrunc || echo "FAILED dd"
sync
echo "SECTORS $sectors"
dmsetup remove --noudevsync state || echo "FAILED remove"
poweroff -f
"""
KEY, OTHER = "5a" * 32, "5b" * 32
OLD = [f"FILE {x}: left" for x in ("/etc/machine-id", "/etc/added",
                                   "/var/kept")]


class Integrity(base.Base):
    """The artefacts, and a driver more in the initramfs."""

    machine = Machine(
        "x86_64", X86_64.triplet, X86_64.qemu, X86_64.console, X86_64.witness,
        X86_64.kernel, X86_64.modules + " dm-integrity")


def start(script, expect=None, extra=()):
    """A boot with a script in rootwright-boot's place."""
    path, what = f"{base.DIR}/initrd", Case("", None, conf=CONF, via="busybox")
    with open(f"{tap.B}/rootwright-boot", "rb") as f:
        real = cpio.file(f.read(), 0o755)
    what.initrd = {"bin/rootwright-boot": cpio.file(script, 0o755),
                   "bin/rootwright-boot.real": real}
    add_program(what.initrd, DMSETUP)
    device.initrd(path, what)
    outcome = vm.boot(
        tap.kernel()[0], path, "console=ttyS0 quiet panic=-1 no_timer_check "
        f"composefs={device.words['one']}", [device.disk], extra=[
            x for n, disk in enumerate((STATE, *extra)) for x in (
                "-drive", f"file={disk},if=none,id=e{n},format=raw",
                "-device", f"virtio-blk-pci,drive=e{n}")])
    return outcome, expect and expect(outcome, device.words)


def make(key):
    """STATE becomes dm-integrity with a file system in it; its sectors."""
    for path, size in (STATE, 24), (PLAIN, 16):
        with open(path, "wb") as f:
            f.truncate(size * MIB)
    base.run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-L", "state", PLAIN)
    outcome, _ = start(MAKE % (key, key), extra=[PLAIN])
    said = outcome.said("SECTORS")
    if not tap.ok(said and not outcome.said("FAILED"), "a device is made",
                  outcome.console[-3000:] + outcome.witness[-3000:]):
        tap.done()
    return said[0]


def boot(name, expect):
    """One boot that opens it with our key, as a device would."""
    outcome, problems = start(
        OPEN + f"open {sectors} {KEY} || echo 'not opened'\n"
        "exec /bin/rootwright-boot.real\n", expect)
    if not tap.ok(not problems, name, "\n".join(problems)):
        tap.note(outcome.console[-3000:] + outcome.witness[-3000:])


def tamper(content):
    """Changes a byte of each block that has only this; how many did."""
    with open(STATE, "rb") as f:
        data = bytearray(f.read())
    found = [at for at in range(0, len(data), 4096)
             if data[at:at + 4096].rstrip(b"\0") == content]
    for at in found:
        data[at] ^= 1
    with open(STATE, "wb") as f:
        f.write(data)
    return len(found)


why = base.missing() or (not os.path.exists(DMSETUP) and f"no {DMSETUP}")
if why:
    tap.skip_all(why)
device = Integrity()
STATE, PLAIN = f"{base.DIR}/state.img", f"{base.DIR}/plain.img"
sectors = make(OTHER)
boot("another key's", refused(
    "mount", r"/dev/mapper/state: expected ext4 that can be mounted "
    r"read-write, found none: I/O error"))
sectors = make(KEY)
trusted = {"unverified": [], "writable.device": "/dev/mapper/state"}
boot("the first boot makes what it needs", kept(
    record=trusted, guest=["FILE /etc/machine-id: "]))
boot("the second one finds it", kept(record=trusted, guest=OLD))
tap.ok(tamper(b"left\n") >= 3, "somebody changes the files on the disk")
boot("they cannot be read", kept(record=trusted, guest=[
    "FILE /etc/machine-id: I/O error", "FILE /var/kept: I/O error"]))
shutil.copy(PLAIN, STATE)
boot("a file system in the place of dm-integrity", refused(
    "device", r"/dev/mapper/state: expected a block device within 1 s, "
    r"found: .+"))
shutil.rmtree(base.DIR)
tap.done()
