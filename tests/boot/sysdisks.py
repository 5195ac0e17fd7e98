# SPDX-License-Identifier: MIT
"""Disks without QEMU: image files as loop devices, and the part of /dev and
/sys that rootwright-boot looks at, laid out as the kernel does for /dev/vda,
/dev/vda1, /dev/vdb, ...; nothing of the machine's own is there. A partition is
a loop device of its own, so that a kernel without GPT will do."""
import contextlib
import os
import stat
import struct
import zlib

from base import run


def _partitions(image):
    """[(number, first sector, sectors)] of a GPT whose checksums are right:
    of another one the kernel makes none. Sectors of 512 bytes."""
    with open(image, "rb") as f:
        f.seek(512)
        header = f.read(92)
        first, count, size, crc = struct.unpack_from("<QIII", header, 72)
        f.seek(first * 512)
        table = f.read(count * size)
    own, = struct.unpack_from("<I", header, 16)
    if zlib.crc32(header[:16] + bytes(4) + header[20:]) != own \
            or zlib.crc32(table) != crc:
        return []
    found = []
    for n in range(count):
        start, end = struct.unpack_from("<QQ", table, n * size + 32)
        if start:
            found.append((n + 1, start, end - start + 1))
    return found


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class _Machine:
    """What is attached, and the directory that shows it."""

    def __init__(self, top):
        self.top, self.loops = top, []
        os.makedirs(f"{top}/dev", exist_ok=True)
        os.makedirs(f"{top}/sys/class/block")

    def device(self, name, place, image, *options, **attributes):
        """A node, and its directory in /sys."""
        loop = run("losetup", "--find", "--show", "--read-only", *options,
                   image).strip()
        self.loops.append(loop)
        number = os.stat(loop).st_rdev
        os.mknod(f"{self.top}/dev/{name}", stat.S_IFBLK | 0o600, number)
        place = f"{self.top}/sys/devices/{place}"
        _write(f"{place}/uevent", f"MAJOR={os.major(number)}\n"
               f"MINOR={os.minor(number)}\nDEVNAME={name}\n")
        for attribute, value in attributes.items():
            _write(f"{place}/{attribute}", f"{value}\n")
        listed = f"{self.top}/sys/class/block"
        os.symlink(os.path.relpath(place, listed), f"{listed}/{name}")

    def disk(self, name, image):
        """A disk and its partitions."""
        self.device(name, name, image)
        for n, start, sectors in _partitions(image):
            self.device(f"{name}{n}", f"{name}/{name}{n}", image,
                        "--offset", str(start * 512),
                        "--sizelimit", str(sectors * 512),
                        partition=n, start=start)

    def detach(self):
        """All of them."""
        for loop in self.loops:
            run("losetup", "--detach", loop)


@contextlib.contextmanager
def attached(top, images):
    """While it lasts, top/dev and top/sys show these images as disks."""
    machine = _Machine(top)
    try:
        for letter, image in zip("abcd", images):
            machine.disk(f"vd{letter}", image)
        yield
    finally:
        machine.detach()
