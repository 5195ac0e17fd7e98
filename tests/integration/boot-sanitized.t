#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boots of tests/boot/cases that end before anything is mounted, with
rootwright-boot under ASan and UBSan, outside of QEMU: in a tmpfs of its own,
with a /proc/cmdline of its own, and in a pid namespace, where reboot(2) ends
that namespace and nothing else. The same expectations judge them."""
import os
import shutil
import signal
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
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
WORDS = {"one": "1e" * 32, "two": "2e" * 32, "half": "1e" * 16,
         "upper": "1E" * 32}
# No longer command line comes through the kernel of a PC.
MORE = [
    Case("4 KiB of noise, and then a key that is none", refuses(
        "cmdline-invalid", r"cmdline: expected composefs=, rootwright.release=, "
        r"rootwright.store= or rootwright.timeout=, found 'rootwright.shell=?(yes)?'"),
        cmdline="composefs={one} x=" + "noise" * 820
        + " rootwright.shell=yes"),
    Case("more words than a kernel passes on", refuses(
        "cmdline-invalid", r"(cmdline|command line): .+"),
        cmdline="composefs={one} " + "noise " * 3300),
]
NO_DISK = Case("no disk of that path, after all else was right", refuses(
    "store-not-found", r"store: /dev/vdb1: expected a block device within "
    r"1 s, found: No such file or directory"),
    conf=CONF.replace("LABEL=rootwright", "/dev/vdb1") + "timeout=1\n")
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


def fill(top, case, certificates):
    """The files of the initramfs that the program looks at."""
    for name in ("bin", "proc", "sys", "dev", "run", "sysroot"):
        os.makedirs(f"{top}/{name}")
    shutil.copy(PROGRAM, f"{top}/bin/rootwright-boot")
    etc = f"{top}/etc/rootwright"
    os.makedirs(f"{etc}/keys.d")
    files = {f"{etc}/keys.d/{name}.pem": certificates[name]
             for name in case.keys}
    for name, entry in case.initrd.items():
        files[f"{top}/{name}"] = entry.data
    files[f"{top}/cmdline"] = (case.cmdline.format(**WORDS) + "\n").encode()
    if case.conf is not None:
        files[f"{etc}/boot.conf"] = case.conf.format(**WORDS).encode()
    for name, data in files.items():
        with open(name, "wb") as f:
            f.write(data)


def attempt(case, certificates):
    """Runs one; returns what is wrong, and what it said."""
    files, root = f"{base.DIR}/files", f"{base.DIR}/root"
    for place in (files, root):
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(root)
    fill(files, case, certificates)
    code, out, err = tap.run(
        "unshare", "--mount", "--propagation", "private", "--pid", "--fork",
        "sh", "-c", SCRIPT, "sh", root, files)
    # reboot(2) ends a pid namespace by a signal: one to start again, another
    # for both poweroff and halt.
    off = "System halted" if "halt in" in out + err else "Power down"
    end = {-signal.SIGHUP: "reboot: Restarting system",
           -signal.SIGINT: f"reboot: {off}"}.get(code, f"exit {code}")
    text = f"{out}{err}{end}\n"
    problems = case.expect(vm.Outcome(text.encode(), b"", False), WORDS)
    if "Sanitizer" in text or "runtime error" in text:
        problems.append("a sanitizer has found something")
    return problems, text


def test(case, certificates):
    """One TAP line."""
    wrong, said = attempt(case, certificates)
    tap.ok(not wrong, case.name, "\n".join(wrong) + "\n" + said)


def main():
    """Every case that is for us."""
    reason = why_not()
    if reason:
        tap.skip_all(reason)
    shutil.rmtree(base.DIR, ignore_errors=True)
    os.makedirs(base.DIR)
    certificates = base.certificates()
    for case in CASES + MORE:
        if getattr(case.expect, "reason", None) in EARLY \
                and case.via in ("witness", "busybox"):
            test(case, certificates)
    reason = no_file_systems()
    if reason:
        tap.skip(NO_DISK.name, reason)
    else:
        test(NO_DISK, certificates)
    tap.done()


main()
