# SPDX-License-Identifier: MIT
"""Random trees at the boundaries of the image format, the same for the same
seed, and the composefs dump of a directory with its hard links kept.

Needs root (devices, owners, trusted xattrs). Names and paths are bytes.
"""
import errno
import hashlib
import os
import random
import stat
import struct

SIZES = [0, 1, 2, 63, 64, 65, 66, 2047, 2048, 2049, 4031, 4032, 4064, 4095,
         4096, 4097, 5000, 8191, 8192, 8193, 65536, 528385]
OWNERS = [0, 0, 0, 1, 1000, 65534, 65535, 65536, 65537, 0x7fffffff,
          0xfffffffe]
MODES = [0o644, 0o755, 0o600, 0o777, 0o000, 0o4755, 0o2755, 0o1777, 0o7777,
         0o6111]
SECONDS = [0, 1, 1, 1, 1000000000, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
           -1, -2**31]
NANOSECONDS = [0, 0, 0, 1, 999999999, 500000000]
DEVICES = [(0, 0), (0, 1), (1, 0), (1, 3), (8, 17), (255, 255), (256, 256),
           (4095, 1048575), (259, 65536)]
XATTR_SIZES = [0, 0, 1, 2, 3, 4, 5, 16, 31, 32, 33, 100, 255, 256, 300]
OVERLAY = ["opaque", "redirect", "metacopy", "whiteout", "whiteouts",
           "overlay.opaque", "overlay.overlay.x", "", "x"]
NAME_LENGTHS = [1, 1, 2, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 31, 60, 127, 128,
                253, 254, 255]
NAME_BYTES = [b"abcdefghijklmnopqrstuvwxyz0123456789", b"abc",
              b"-.!+,_~ ", bytes(range(1, 256)).replace(b"/", b""),
              b"\x7f\x80\xff\n\t\\=\"'@ "]


