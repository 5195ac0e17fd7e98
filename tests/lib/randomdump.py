# SPDX-License-Identifier: MIT
"""Random composefs dumps at the boundaries of the image format, the same for
the same seed: what no file system would hold (sizes over 4 GiB, chunk
limits, times before 1970 and after 2106, xattrs of any prefix and number,
link counts that are wrong, hard links before their targets) comes from here.

mkcomposefs 1.0.8 is the judge: what it is known to write wrongly or to refuse
is not made.
"""
import random

SIZES = [1, 64, 65, 4095, 4096, 4097, 8192, 2**31 - 1, 2**31, 2**32 - 1,
         2**32, 2**32 + 1, 2**43, 2**43 + 1, 2**50, 2**52 + 1, 2**53 - 1,
         2**53]
INLINE = [0, 1, 63, 64, 65, 100, 2047, 2048, 2049, 4000, 4095, 4096, 4097,
          5000]
IDS = [0, 0, 0, 1, 1000, 65534, 65535, 65536, 2**31, 2**32 - 2, 2**32 - 1]
NLINKS = [1, 1, 1, 1, 0, 2, 3, 65535, 65536, 2**32 - 1]
SECONDS = [-2**63, -2**40, -2**31 - 1, -2**31, -2, -1, 0, 1, 2**31 - 1, 2**31,
           2**32 - 1, 2**32, 4300000000, 2**40, 2**63 - 1]
NANOSECONDS = [0, 0, 1, 500000000, 999999999]
TYPES = {"file": 0o100000, "symlink": 0o120000, "char": 0o020000,
         "block": 0o060000, "fifo": 0o010000, "socket": 0o140000}
RDEVS = [0, 1, 259, 0x811, 0xffff, 0x10000, 0xfff0ff00, 2**32 - 1]
PREFIXES = [b"user.", b"trusted.", b"security.", b"trusted.overlay.",
            b"trusted.overlay.overlay.", b"user.overlay.", b"lustre.",
            b"system.posix_acl_access", b"system.posix_acl_default",
            b"system.", b"other", b"user", b"trusted"]
NAME_LENGTHS = [1, 1, 2, 3, 4, 8, 12, 17, 60, 254, 255]
TARGETS = [1, 2, 20, 255, 2047, 2048, 3900, 3968, 4000, 4031, 4032, 4064,
           4094, 4095]


def escape(data, equal=False):
    out = ""
    for c in data:
        if 0x21 <= c <= 0x7e and c != 0x5c and not (equal and c == 0x3d):
            out += chr(c)
        else:
            out += {0x0a: "\\n", 0x5c: "\\\\"}.get(c, "\\x%02x" % c)
    return "\\x2d" if out == "-" else out


