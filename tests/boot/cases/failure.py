# SPDX-License-Identifier: MIT
"""What is done after a refusal."""
from cases.common import CONF, NO_DIGEST, SHELL
from expect import Case, ends, refuses

CASES = [
    Case("on_failure=reboot, no witness",
         refuses("digest-missing", NO_DIGEST), cmdline="", via="busybox"),
    Case("on_failure=poweroff",
         refuses("digest-missing", NO_DIGEST, "poweroff"), cmdline="",
         conf=CONF.replace("=reboot", "=poweroff"), via="busybox"),
    Case("on_failure=halt", refuses("digest-missing", NO_DIGEST, "halt"),
         cmdline="", conf=CONF.replace("=reboot", "=halt"), via="busybox"),
    Case("PID 1: a refusal", refuses("digest-missing", NO_DIGEST), cmdline="",
         via="pid1", bus="nvme"),

    Case("PID 1: an init that the kernel does not execute", refuses(
        "handoff", r"hand-off: /sbin/junk: cannot be executed: Exec format "
        r"error"), conf=CONF + "init=/sbin/junk\n", via="pid1", bus="nvme"),
    Case("an init that the kernel does not execute", ends(
        "panic", ["Attempted to kill init"], [SHELL]), via="busybox",
        conf=CONF + "init=/sbin/junk\n"),
    Case("rootwright-boot is the verified root's init", ends(
        "panic", [r"refused \[not-initramfs\]: rootwright-boot: /: expected "
                  r"the root of an initramfs, found a running system"],
        [SHELL], reason="not-initramfs"), via="busybox",
        conf=CONF + "init=/sbin/again\n"),
]
