# SPDX-License-Identifier: MIT
"""No shell, whatever goes wrong or is asked for."""
from cases.common import BIN, CONF, SHELL, file, script
from expect import Case, ends

CASES = [
    Case("rdinit=/bin/busybox sh", ends(
        "panic", ["Failed to execute /bin/busybox"], [SHELL]),
        cmdline="composefs={one} rdinit=/bin/busybox sh", via="busybox"),
    Case("rdinit=/bin/sh", ends("panic", [], [SHELL]),
         cmdline="composefs={one} rdinit=/bin/sh", via="busybox"),
    Case("rdinit=/etc/rootwright/init", ends(
        "panic", ["Failed to execute /etc/rootwright/init"], [SHELL]),
        cmdline="composefs={one} rdinit=/etc/rootwright/init",
        via="busybox"),
    Case("rdinit=/bin/rootwright-boot --check-config /", ends(
        "reboot", [], [SHELL]), via="busybox",
        cmdline="rdinit=/bin/rootwright-boot --check-config /etc/rootwright"),
    Case("rdinit= of nothing, root= on a disk without a built-in driver",
         ends("panic", ["Unable to mount root fs"], [SHELL]), via="busybox",
         cmdline="composefs={one} rdinit=/nonexistent root=/dev/vda1"),
    Case("boot program missing", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 127"],
        [SHELL]), initrd={BIN: None}, via="busybox"),
    Case("boot program without execute permission", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 126"],
        [SHELL]), initrd={BIN: file(b"", 0o644)}, via="busybox"),
    Case("boot program crashes", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 139"],
        [SHELL]), initrd={BIN: script("kill -SEGV $$\n")}, via="busybox"),
    Case("boot program is killed", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 137"],
        [SHELL]), initrd={BIN: script("kill -KILL $$\n")}, via="busybox"),
    Case("boot program succeeds without a root", ends(
        "reboot", ["rootwright-init: /run/rootwright/init: reboot"],
        [SHELL]), initrd={BIN: script("exit 0\n")}, via="busybox"),
    Case("a crash and sysctl.kernel.core_pattern=|/bin/busybox", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 139"],
        [SHELL]), initrd={BIN: script("kill -SEGV $$\n")}, via="busybox",
        cmdline='composefs={one} "sysctl.kernel.core_pattern=|/bin/busybox '
        'poweroff -f"'),
    Case("busybox missing", ends(
        "reboot", ["rootwright-launch: /bin/busybox: "], [SHELL]),
        initrd={"bin/busybox": None}, via="busybox"),
    Case("keys pressed during the delay after a refusal", ends(
        "reboot", [r"rootwright-boot: refused \[digest-missing\]"],
        [SHELL, "^/$"]), cmdline="", via="busybox",
        conf=CONF.replace("delay=0", "delay=2"),
        typing=("refused [", 0, b"\x03\x1c\x1a\r\nsh\npwd\necho PWN''ED\n")),
    Case("ctrl-alt-del", ends(
        "reboot", [r"rootwright-boot: refused \[digest-missing\]"], [SHELL]),
        cmdline="", via="busybox",
        conf=CONF.replace("delay=0", "delay=3600"),
        typing=("refused [", 0, b"monitor:sendkey ctrl-alt-delete")),
]
