# SPDX-License-Identifier: MIT
"""lockdown=yes: arguments that weaken a verified root after the hand-off."""
from base import CONF
from expect import Case, boots, refuses

LOCKED = CONF + "lockdown=yes\n"
RELEASE = LOCKED.replace("trust=digest", "trust=release\nrelease=locked")
KEY = ("release-keys.d/trusted",)


def refused(argument, does):
    """A sentence that says which, and what it does."""
    return refuses("lockdown", r"cmdline: expected nothing that weakens the "
                   rf"system under lockdown=yes, found '{argument}', which "
                   rf"{does}")


def case(argument, does, name=None, found=None):
    return Case(f"lockdown: {name or argument}",
                refused(found or argument, does), conf=LOCKED,
                cmdline="composefs={one} " + argument)


CASES = [
    Case("lockdown: nothing that weakens", boots(record={"arguments": []}),
         conf=LOCKED, cmdline="composefs={one} loglevel=7 x=/bin/sh foo"),
    Case("lockdown=no: what weakens is recorded", boots(record={
        "arguments": ["systemd.debug_shell", "init=/x", "sysctl.a=b"]}),
        cmdline="composefs={one} systemd.debug_shell init=/x sysctl.a=b"),
    case("init=/bin/sh", "starts another program"),
    case("systemd.unit=rescue.target", "starts another program"),
    case("systemd.debug-shell", "opens a shell or asks a person"),
    case("systemd.debug_shell=ttyS0", "opens a shell or asks a person"),
    case("single", "opens a shell or asks a person"),
    case("systemd.mask=a.service", "changes what services do"),
    case("systemd.mount-extra=/dev/vdb:/etc", "changes what is mounted"),
    case("sysctl.kernel.core_pattern=/x", "sets a variable of the kernel"),
    case("module_blacklist=x", "changes what the kernel is protected by"),
    case("mitigations=off", "takes a protection of memory away"),
    case("kgdbwait", "lets a debugger in"),
    case('"x systemd.debug_shell y"', "has a quote or a backslash",
         "quotes", '"x'),
    case("systemd\\.debug_shell", "has a quote or a backslash",
         "a backslash", r"systemd\\.debug_shell"),
    case("-- emergency", "opens a shell or asks a person", "after --",
         "emergency"),
]

# The release locked allows console, quiet, panic=-1, no_timer_check and
# systemd.unit=a.target.
RELEASES = [
    Case("lockdown: what the release allows", boots(
        "release", signed=True, named="locked 1",
        record={"arguments": [], "image.named_by": "release"}),
        cmdline="rootwright.release=1 systemd.unit=a.target",
        conf=RELEASE, keys=KEY),
    Case("lockdown: what the release does not name", refuses(
        "release-none", r"release: locked: expected one that may boot, with "
        r"a rollback_index of 0 or more, found none of 1: 1 \[lockdown\]"),
        cmdline="loglevel=7", conf=RELEASE, keys=KEY),
    Case("lockdown: another value than the release's", refuses(
        "release-none", r"release: locked: .+: 1 \[lockdown\]"),
        cmdline="systemd.unit=a.targets", conf=RELEASE, keys=KEY),
]
