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


def artefacts(machine):
    """For that machine, on a kernel of ours."""
    small = copy.copy(machine)
    small.kernel = f"small-{machine.name}"

    class Artefacts(base.Base):
        """Without modules."""

        machine = small

        def built(self, kernel, fs="ext4", pid1=False):
            """No cases but those of PID 1, and one initramfs for all."""
            out = f"{base.DIR}/initrd"
            with self.lock:
                if out not in self.entries:
                    self.entries[out] = self.one_file(out)
            return out, self.entries[out]

        def one_file(self, out):
            """Built, and looked at."""
            config = f"{base.DIR}/config"
            os.makedirs(f"{config}/keys.d")
            with open(f"{config}/boot.conf", "w", encoding="ascii") as f:
                f.write(BOTH)
            with open(f"{config}/keys.d/trusted.pem", "wb") as f:
                f.write(self.certificates["trusted"])
            base.run(tap.ROOTWRIGHT, "initrd", "--pid1", "--no-modules",
                     "--config", config, "--boot",
                     f"{small.build}/rootwright-boot", "--output", out)
            with gzip.open(out) as f:
                entries = cpio.read(f.read())
            files = sorted(n for n, e in entries.items() if e.data)
            if files != FILES or os.path.getsize(out) > LIMIT:
                raise RuntimeError(f"{out}: {os.path.getsize(out)} bytes, "
                                   f"{files}")
            return entries

    return Artefacts


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
    table.run(cases(machine), artefacts(machine))