class RandomDump:
    def __init__(self, seed, entries):
        self.r = random.Random(seed)
        r = self.r
        self.entries = entries
        self.dirs = [b""]
        self.files = []   # paths of what a hard link may name
        self.names = set()
        self.one_mtime = r.random() < 0.6
        self.mtime = "%d.%d" % (r.choice(SECONDS), r.choice(NANOSECONDS))
        self.values = [r.randbytes(r.choice([0, 1, 4, 20, 33, 300]))
                       for _ in range(5)]
        self.digests = ["%064x" % r.getrandbits(256) for _ in range(3)]
        self.xattr_rate = r.choice([0, 0.1, 0.5, 1])
        self.many = r.random() < 0.1

    def meta(self, mode, size, nlink, rdev=0):
        r = self.r
        mtime = self.mtime
        if not self.one_mtime or r.random() < 0.1:
            mtime = "%d.%d" % (r.choice(SECONDS), r.choice(NANOSECONDS))
        return "%d %o %d %d %d %d %s" % (size, mode, nlink, r.choice(IDS),
                                         r.choice(IDS), rdev, mtime)

    def path(self):
        r = self.r
        while True:
            n = r.choice(NAME_LENGTHS)
            alphabet = r.choice([b"abc", b"-.+ \\=@\n\xff\x01",
                                 b"0123456789abcdef"])
            path = r.choice(self.dirs) + b"/" + bytes(
                r.choice(alphabet) for _ in range(n))
            if path.rsplit(b"/", 1)[1] in (b".", b".."):
                continue
            if path not in self.names:
                self.names.add(path)
                return path

    def xattrs(self):
        r = self.r
        if r.random() >= self.xattr_rate:
            return ""
        found = {}
        n = 200 if self.many and r.random() < 0.1 else r.choice([1, 2, 3, 8])
        for i in range(n):
            prefix = r.choice(PREFIXES)
            key = prefix
            if not prefix.startswith(b"system.posix") and r.random() < 0.95:
                key += r.choice([b"x", b"y", b"=", b"opaque", b"metacopy",
                                 b"redirect", b"%d" % i, b"k" * 200])
            value = (r.choice(self.values) if r.random() < 0.6 else
                     r.randbytes(r.choice([0, 1, 2, 3, 4, 100])))
            # mkcomposefs replaces these, and counts their bytes wrongly
            # when the new value is shorter (ERANGE).
            if key.endswith((b"overlay.opaque", b"overlay.whiteout",
                             b"overlay.whiteouts")):
                continue
            found[key] = value
        return "".join(" %s=%s" % (escape(k, True), escape(v, r.random() < .5))
                       for k, v in found.items())

    def file(self, mode):
        r = self.r
        if r.random() < 0.4:
            data = r.randbytes(r.choice(INLINE))
            return "%s - %s -" % (
                self.meta(mode, len(data), r.choice(NLINKS)),
                escape(data) if data or r.random() < 0.5 else "-")
        digest = (r.choice(self.digests) if r.random() < 0.3
                  else "%064x" % r.getrandbits(256))
        payload = digest[:2] + "/" + digest[2:]
        kind = r.random()
        if kind < 0.1:
            payload = escape(r.choice([b"some/where else", b"/abs", b"-",
                                       b"p" * 4095]))
        elif kind < 0.2:
            payload = "-"
        if r.random() < 0.15:
            digest = "-"
        elif r.random() < 0.1:
            digest = digest.upper()
        return "%s %s - %s" % (
            self.meta(mode, r.choice(SIZES), r.choice(NLINKS)), payload,
            digest)

    def entry(self):
        r = self.r
        path = self.path()
        where = escape(path)
        kind = r.choice(["file"] * 6 + ["dir"] * 3 + ["symlink"] * 2 +
                        ["char", "block", "fifo", "socket", "link", "link"])
        perms = r.choice([0o644, 0o755, 0, 0o7777, 0o4711, 0o1777])
        if kind == "link":
            if not self.files:
                return None
            return "%s 0 @100644 1 0 0 0 0.0 %s - -" % (
                where, escape(r.choice(self.files)))
        if kind == "dir":
            self.dirs.append(path)
            rest = self.meta(0o40000 | perms, r.choice(SIZES), 1) + " - - -"
        elif kind == "file":
            rest = self.file(TYPES[kind] | perms)
        elif kind == "symlink":
            target = bytes(r.choice(b"abc/\xff \\")
                           for _ in range(r.choice(TARGETS)))
            rest = "%s %s - -" % (
                self.meta(TYPES[kind] | perms, len(target), r.choice(NLINKS)),
                escape(target))
        else:
            rdev = r.choice(RDEVS) if kind in ("char", "block") else 0
            # A whiteout is rarer than its number among the devices.
            if rdev == 0 and r.random() < 0.6:
                rdev = 259 if kind in ("char", "block") else 0
            rest = self.meta(TYPES[kind] | perms, 0, r.choice(NLINKS),
                             rdev) + " - - -"
        if kind != "dir":
            self.files.append(path)
        return f"{where} {rest}{self.xattrs()}"

    def text(self):
        lines = []
        for _ in range(self.entries):
            line = self.entry()
            if line:
                lines.append(line)
        # Some hard links come before their targets.
        links = [l for l in lines if " @" in l and l.count("/") == 2]
        for line in links[:len(links) // 2]:
            if line.startswith("/") and line.split(" ")[0].count("/") == 1:
                lines.remove(line)
                lines.insert(0, line)
        root = "/ %s - - -%s" % (self.meta(0o40755, 0, 1), self.xattrs())
        return "\n".join([root] + lines) + "\n"