class RandomTree:
    """One tree below an existing empty directory."""

    def __init__(self, seed, tmpfs):
        self.r = random.Random(seed)
        self.tmpfs = tmpfs
        self.files = []        # what can get another name
        self.mtimes = []       # (path, seconds, nanoseconds), deepest last
        self.values = [self.bytes(self.r.choice(XATTR_SIZES))
                       for _ in range(4)]
        self.contents = [self.bytes(self.r.choice(SIZES)) for _ in range(3)]
        self.one_mtime = self.r.random() < 0.6
        # What has the smallest mtime of the tree may be a compact inode.
        self.none_older = self.r.random() < 0.7
        self.one_owner = self.r.random() < 0.5
        self.xattr_rate = self.r.choice([0, 0.1, 0.5, 1])
        self.label = self.r.random() < 0.4

    def bytes(self, n):
        return self.r.randbytes(n)

    def make(self, root):
        """The whole tree; the shape is chosen by the seed."""
        r = self.r
        shape = r.choice(["mixed"] * 6 + ["wide", "deep", "links", "flat"])
        root = os.fsencode(root)
        if shape == "deep":
            self.deep(root, r.randint(2, 200))
        elif shape == "wide":
            self.fill(root, r.randint(200, 900), 0)
        elif shape == "links":
            self.fill(root, 20, 1)
            for _ in range(150):
                self.link(root)
        elif shape == "flat":
            self.boundary(root)
        else:
            self.fill(root, r.randint(0, 25), r.randint(1, 4))
        if r.random() < 0.3:
            self.stub_names(root)
        self.attributes(root, stat.S_IFDIR)
        for path, seconds, nanoseconds in reversed(self.mtimes):
            os.utime(path, ns=(0, seconds * 10**9 + nanoseconds),
                     follow_symlinks=False)

    def name(self):
        r = self.r
        while True:
            alphabet = r.choice(NAME_BYTES)
            name = bytes(r.choice(alphabet)
                         for _ in range(r.choice(NAME_LENGTHS)))
            if name not in (b".", b".."):
                return name

    def fill(self, directory, n, depth):
        for _ in range(n):
            path = directory + b"/" + self.name()
            if depth and self.r.random() < 0.3:
                try:
                    os.mkdir(path)
                except FileExistsError:
                    continue
                self.fill(path, self.r.choice([0, 1, 2, 5, 12, 40]),
                          depth - 1)
                self.attributes(path, stat.S_IFDIR)
            elif self.r.random() < 0.15 and self.files:
                self.link(directory)
            else:
                self.leaf(path)

    def deep(self, path, n):
        for i in range(n):
            path += b"/" + (b"d" if n > 40 else self.name()[:20])
            os.mkdir(path)
            if self.r.random() < 0.2:
                self.leaf(path + b"/" + self.name())
            if self.r.random() < 0.1 or i == n - 1:
                self.attributes(path, stat.S_IFDIR)

    def boundary(self, root):
        """Directories whose names fill blocks to the byte, or nearly."""
        for i in range(6):
            path = root + b"/d%d" % i
            os.mkdir(path)
            # . and .. take 27 bytes; a name of n bytes takes 12 + n.
            left = 27
            goal = self.r.choice([2048, 4096, 4096 + 2048, 8192])
            goal += self.r.randint(-2, 2)
            k = 0
            while goal - left > 12 + 255:
                n = self.r.choice([8, 100, 255])
                self.leaf(path + b"/" + (b"%03d" % k).ljust(n, b"n"))
                left += 12 + n
                k += 1
            n = goal - left - 12
            if n >= 3:
                self.leaf(path + b"/" + (b"%03d" % k).ljust(n, b"n"))
            self.attributes(path, stat.S_IFDIR)

    def stub_names(self, root):
        for i in self.r.sample(range(256), self.r.randint(1, 20)):
            form = self.r.choice([b"%02x", b"%02X", b"%02x0", b"%x"])
            self.leaf(root + b"/" + form % i)

    def leaf(self, path):
        r = self.r
        if os.path.lexists(path):
            return
        kind = r.choice(["file"] * 8 + ["symlink"] * 3 +
                        ["device", "fifo", "socket"])
        mode = r.choice(MODES)
        if kind == "file":
            self.file(path)
            fmt = stat.S_IFREG
        elif kind == "symlink":
            n = r.choice([1, 2, 20, 59, 60, 61, 255, 1000, 2047, 2048, 2049,
                          3968, 4000, 4030, 4031, 4032, 4033, 4064, 4094,
                          4095])
            os.symlink(self.bytes(n).replace(b"\0", b"x"), path)
            fmt = stat.S_IFLNK
        elif kind == "device":
            fmt = r.choice([stat.S_IFCHR, stat.S_IFBLK])
            os.mknod(path, fmt | mode, os.makedev(*r.choice(DEVICES)))
        else:
            fmt = stat.S_IFIFO if kind == "fifo" else stat.S_IFSOCK
            os.mknod(path, fmt | mode)
        self.files.append(path)
        self.attributes(path, fmt)

    def file(self, path):
        r = self.r
        with open(path, "wb") as f:
            if r.random() < 0.03:
                f.truncate(r.choice([1 << 20, (1 << 22) + 1]))
            elif r.random() < 0.3:
                f.write(r.choice(self.contents))
            else:
                f.write(self.bytes(r.choice(SIZES)))

    def link(self, directory):
        if not self.files:
            return
        try:
            os.link(self.r.choice(self.files), directory + b"/" + self.name(),
                    follow_symlinks=False)
        except FileExistsError:
            pass

    def attributes(self, path, fmt):
        r = self.r
        if not self.one_owner:
            os.lchown(path, r.choice(OWNERS), r.choice(OWNERS))
        if fmt != stat.S_IFLNK:
            os.chmod(path, r.choice(MODES))
        if self.label:
            self.xattr(path, "security.selinux", r.choice(self.values))
        if r.random() < self.xattr_rate:
            self.xattrs(path, fmt)
        if self.one_mtime and r.random() < 0.9:
            self.mtimes.append((path, 1, 0))
        else:
            seconds = r.choice(SECONDS)
            if self.one_mtime and self.none_older:
                seconds = max(seconds, 1)
            self.mtimes.append((path, seconds, r.choice(NANOSECONDS)))

    def xattrs(self, path, fmt):
        r = self.r
        spaces = ["trusted.", "trusted.overlay.", "security.x"]
        if fmt in (stat.S_IFREG, stat.S_IFDIR):
            spaces += ["user.", "user.", "user.overlay."]
        many = r.random() < 0.05 and self.tmpfs
        for _ in range(160 if many else r.choice([1, 1, 2, 3, 5, 8])):
            space = r.choice(spaces)
            if "overlay" in space:
                key = space + r.choice(OVERLAY)
            elif many:
                key = space + "%d" % r.randint(0, 300)
            else:
                key = space + "k" * r.choice([1, 2, 3, 4, 40])
            value = (r.choice(self.values) if r.random() < 0.6
                     else self.bytes(r.choice(XATTR_SIZES)))
            # mkcomposefs 1.0.8 fails (ERANGE) when it replaces one of these
            # by a shorter value: it counts the old value's bytes wrongly.
            if key.endswith("overlay.opaque"):
                value = r.choice([b"x", b"y", b"n"])
            elif key.endswith(("overlay.whiteout", "overlay.whiteouts")):
                value = b""
            self.xattr(path, key, value)
        if fmt != stat.S_IFLNK and r.random() < 0.2:
            self.xattr(path, "system.posix_acl_access", self.acl())
        if fmt == stat.S_IFDIR and r.random() < 0.2:
            self.xattr(path, "system.posix_acl_default", self.acl())

    def acl(self):
        def entry(tag, who=0xffffffff):
            return struct.pack("<HHI", tag, self.r.randint(0, 7), who)
        return (struct.pack("<I", 2) + entry(1) +
                entry(2, self.r.choice([1, 1000, 70000])) + entry(4) +
                entry(16) + entry(32))

    def xattr(self, path, key, value):
        if key.endswith("."):
            return
        try:
            os.setxattr(path, key, value, follow_symlinks=False)
        except OSError as e:
            # What the file system has no room for, or no such name.
            if e.errno not in (errno.ENOSPC, errno.E2BIG, errno.EINVAL,
                               errno.EOPNOTSUPP):
                raise


