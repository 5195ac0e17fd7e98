# SPDX-License-Identifier: MIT
"""An initramfs that is rootwright-boot, its policy and keys, and nothing else,
on kernels that have all it needs built in (make small-kernels)."""
import copy
import gzip
import os

import base
import cpio
import tap
import table
from cases.common import BOTH, DAMAGED, NO_DIGEST
from expect import Case, boots, refuses

LIMIT = 150000
# What is in it, beside directories.
FILES = ["etc/rootwright/boot.conf", "etc/rootwright/keys.d/trusted.pem",
         "init"]


def small(machine):
    """The machine with our kernel."""
    machine = copy.copy(machine)
    machine.kernel = f"small-{machine.name}"
    return machine


class OneFile(base.Base):
    """On a kernel without modules: no cases but those of PID 1, and one
    initramfs for all."""

    def built(self, kernel, fs="ext4", pid1=False):
        out = f"{base.DIR}/initrd{'.pid1' if pid1 else ''}"
        with self.lock:
            if out not in self.entries:
                self.entries[out] = self.pack(out, pid1)
        return out, self.entries[out]

    def pack(self, out, pid1):
        """The initramfs; what is in it is looked at."""
        config, build = f"{out}.config", self.machine.build
        os.makedirs(f"{config}/keys.d")
        with open(f"{config}/boot.conf", "w", encoding="ascii") as f:
            f.write(BOTH)
        with open(f"{config}/keys.d/trusted.pem", "wb") as f:
            f.write(self.certificates["trusted"])
        base.run(tap.ROOTWRIGHT, "initrd", "--no-modules", "--config", config,
                 "--boot", f"{build}/rootwright-boot", "--output", out,
                 *(["--pid1"] if pid1 else
                   ["--launcher", f"{build}/rootwright-launch",
                    *self.machine.busybox()]))
        with gzip.open(out) as f:
            entries = cpio.read(f.read())
        files = sorted(n for n, e in entries.items() if e.data)
        if pid1 and (files != FILES or os.path.getsize(out) >= LIMIT):
            raise RuntimeError(f"{out}: {os.path.getsize(out)} bytes, {files}")
        return entries


def cases(machine):
    """A boot that goes through all of it, and refusals."""
    def case(name, expect, **other):
        return Case(f"{machine.name}: {name}", expect, via="built pid1",
                    kernel=f"small-{machine.name}", **other)

    return [
        case("digest and signature, a bit flipped in an object", boots(
            "digest+signature", signed=True, victim="I/O error",
            mapped="Bus error"), disk=["flip {victim} 100000"]),
        case("no digest", refuses("digest-missing", NO_DIGEST), cmdline=""),
        case("image: a bit flipped in an inode", DAMAGED,
             disk=["flip {image_one} 9000"]),
    ]


def run(machine):
    """The table of a machine."""
    if not tap.kernel(small(machine).kernel):
        tap.skip_all(f"no kernel {small(machine).kernel}: run make "
                     "small-kernels")
    table.run(cases(machine), type("Artefacts", (OneFile,), {
        "machine": small(machine)}))
