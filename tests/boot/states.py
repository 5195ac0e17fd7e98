# SPDX-License-Identifier: MIT
"""Devices for the state of a system: file systems that are empty, hostile,
full, or have something else where a directory is expected."""
import os
import shutil
import stat

import attack
import base
import tap
from releases import Releases

STATE = "/a/state"  # state_path= of the cases


class Disk(attack.Disk):
    """A file system without a partition table."""

    def __init__(self, path):  # pylint: disable=super-init-not-called
        self.path, self.start = path, 0

    def tree(self, *directories):
        """Makes them, outermost first."""
        for path in directories:
            self.mkdir(path)

    def xattr(self, path, name, value):
        """An extended attribute that overlayfs looks at."""
        self.debugfs(f"ea_set {path} trusted.overlay.{name} {value}")

    def mode(self, path, mode):
        """Its type and mode, in octal."""
        self.debugfs(f"set_inode_field {path} mode 0{mode:o}")

    def other(self, path, kind):
        """What is no directory, under this name."""
        parent, name = os.path.split(path)
        if kind == "fifo":
            self.debugfs(f"cd {parent}", f"mknod {name} p")
        elif kind == "file":
            self.put(path, b"a file\n")
        else:
            self.debugfs(f"symlink {path} {kind}")


class States(Releases):
    """The artefacts, with a disk for each state that a case names."""

    def __init__(self):
        super().__init__()
        self._bare()
        for name, make in (("empty", None), ("etc", self._etc),
                           ("hostile", self._hostile), ("full", Disk.full),
                           ("full_above", self._full_above)):
            self._state(name, make)
        # Where each component of the layout lies, and what is there instead.
        for name, path, kind in (
                ("above", "/a", "/"), ("path", STATE, "fifo"),
                ("dir", f"{STATE}/etc", "file"),
                ("upper", f"{STATE}/etc/upper", "/a"),
                ("work", f"{STATE}/etc/work", "file"),
                ("var", f"{STATE}/var", "../../b")):
            self._state("other_" + name,
                        lambda disk, p=path, k=kind: self._other(disk, p, k))

    def _bare(self):
        """An image without /var, which build --for-boot would make."""
        tree = f"{base.DIR}/tree-bare"
        shutil.copytree(f"{base.DIR}/tree-one", tree, symlinks=True)
        os.rmdir(f"{tree}/var")
        os.mkdir(f"{tree}/sysroot")
        self.words["bare"] = base.run(tap.ROOTWRIGHT, "build", "--store",
                                      self.store, tree).strip()
        self._labelled()
        os.unlink(self.disk)
        base.run(tap.ROOTWRIGHT, "disk", "--store", self.store, "--output",
                 self.disk, "--label", "rootwright", "--size", "64M")
        self._places()

    def _labelled(self):
        """An image with SELinux labels on its directories, by way of a dump:
        only root may set them on a tree."""
        lines = base.run(tap.ROOTWRIGHT, "dump", f"{self.store}/images/"
                         + self.words["one"]).splitlines()
        dump = f"{base.DIR}/labelled"
        with open(dump, "w", encoding="utf-8") as f:
            for line in lines:
                path, _, mode, *_ = line.split(" ")
                if mode.startswith("4"):
                    line += f" security.selinux=of{path.replace('/', ':')}"
                f.write(line + "\n")
        self.words["labelled"] = base.run(
            tap.ROOTWRIGHT, "build", "--store", self.store,
            f"dump:{dump}").strip()

    def _state(self, name, make):
        path = f"{base.DIR}/state-{name}.img"
        base.run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-L", "state",
                 path, "16M")
        if make:
            make(Disk(path))
        self.words["state_" + name] = path

    def _etc(self, disk):
        """For etc=bind."""
        disk.tree("/a", STATE, f"{STATE}/etc")
        disk.put(f"{STATE}/etc/hosts", b"the state's\n")

    def _full_above(self, disk):
        """It has what a boot makes, and not even the blocks are free that
        ext4 keeps for itself; state-device.t fills one as a system does."""
        disk.tree("/a", STATE, f"{STATE}/var", f"{STATE}/etc",
                  f"{STATE}/etc/upper", f"{STATE}/etc/work",
                  f"{STATE}/etc/work/work")
        disk.full()

    def _hostile(self, disk):
        """What an upper directory may tell an overlay, and what a mount may
        hold."""
        with open(f"{base.DIR}/init-one", "rb") as f:
            program = f.read()
        upper, var = f"{STATE}/etc/upper", f"{STATE}/var"
        disk.tree("/a", STATE, f"{STATE}/etc", upper, f"{STATE}/etc/work",
                  var, f"{upper}/redirected", f"{upper}/dir")
        disk.xattr(f"{upper}/redirected", "redirect", "/dir")
        disk.put(f"{upper}/metacopied", b"")
        disk.xattr(f"{upper}/metacopied", "metacopy", '""')
        disk.xattr(f"{upper}/metacopied", "redirect", "/hosts")
        disk.xattr(f"{upper}/dir", "opaque", "y")
        disk.xattr(upper, "redirect", "/sbin")
        disk.xattr(upper, "origin", "noise")
        disk.debugfs(f"cd {upper}", "mknod hosts c 0 0", "mknod node c 1 3")
        disk.debugfs(f"cd {var}", "mknod node c 1 3")
        for path in f"{upper}/setuid", f"{var}/setuid":
            disk.put(path, program)
            disk.mode(path, stat.S_IFREG | 0o4755)

    def _other(self, disk, path, kind):
        disk.tree("/b", "/b/state")
        above = os.path.dirname(path)
        names = above.strip("/").split("/") if above != "/" else []
        disk.tree(*("/" + "/".join(names[:n + 1]) for n in range(len(names))))
        disk.other(path, kind)
