# SPDX-License-Identifier: MIT
"""The machines that boots are tried on: QEMU's, and what makes programs for
them. x86-64 is the one that the tests run on; the others need make
deps-cross."""
import glob
import os
import shutil

import tap


class Machine:
    """One of them.

    triplet   what its compiler is called by, as in make CROSS=
    console   the first serial port, which a person would see
    witness   the second, for our own witnesses
    modules   the drivers that the tests' disks need
    """

    def __init__(self, name, triplet, qemu, console="ttyAMA0",
                 witness="ttyS0", kernel="", modules=""):
        self.name, self.triplet, self.qemu = name, triplet, qemu
        self.console, self.witness = console, witness
        self.kernel = kernel
        self.modules = modules or "virtio_pci virtio_blk nvme"
        self.native = name == "x86_64"
        # Where make puts its programs, and where its libraries are.
        self.build = tap.B if self.native else f"{tap.B}/{triplet}"
        self.sysroot = "" if self.native else f"{tap.CACHE}/cross/{triplet}"
        musl = triplet.replace("gnu", "musl")
        self.musl = f"{self.sysroot}/usr/lib/{musl}"
        self.musl_headers = f"{self.sysroot}/usr/include/{musl}"

    def missing(self):
        """Why boots on it cannot run here, or nothing."""
        deps = "make deps" if self.native else "make deps-cross"
        if not shutil.which(self.qemu[0]):
            return f"no {self.qemu[0]}: {deps} installs it"
        if not glob.glob(f"{self.musl}/libc.so"):
            return f"no musl for {self.name}: {deps} installs it"
        if not os.path.exists(f"{self.build}/rootwright-boot"):
            return f"no {self.build}/rootwright-boot: make cross makes it"
        return ""

    def loader(self):
        """The name of musl's loader, in /lib."""
        return os.path.basename(
            glob.glob(f"{self.sysroot}/lib/ld-musl-*.so.1")[0])

    def compiler(self, static):
        """The command that compiles a program of the guest with musl."""
        if self.native:
            return ["musl-gcc"] + ["-static"] * static
        lib = self.musl
        return [f"{self.triplet}-gcc", "-nostdinc", "-isystem",
                self.musl_headers, "-isystem", tap.run(
                    f"{self.triplet}-gcc", "-print-file-name=include"
                )[1].strip(), "-nostdlib", "-fno-pie", "-no-pie",
                *(["-static"] if static else
                  [f"-Wl,--dynamic-linker=/lib/{self.loader()}"]),
                f"{lib}/crt1.o", f"{lib}/crti.o"]

    def libraries(self):
        """What follows the sources on that command."""
        if self.native:
            return []
        return [f"-L{self.musl}", "-lc", "-lgcc", "-lc",
                f"{self.musl}/crtn.o"]

    def busybox(self):
        """The option of the builder that names its busybox."""
        found = [f"{self.sysroot}/{d}bin/busybox" for d in ("", "usr/")]
        return [] if self.native else [
            "--busybox", next(filter(os.path.exists, found), found[0])]

    def ports(self, witness):
        """QEMU's options for the two ports, the second to a file."""
        if self.native:
            return ["-serial", "stdio", "-serial", f"file:{witness}"]
        return ["-serial", "stdio", "-chardev", f"file,id=w,path={witness}",
                "-device", "pci-serial,chardev=w"]


# cx16=off: in QEMU 7.2 an interrupt after a cmpxchg16b can find garbage in
# the flags, and about one kernel in 300 dies of it in its allocator.
X86_64 = Machine(
    "x86_64", "x86_64-linux-gnu",
    ["qemu-system-x86_64", "-cpu", "max,cx16=off", "-vga", "none"],
    console="ttyS0", witness="ttyS1", kernel="bookworm-6.12")
AARCH64 = Machine(
    "aarch64", "aarch64-linux-gnu",
    ["qemu-system-aarch64", "-M", "virt", "-cpu", "max"],
    kernel="trixie-6.12-arm64")
# highmem=off: a kernel without LPAE does not see the PCI host otherwise.
ARM = Machine(
    "arm", "arm-linux-gnueabihf",
    ["qemu-system-arm", "-M", "virt,highmem=off", "-cpu", "cortex-a15"],
    kernel="trixie-6.12-armhf")
RISCV64 = Machine(
    "riscv64", "riscv64-linux-gnu", ["qemu-system-riscv64", "-M", "virt"],
    console="ttyS0", witness="ttyS1", kernel="trixie-6.12-riscv64")
