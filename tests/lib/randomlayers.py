# SPDX-License-Identifier: MIT
"""Random layers of an OCI image, which any implementation may be asked for:
files, directories, hard links within and across layers, replaced types,
whiteouts, opaque directories, directories that a tar leaves out."""
import os

from ocilayout import d, layer, link, tar


class Layers:
    def __init__(self, random, names="abcd", big=0.5, owners=(0, 7)):
        self.r = random
        self.names = names
        self.big = big
        self.owners = owners
        self.tree = {"": "dir"}  # of the layers so far

    def content(self):
        n = self.r.choice((0, 5, 64, 65, 5000)) if self.r.random() < self.big \
            else self.r.randrange(0, 65)
        return self.r.randbytes(n)

    def meta(self, **more):
        m = dict(mtime=self.r.randrange(1, 99), mode=self.r.choice(
            (0o755, 0o700, 0o644)), uid=self.r.choice(self.owners), **more)
        if self.r.random() < 0.3:
            m["pax_headers"] = {"SCHILY.xattr.user.a": self.r.choice("xyz")}
        return m

    def below(self, path):
        return [p for p in self.tree if p.startswith(path + "/") or p == path]

    def drop(self, path):
        for p in self.below(path):
            del self.tree[p]

    def path(self):
        """A name in a directory that is there."""
        dirs = [p for p, kind in self.tree.items() if kind == "dir" and
                p.count("/") < 3]
        return os.path.join(self.r.choice(dirs), self.r.choice(self.names))

    def parents(self, path, own, members):
        """A tar may leave directories out that a lower layer has."""
        parts = path.split("/")[:-1]
        for n in range(1, len(parts) + 1):
            p = "/".join(parts[:n])
            if p not in own and self.r.random() < 0.7:
                members.append(d(p, **self.meta()))
                own.add(p)

    def add(self, path, own, members):
        kind = self.r.choice(("dir", "dir", "file", "file", "link", "hard",
                              "fifo", "device"))
        files = [p for p, k in self.tree.items() if k == "file" and
                 p != path and not p.startswith(path + "/")]
        if kind == "hard" and not files:
            kind = "file"
        if kind != "dir" or self.tree.get(path) != "dir":
            self.drop(path)
        if kind == "dir":
            members.append(d(path, **self.meta()))
        elif kind == "file":
            members.append(tar(path, self.content(), **self.meta()))
        elif kind == "link":
            members.append(tar(path, type=b"2", linkname=self.r.choice(
                ("a", "../b", "/c")), **self.meta()))
        elif kind == "hard":
            target = self.r.choice(files)
            members.append(link(path, target))
            own.add(target)  # no whiteout of it behind this
        elif kind == "fifo":
            members.append(tar(path, type=b"6", **self.meta()))
        else:
            # One in three is a whiteout as content: a device 0:0.
            members.append(tar(path, type=b"3", devmajor=self.r.choice(
                (0, 1, 4)), devminor=0, **self.meta()))
        self.tree[path] = "file" if kind == "hard" else kind
        own.add(path)

    def hide(self, path, own, members):
        base, name = os.path.split(path)
        if self.r.random() < 0.2:
            members.append(tar(os.path.join(base, ".wh..wh..opq")))
            for p in list(self.tree):
                if (p.startswith(base + "/") if base else p) and \
                        p not in own and \
                        not any(q.startswith(p + "/") for q in own):
                    self.tree.pop(p, None)
            return
        if any(q == path or q.startswith(path + "/") for q in own):
            return
        members.append(tar(os.path.join(base, f".wh.{name}")))
        self.drop(path)

    def next(self, n=12):
        """A layer of some n entries: the bytes of a tar."""
        own, members = set(), []
        if self.r.random() < 0.4:
            members.append(d(".", **self.meta()))
        for _ in range(n):
            path = self.path()
            if self.r.random() < 0.3:
                self.parents(path, own, members)
                self.hide(path, own, members)
            elif path not in own and not any(
                    q.startswith(path + "/") for q in own):
                self.parents(path, own, members)
                self.add(path, own, members)
        return layer(*members)
