# SPDX-License-Identifier: MIT
"""A virtual machine that runs the host program: an initramfs of busybox,
rootwright and its libraries, and a script of steps as init. For what needs
the kernel's fs-verity, or a power cut."""
import lzma
import os
import re
import shutil

from tap import ROOTWRIGHT, kernel, run

BEGIN = r"""#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys

# drive N: the device of the Nth drive. The kernel finds them in any order, and
# some later than others.
drive()
{
	while :; do
		for d in /sys/block/nvme*; do
			case $(cat $d/device/serial) in
			"d$1 "*) echo /dev/${d##*/} && return ;;
			esac
		done
		sleep 1
	done
}

# step NAME COMMAND...: what it says, and its exit code.
step()
{
	echo "begin $1"
	name=$1
	shift
	code=0
	"$@" >/out 2>&1 || code=$?
	cat /out
	echo "end $name $code"
}

echo
"""
END = """
echo all done
poweroff -f
"""


def add_program(root):
    """The host program and its libraries."""
    os.makedirs(f"{root}/bin", exist_ok=True)
    shutil.copy(ROOTWRIGHT, f"{root}/bin/rootwright")
    for library in set(re.findall(r"(/\S+) \(0x", run("ldd", ROOTWRIGHT)[1])):
        os.makedirs(root + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, root + library)


def add_modules(root, modules, names):
    """Those of a kernel that it has as modules, below /modules/RELEASE."""
    to = f"{root}/modules/{os.path.basename(modules)}"
    os.makedirs(to, exist_ok=True)
    for where, _, files in os.walk(modules):
        for name in files:
            module, dot, kind = name.partition(".ko")
            if dot and module in names:
                with (lzma.open if kind else open)(f"{where}/{name}",
                                                   "rb") as f:
                    data = f.read()
                with open(f"{to}/{module}.ko", "wb") as f:
                    f.write(data)


def make_initrd(where, script, dirs=(), program=True):
    """where/root becomes where/initrd; what the caller put there is kept.
    Returns whether it could be made."""
    root = f"{where}/root"
    for name in ("bin", "proc", "dev", "sys", *dirs):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    shutil.copy("/bin/busybox", f"{root}/bin/busybox")
    if program:
        add_program(root)
    with open(f"{root}/init", "w", encoding="ascii") as f:
        f.write(BEGIN + script + END)
    os.chmod(f"{root}/init", 0o755)
    return run("sh", "-c", f"cd {root} && find . | cpio -o -H newc --quiet "
               ">../initrd")[0] == 0


def run_guest(where, drives, memory=512, vmlinuz=None, limit=600):
    """Boots where/initrd with these drives (QEMU's options for -blockdev or
    -drive, in order). Returns (console, {step: (exit code, its words)}).
    After so many seconds it hangs."""
    argv = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,cx16=off",
            "-m", str(memory), "-nographic", "-no-reboot", "-net", "none",
            "-kernel", vmlinuz or kernel()[0], "-initrd", f"{where}/initrd", "-append",
            "console=ttyS0 panic=-1 no_timer_check loglevel=0", *drives]
    console = run(*argv, stdin=-3, timeout=limit)[1].replace("\r", "")
    return console, {m[1]: (int(m[3]), m[2]) for m in re.finditer(
        r"^begin (\S+)\n(.*?)^end \1 (\d+)$", console, re.M | re.S)}


def nvme(image, i):
    """QEMU's options for the image as drive i."""
    return ["-drive", f"file={image},if=none,id=d{i},format=raw",
            "-device", f"nvme,drive=d{i},serial=d{i}"]
