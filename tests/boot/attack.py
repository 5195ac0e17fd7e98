# SPDX-License-Identifier: MIT
"""Change a disk image as an attacker or an accident would: below the file
system's back for content, with debugfs for names and inodes."""
import os
import re
import struct
import subprocess
import zlib

import forge

BLOCK = 4096


class Disk:
    """A GPT disk image whose first partition is ext4."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            f.seek(1024)
            self.start = struct.unpack("<QQ", f.read(48)[32:48])[0] * 512

    def debugfs(self, *commands, write=True):
        """Runs debugfs commands; returns what they printed."""
        p = subprocess.run(
            ["debugfs"] + ["-w"] * write
            + ["-f", "-", f"{self.path}?offset={self.start}"],
            input="\n".join(commands) + "\n", text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, DEBUGFS_PAGER="cat"))
        lines = [line for line in p.stdout.splitlines()
                 if not line.startswith(("debugfs", "Allocated inode"))]
        bad = [line for line in lines if re.search(
            r"not found|Unknown|Usage|[Ff]ailed|illegal|bad ", line)]
        if p.returncode or bad:
            raise RuntimeError(f"debugfs {commands}: {p.stdout}")
        return "\n".join(lines)

    def offset(self, path, at):
        """Where byte `at` of the file lies in the disk image."""
        out = self.debugfs(f"bmap {path} {at // BLOCK}", write=False)
        block = int(out.split()[-1])
        if not block:
            raise RuntimeError(f"{path}: byte {at}: a hole")
        return self.start + block * BLOCK + at % BLOCK

    def size(self, path):
        """The file's size in bytes."""
        out = self.debugfs(f"stat {path}", write=False)
        return int(re.search(r"Size: (\d+)", out).group(1))

    def peek(self, path):
        """The file's content."""
        p = subprocess.run(["debugfs", "-R", f"cat {path}",
                            f"{self.path}?offset={self.start}"],
                           check=True, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL)
        return p.stdout

    def flip(self, path, at):
        """Inverts one bit of byte `at`; negative: from the end."""
        if at < 0:
            at += self.size(path)
        self.flip_disk(self.offset(path, at))

    def flip_disk(self, where):
        """Inverts one bit of byte `where` of the whole disk."""
        with open(self.path, "r+b") as f:
            f.seek(where)
            byte = f.read(1)[0]
            f.seek(where)
            f.write(bytes([byte ^ 1]))

    def remove(self, path):
        """Removes the name (and its inode)."""
        self.debugfs(f"rm {path}")

    def put(self, path, data):
        """A new plain file (no fs-verity), in place of what was there."""
        host = self.path + ".put"
        with open(host, "wb") as f:
            f.write(data)
        try:
            self.remove(path)
        except RuntimeError:
            pass  # there was none
        parent, name = os.path.split(path)
        try:
            self.mkdir(parent)
        except RuntimeError:
            pass  # it is there
        try:
            self.debugfs(f"cd {parent}", f"write {host} {name}")
        finally:
            os.unlink(host)

    def fill(self, path, size):
        """A plain file of that many zeros in its place."""
        self.put(path, bytes(size))

    def install(self, path, host):
        """A copy of a file of the host in its place."""
        with open(host, "rb") as f:
            self.put(path, f.read())

    def feature(self, *words):
        """Features of the file system: -verity."""
        self.debugfs("feature " + " ".join(words))

    def superblock(self, field, value):
        """A field of the superblock, by debugfs' name for it."""
        self.debugfs(f"set_super_value {field} {value}")

    def wreck(self):
        """Zeros over the superblock."""
        with open(self.path, "r+b") as f:
            f.seek(self.start + 1024)
            f.write(bytes(1024))

    def smear(self, byte):
        """One byte all over the superblock, but for the magic number."""
        with open(self.path, "r+b") as f:
            f.seek(self.start + 1024)
            f.write(bytes([byte]) * 56 + b"\x53\xef" + bytes([byte]) * 966)

    def unseal(self, path):
        """Takes the fs-verity flag away; the bytes stay."""
        self.debugfs(f"set_inode_field {path} flags 0x80000")

    def shrink(self, path, size):
        """Sets i_size, and nothing else."""
        self.debugfs(f"set_inode_field {path} size {size}")

    def directory(self, path):
        """A directory in its place."""
        self.debugfs(f"rm {path}", f"mkdir {path}")

    def mkdir(self, path):
        """A new directory."""
        self.debugfs(f"mkdir {path}")

    def symlink(self, path, target):
        """A symbolic link in its place, or a new one."""
        try:
            self.remove(path)
        except RuntimeError:
            pass  # there was none
        self.debugfs(f"symlink {path} {target}")

    def node(self, path, *what):
        """A FIFO (p) or a device (c 1 3) in its place."""
        parent, name = os.path.split(path)
        self.debugfs(f"rm {path}", f"cd {parent}",
                     f"mknod {name} {' '.join(map(str, what))}")

    def seal(self, path, algorithm="sha256", block=4096, salt=""):
        """The same bytes with fs-verity of this kind, rightly made."""
        data = self.peek(path)
        self.put(path, forge.sealed(data, algorithm, block, salt.encode()))
        self.debugfs(f"set_inode_field {path} size {len(data)}",
                     f"set_inode_field {path} flags 0x180000")

    def flip_descriptor(self, path, at):
        """Inverts one bit of the fs-verity descriptor: the last block."""
        out = self.debugfs(f"ex {path}", write=False).splitlines()[-1]
        last = int(re.findall(r"\d+ *- *(\d+)", out)[1])
        self.flip_disk(self.start + last * BLOCK + at)

    def full(self):
        """Not one block is free."""
        free = int(re.search(r"Free blocks: +(\d+)", self.debugfs(
            "stats", write=False)).group(1))
        # A file needs blocks for its extents, too.
        self.put("/full", b"x" * (free - 4) * BLOCK)
        for n in range(4):
            try:
                self.put(f"/full{n}", b"x")
            except RuntimeError:
                return

    def swap_in(self, path, other):
        """The inode of another file (sealed, intact) under this name."""
        self.debugfs(f"unlink {path}", f"ln {other} {path}")

    def sectors(self, size):
        """The partition table as a disk of sectors of this size has it."""
        with open(self.path, "r+b") as f:
            f.seek(512)
            header = bytearray(f.read(92))
            f.seek(1024)
            table = bytearray(f.read(128 * 128))
            total = f.seek(0, os.SEEK_END) // size
            for at in range(0, len(table), 128):
                first, last = struct.unpack_from("<QQ", table, at + 32)
                if last:
                    struct.pack_into("<QQ", table, at + 32,
                                     first * 512 // size,
                                     (last + 1) * 512 // size - 1)
            struct.pack_into("<QQQ", header, 32, total - 1,
                             2 + len(table) // size,
                             total - 2 - len(table) // size)
            struct.pack_into("<I", header, 88, zlib.crc32(table))
            struct.pack_into("<I", header, 16, 0)
            struct.pack_into("<I", header, 16, zlib.crc32(header))
            f.seek(512)
            f.write(bytes(33 * 512))
            f.seek(size)
            f.write(header.ljust(size, b"\0") + table)
