#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright-guard as /init, in an initramfs that has nothing else but a
busybox in place of the real init: what the initramfs gets to see of the kernel
command line, and what is refused."""
import os
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import cpio  # noqa: E402
import vm  # noqa: E402
from tap import B, done, equal, has, kernel, ok, skip_all  # noqa: E402

INIT = """#!/bin/busybox sh
b=/bin/busybox
mounts=$($b cut -d ' ' -f 2 /proc/mounts | $b tr '\\n' ' ')
$b mount -t devtmpfs dev /dev
exec >/dev/ttyS1 2>&1 </dev/null
echo "args $#"
echo "cmdline $($b cat /proc/cmdline)"
echo "env $($b env | $b sort | $b tr '\\n' ' ')"
echo "pattern $($b cat /proc/sys/kernel/core_pattern)"
echo "loader $($b stat -c %a /loader)"
echo "mounts $mounts"
echo "credentials $($b stat -c '%F %a' /run/credentials/@system)" \
	$($b ls /run/credentials/@system)
$b poweroff -f
"""
LIB = "usr/lib/rootwright"

why = base.missing()
if why:
    skip_all(why)
T = base.DIR
shutil.rmtree(T, ignore_errors=True)
os.makedirs(T)
VMLINUZ = kernel()[0]


def read(path):
    with open(path, "rb") as f:
        return f.read()


def boot(name, cmdline, failure="reboot 0\n", drop=(), more=()):
    """The guard around INIT, with this on the kernel command line."""
    entries = {d: cpio.directory() for d in
               ("bin", "dev", "proc", "usr", "usr/lib", LIB)}
    entries |= {
        "init": cpio.file(read(f"{B}/rootwright-guard"), 0o755),
        "bin/busybox": cpio.file(read("/bin/busybox"), 0o755),
        "loader": cpio.file(b"", 0o644),
        f"{LIB}/loader": cpio.link("/loader"),
        f"{LIB}/init": cpio.file(INIT, 0o755),
        f"{LIB}/arguments": cpio.file("quiet\nconsole\nmine\n"),
        f"{LIB}/on_failure": cpio.file(failure),
    }
    entries.update(more)
    for path in drop:
        del entries[path]
    initrd = f"{T}/initrd"
    with open(initrd, "wb") as f:
        f.write(cpio.write(entries))
    out = vm.boot(VMLINUZ, initrd, "console=ttyS0 panic=-1 no_timer_check "
                  + cmdline, memory=256)
    with open(f"{T}/{name}.log", "w", encoding="utf-8") as f:
        f.write(out.console + out.witness)
    return out


def refused(cmdline, sentence, end="reboot", **kwargs):
    out = boot("refused", cmdline, **kwargs)
    has(out.console, f"rootwright-guard: {sentence}", cmdline or sentence)
    equal((out.end, out.witness), (end, ""), "and nothing was started")


out = boot("hidden", "quiet mine=1 root=/dev/sda1 init=/bin/sh systemd.unit=x "
           "mine2=3 \"mine=a x b\" quiet=\\x EVIL=1 SYSTEMD_LOG=2 "
           "rd.emergency=halt rd.shell=0 sysctl.kernel.core_pattern=|/x -- "
           "single")
equal(out.said("cmdline"), [
    "rd.shell=0 systemd.import_credentials=no rd.emergency=reboot "
    "console=ttyS0 quiet mine=1"],
    "the initramfs sees what it may see")
equal(out.said("args"), ["0"], "init gets no arguments")
ok(not any("EVIL" in e or "SYSTEMD_LOG" in e for e in out.said("env")),
   "and none of the environment", out.witness)
equal(out.said("pattern"), ["core"], "a crash starts nothing")
equal(out.said("loader"), ["755"], "the loader can be executed now")
equal(out.said("mounts"), ["/ /proc /proc/cmdline /run "], "what is mounted")
ok(any("CREDENTIALS_DIRECTORY=/run/credentials/@system " in e
       for e in out.said("env")), "systemd has its credentials", out.witness)
equal(out.said("credentials"), ["directory 700"], "and there are none")
equal(out.end, "poweroff", "the machine goes off")

NO_SHELL = ": there is no shell in this initramfs: reboot in 0 s"
for word in ("rd.break", "rd.break=pre-mount", "rd.shell", "rd.shell=1",
             "rd.cmdline=ask", "rd.emergency", "rd.systemd.unit=x.target",
             "SYSTEMD_SULOGIN_FORCE=1"):
    refused(f"quiet {word}", f"command line: {word}{NO_SHELL}")
refused("quiet rd.break", "command line: rd.break: there is no shell in this "
        "initramfs: poweroff in 1 s", "poweroff", failure="poweroff 1\n")
refused("quiet", "/usr/lib/rootwright/init: cannot be executed: No such file "
        "or directory: halt in 0 s", "halt", failure="halt 0\n",
        drop=(f"{LIB}/init",))
refused("quiet", "/usr/lib/rootwright/loader: No such file or directory: "
        "reboot in 10 s", drop=(f"{LIB}/loader", f"{LIB}/on_failure"))
done()
