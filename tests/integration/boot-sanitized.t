#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boots of tests/boot/cases that end before anything is mounted, with
rootwright-boot under ASan and UBSan, outside of QEMU: in a tmpfs of its own,
with a /proc/cmdline of its own, and in a pid namespace, where reboot(2) ends
that namespace and nothing else. Disks are loop devices. The same expectations
judge them."""
import os
import shutil
import signal
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
from attack import Disk  # noqa: E402
import sysdisks  # noqa: E402
import table  # noqa: E402
import tap  # noqa: E402
import vm  # noqa: E402
from cases import CASES  # noqa: E402
from cases.common import CONF  # noqa: E402
from expect import Case, refuses  # noqa: E402

PROGRAM = f"{tap.B}/rootwright-boot-sanitized"
# What is found in the policy, the keys and the command line.
EARLY = ("policy-invalid", "keys-invalid", "keys-empty", "cmdline-invalid",
         "digest-missing", "digest-invalid", "digest-unverified",
         "store-unnamed", "store-conflict")
# What is found in the names and superblocks of devices.
DEVICES = ("store-not-found", "store-ambiguous")
# No longer command line comes through the kernel of a PC.
MORE = [
    Case("4 KiB of noise, and then a key that is none", refuses(
        "cmdline-invalid", r"cmdline: expected composefs=, "
        r"rootwright.factory_reset, rootwright.release=, "
        r"rootwright.store= or rootwright.timeout=, found 'rootwright.shell=?(yes)?'"),
        cmdline="composefs={one} x=" + "noise" * 820
        + " rootwright.shell=yes"),
    Case("more words than a kernel passes on", refuses(
        "cmdline-invalid", r"(cmdline|command line): .+"),
        cmdline="composefs={one} " + "noise " * 3300),
]
# Cases that the table has no boot for: they say the same of each naming.
PAIRS = [
    Case(f"two disks with one {naming}", refuses(
        "store-ambiguous", rf"store: {naming}={{{word}}}: expected one "
        r"device, found 2: /dev/vd[ab]1 and /dev/vd[ab]1"), disks=2,
        conf=CONF.replace("LABEL=rootwright", f"{naming}={{{word}}}"))
    for naming, word in (("UUID", "uuid"), ("PARTLABEL", "partlabel"))
] + [
    Case(f"a superblock of 0x{byte:02x}, by {naming}=", refuses(
        "store-not-found", rf"store: {naming}={name}: expected a block "
        rf"device within 1 s, found: /dev/vda1 \({seen.format(naming=naming)}.*\), .+"),
        disk=[f"smear {byte}"],
        conf=CONF.replace("LABEL=rootwright", f"{naming}={name}")
        + "timeout=1\n")
    # All bits: a feature set that no ext4 with files in it has.
    for byte, seen in ((0x20, "{naming}="), (0xff, "no {naming}="))
    for naming, name in (("LABEL", "x"),
                         ("UUID", "00112233-4455-6677-8899-aabbccddeeff"))
]
# $1: the root to be, $2: what it is filled from. PID 1 of the namespace: if
# we were not, reboot(2) would be the machine's.
SCRIPT = """
[ $$ = 1 ] || exit 99
set -e
mount -t tmpfs none "$1"
cp -a "$2/." "$1"
for dir in usr $(cd / && ls -d lib*); do
	if [ -L "/$dir" ]; then
		cp -a "/$dir" "$1/$dir"
	else
		mkdir "$1/$dir"
		mount --bind "/$dir" "$1/$dir"
	fi
done
mount -t proc none "$1/proc"
mount --bind "$1/cmdline" "$1/proc/cmdline"
set +e
chroot "$1" /bin/rootwright-boot
echo "rootwright-boot ended with $?"
"""


def why_not():
    """Why this cannot run here, or nothing."""
    if os.geteuid() != 0:
        return "needs root, for a mount namespace"
    if tap.run("unshare", "--mount", "--pid", "--fork", "true")[0] != 0:
        return "no mount and pid namespaces here"
    return ""


def no_file_systems():
    """Why this machine's kernel cannot be asked for more, or nothing."""
    with open("/proc/filesystems", encoding="ascii") as f:
        types = f.read().split()
    missing = [t for t in ("erofs", "overlay") if t not in types]
    return f"this kernel has no {' and no '.join(missing)}" * bool(missing)


def fill(top, case, artefacts):
    """The files of the initramfs that the program looks at."""
    for name in ("bin", "proc", "sys", "dev", "run", "sysroot"):
        os.makedirs(f"{top}/{name}", exist_ok=True)
    shutil.copy(PROGRAM, f"{top}/bin/rootwright-boot")
    etc = f"{top}/etc/rootwright"
    os.makedirs(f"{etc}/keys.d")
    words = artefacts.words
    files = {f"{etc}/keys.d/{name}.pem": artefacts.certificates[name]
             for name in case.keys}
    for name, entry in case.initrd.items():
        files[f"{top}/{name}"] = entry.data
    files[f"{top}/cmdline"] = (case.cmdline.format(**words) + "\n").encode()
    if case.conf is not None:
        files[f"{etc}/boot.conf"] = case.conf.format(**words).encode()
    for name, data in files.items():
        with open(name, "wb") as f:
            f.write(data)


def disks(artefacts, case):
    """The image files that the case wants attached."""
    if not case.disk:
        return [artefacts.disk] * case.disks
    copy = f"{base.DIR}/copy.img"
    base.run("cp", "--sparse=always", artefacts.disk, copy)
    table.change(Disk(copy), case.disk, artefacts.words)
    return [copy] * case.disks


def attempt(case, artefacts):
    """Runs one; returns what is wrong, and what it said."""
    files, root = f"{base.DIR}/files", f"{base.DIR}/root"
    for place in (files, root):
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(root)
    with sysdisks.attached(files, disks(artefacts, case)):
        fill(files, case, artefacts)
        code, out, err = tap.run(
            "unshare", "--mount", "--propagation", "private", "--pid",
            "--fork", "sh", "-c", SCRIPT, "sh", root, files)
    # reboot(2) ends a pid namespace by a signal: one to start again, another
    # for both poweroff and halt.
    off = "System halted" if "halt in" in out + err else "Power down"
    end = {-signal.SIGHUP: "reboot: Restarting system",
           -signal.SIGINT: f"reboot: {off}"}.get(code, f"exit {code}")
    text = f"{out}{err}{end}\n"
    problems = case.expect(vm.Outcome(text.encode(), b"", False),
                           artefacts.words)
    if "Sanitizer" in text or "runtime error" in text:
        problems.append("a sanitizer has found something")
    return problems, text


def early(case):
    """Whether nothing is needed but the files of the initramfs."""
    return getattr(case.expect, "reason", None) in EARLY \
        and case.via in ("witness", "busybox")


def devices(case):
    """Whether devices are looked at, and none is mounted."""
    return getattr(case.expect, "reason", None) in DEVICES \
        and case.fs == "ext4" and not case.extra


def main():
    """Every case that is for us."""
    reason = why_not()
    if reason:
        tap.skip_all(reason)
    artefacts = base.Base()
    lacking = no_file_systems()
    for case in CASES + MORE + PAIRS:
        if devices(case) and lacking:
            tap.skip(case.name, lacking)
        elif early(case) or devices(case):
            wrong, said = attempt(case, artefacts)
            tap.ok(not wrong, case.name, "\n".join(wrong) + "\n" + said)
    tap.done()


main()
