# SPDX-License-Identifier: MIT
"""A disk of QEMU's that logs each write and each flush (blklogwrites), and
that disk as it may have been when the power failed."""
import struct

from tap import equal

FLUSH, FUA, DISCARD = 1, 2, 4


def log_writes(image, i, device="nvme"):
    """QEMU's options for the image as /dev/nvme<i>n1, with a log. QEMU's NVMe
    (7.2) takes a write for FUA and logs it as any other, so that the disks made
    of its log lose more than a real one would; virtio-blk-pci has no FUA, and
    the kernel sends a flush after it."""
    with open(f"{image}.log", "wb"):
        pass
    return ["-blockdev", f"driver=file,node-name=file{i},filename={image}",
            "-blockdev", f"driver=file,node-name=log{i},filename={image}.log",
            "-blockdev", f"driver=blklogwrites,node-name=disk{i},"
            f"file=file{i},log=log{i}",
            "-device", f"{device},drive=disk{i},serial=d{i}"]


def read_log(path):
    """[(offset, bytes, flags)], as Linux' dm-log-writes has it. A flush ends
    what may be lost."""
    with open(path, "rb") as f:
        log = f.read()
    magic, version, entries, sector = struct.unpack_from("<QQQI", log)
    equal((magic, version), (0x6a736677736872, 1), "a log of writes")
    found, at = [], sector
    for _ in range(entries):
        start, n, flags, _ = struct.unpack_from("<QQQQ", log, at)
        at += sector
        size = 0 if flags & DISCARD else n * sector
        found.append((start * sector, log[at:at + size], flags))
        at += size
    return found


def disk_at(base, log, moment, draw, path):
    """The disk as the power cut at this moment may have left it: draw is the
    chance by which a write that no flush followed is there."""
    disk = bytearray(base)
    flushed = max([i for i in range(moment) if log[i][2] & FLUSH],
                  default=-1) + 1
    keep = draw.choice((0.0, 0.5, 0.9, 1.0))
    for i, (offset, data, flags) in enumerate(log[:moment]):
        if i < flushed or flags & FUA or draw.random() < keep:
            disk[offset:offset + len(data)] = data
    write_sparse(path, disk)


def write_sparse(path, disk):
    with open(path, "wb") as f:
        f.truncate(len(disk))
        for at in range(0, len(disk), 65536):
            part = disk[at:at + 65536]
            if part.count(0) != len(part):
                f.seek(at)
                f.write(part)