def verity_digest(data):
    """fs-verity SHA-256, 4096-byte blocks, no salt, of bytes."""
    blocks = [data[i:i + 4096] for i in range(0, len(data), 4096)]
    level = [hashlib.sha256(b.ljust(4096, b"\0")).digest() for b in blocks]
    while len(level) > 1:
        level = [hashlib.sha256(b"".join(level[i:i + 128]).ljust(4096, b"\0"))
                 .digest() for i in range(0, len(level), 128)]
    root = level[0] if level else b""
    return hashlib.sha256(struct.pack(
        "<BBBBIQ64s32s144x", 1, 1, 12, 0, 0, len(data), root, b"")).hexdigest()


def _escape(data, equal=False):
    out = ""
    for c in data:
        if (0x21 <= c <= 0x7e and c != 0x5c and not (equal and c == 0x3d)):
            out += chr(c)
        else:
            out += "\\x%02x" % c
    return "\\x2d" if out == "-" else out


def _count_links(root):
    links = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            st = os.lstat(directory + b"/" + name)
            if not stat.S_ISDIR(st.st_mode):
                key = (st.st_dev, st.st_ino)
                links[key] = links.get(key, 0) + 1
    return links


def _walk(root, path=b""):
    yield path
    full = root + path
    if stat.S_ISDIR(os.lstat(full).st_mode):
        for name in sorted(os.listdir(full)):
            yield from _walk(root, path + b"/" + name)


def dump(root):
    """The tree as composefs dump text, hard links kept: an inode is at the
    first of its names, sorted, depth first."""
    root = os.fsencode(root)
    links = _count_links(root)
    first = {}
    lines = []
    for path in _walk(root):
        full = root + path
        st = os.lstat(full)
        key = (st.st_dev, st.st_ino)
        is_dir = stat.S_ISDIR(st.st_mode)
        target = None if is_dir else first.get(key)
        first.setdefault(key, path)
        payload = content = digest = "-"
        xattrs = []
        if target is not None:
            payload = _escape(target)
        elif stat.S_ISLNK(st.st_mode):
            payload = _escape(os.readlink(full))
        elif stat.S_ISREG(st.st_mode) and st.st_size:
            with open(full, "rb") as f:
                data = f.read()
            if len(data) <= 64:
                content = _escape(data)
            else:
                digest = verity_digest(data)
                payload = digest[:2] + "/" + digest[2:]
        if target is None:
            for name in os.listxattr(full, follow_symlinks=False):
                value = os.getxattr(full, name, follow_symlinks=False)
                xattrs.append(_escape(os.fsencode(name), True) + "=" +
                              _escape(value, True))
        lines.append(" ".join(
            [_escape(path or b"/"), str(0 if is_dir else st.st_size),
             ("@" if target is not None else "") + "%o" % st.st_mode,
             str(1 if is_dir else links[key]), str(st.st_uid),
             str(st.st_gid), str(st.st_rdev),
             "%d.%d" % divmod(st.st_mtime_ns, 10**9),
             payload, content, digest] + xattrs))
    return "\n".join(lines) + "\n"
