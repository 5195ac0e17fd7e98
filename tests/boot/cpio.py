# SPDX-License-Identifier: MIT
"""Read and write initramfs archives (cpio "newc", as the kernel documents it
in driver-api/early-userspace/buffer-format), so that a case can change one
file of the initramfs that the builder wrote."""
import stat


class Entry:
    """One file: mode with its type, content."""

    def __init__(self, mode, data=b""):
        self.mode, self.data = mode, data


def _pad(n):
    return -n % 4


def read(archive):
    """The entries of an uncompressed archive, by name, in its order."""
    entries, at = {}, 0
    while True:
        if archive[at:at + 6] != b"070701":
            raise ValueError(f"cpio: offset {at}: expected a header")
        field = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16)
                 for i in range(13)]
        mode, size, name_size = field[1], field[6], field[11]
        at += 110
        name = archive[at:at + name_size - 1].decode()
        at += name_size + _pad(110 + name_size)
        if name == "TRAILER!!!":
            return entries
        entries[name] = Entry(mode, archive[at:at + size])
        at += size + _pad(size)


def _one(ino, name, entry):
    name = name.encode() + b"\0"
    fields = (ino, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0, 0, 0,
              len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    return (head + bytes(_pad(len(head))) + entry.data
            + bytes(_pad(len(entry.data))))


def write(entries):
    """The archive of these entries."""
    parts = [_one(n, name, e) for n, (name, e)
             in enumerate(entries.items(), 1)]
    return b"".join(parts) + _one(0, "TRAILER!!!", Entry(0))


def file(data, mode=0o644):
    """A regular file."""
    return Entry(stat.S_IFREG | mode,
                 data if isinstance(data, bytes) else data.encode())


def directory():
    """A directory."""
    return Entry(stat.S_IFDIR | 0o755)


def link(target):
    """A symbolic link."""
    return Entry(stat.S_IFLNK | 0o777, target.encode())


def directory(mode=0o755):
    """A directory."""
    return Entry(stat.S_IFDIR | mode)
