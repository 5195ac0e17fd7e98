# SPDX-License-Identifier: MIT
"""What goes wrong in an initramfs by dracut, and what asks for a shell there:
each is a boot that ends in the policy's failure action."""
import concurrent.futures
import os

import cpio
import distro
import tap

UNITS = "etc/systemd/system"
BOOT = "usr/bin/rootwright-boot"
# Somebody at the console from early on; a shell would answer with one word.
KEYS = b"\n\x03\necho PWN''ED\n" * 3
PWNED = "PWNED"
NONE = ("rootwright-guard: /sysroot: expected the verified root, found that "
        "none was attached: reboot in 1 s")
# Where a hook for mounting is there, too, dracut is the first to see that.
MISSING = (NONE, "Boot has failed.")
FAILED = ("rootwright-guard: something failed, see above, or asked for a "
          "shell: reboot in 1 s")
LATE = ("rootwright-guard: initramfs: expected the switch to the verified root "
        "within 75 s, found none: reboot in 1 s")
# Long enough to come to the point where it hangs.
SOON = {"usr/lib/rootwright/deadline": cpio.file("75\n")}


def dropin(unit, text):
    """Files that add to a unit."""
    return {f"{UNITS}/{unit}.d": cpio.directory(),
            f"{UNITS}/{unit}.d/test.conf": cpio.file(text)}


def guarded(tree):
    """/init is there, but not as what everything else is a link to."""
    with open(f"{tree}/usr/lib/rootwright/initrd/rootwright-guard",
              "rb") as f:
        return cpio.file(f.read(), 0o755)


def broken(systemd):
    """name: (files that are replaced, sentence of the guard or another)."""
    cases = {
        "the boot program is missing": (
            {BOOT: cpio.link("/nonexistent")},
            "rootwright-guard: /usr/bin/rootwright-boot: exit status 127: "
            "reboot in 1 s"),
        "the boot program is killed": (
            {BOOT: cpio.file("#!/bin/sh\nkill -KILL $$\n", 0o755)},
            "rootwright-guard: /usr/bin/rootwright-boot: killed by signal 9: "
            "reboot in 1 s"),
        "the boot program succeeds without a root": (
            {BOOT: cpio.file("#!/bin/sh\nexit 0\n", 0o755)},
            NONE),
    }
    if not systemd:
        return cases | {"a hook hangs": (
            {"usr/lib/dracut/hooks/pre-mount/00-hang.sh":
             cpio.file("while :; do sleep 60; done\n", 0o755)} | SOON, LATE)}
    cases |= {
        "the unit is masked": (
            {f"{UNITS}/rootwright.service": cpio.link("/dev/null")},
            MISSING),
        "the unit is skipped by a condition": (
            dropin("rootwright.service",
                   "[Unit]\nConditionPathExists=/nonexistent\n"), MISSING),
        "the unit that switches the root is masked": (
            {f"{UNITS}/initrd-switch-root.service": cpio.link("/dev/null")}
            | SOON, LATE),
        "something is mounted over the root": (
            dropin("initrd-cleanup.service",
                   "[Service]\nExecStartPre=/bin/mount -t tmpfs x /sysroot\n"),
            "rootwright-guard: /sysroot: expected the verified root, found "
            "something else: reboot in 1 s"),
        "another unit fails": (
            dropin("initrd-cleanup.service",
                   "[Service]\nExecStart=\nExecStart=/bin/false\n"),
            FAILED),
        "emergency.service is started": (
            dropin("initrd-cleanup.service",
                   "[Service]\nExecStart=\nExecStart=/usr/bin/systemctl "
                   "--no-block isolate emergency.target\n"),
            FAILED),
    }
    return cases


def run(d, initrd, systemd=True, only=None):
    """Boots what is broken, two at a time."""
    cases = broken(systemd)
    if systemd:
        cases["the guard is missing, and systemd acts"] = (
            {"init": guarded(d.tree),
             "usr/lib/rootwright/guard": cpio.link("/nonexistent")},
            "reboot: Restarting system")

    def attempt(name):
        n = list(cases).index(name)
        patched = d.patched(initrd, f"{initrd}.broken-{n}", cases[name][0])
        try:
            return d.boot(patched, "composefs={digest} loglevel=7 "
                          "systemd.show_status=no root=/dev/vda1",
                          typing=("Run /init", 0, KEYS))
        finally:
            os.unlink(f"{d.dir}/{patched}")

    chosen = [name for name in cases if not only or name in only]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, out in zip(chosen, pool.map(attempt, chosen)):
            judge(f"{initrd}: {name}", out, cases[name][1])


def judge(name, out, sentence, end="reboot"):
    """It said so, it ended so, and there was neither root nor shell."""
    any_of = sentence if isinstance(sentence, tuple) else (sentence,)
    problems = [] if any(s in out.console for s in any_of) else [
        f"not said: {sentence}"]
    if out.end != end:
        problems.append(f"ended with {out.end}, not {end}")
    if out.witness:
        problems.append(f"a root was booted: {out.witness}")
    if PWNED in out.console or "sh: " in out.console:
        problems.append("there was a shell")
    tap.ok(not problems, name, "\n".join(problems)
           + "\n" + out.console[-2500:])
