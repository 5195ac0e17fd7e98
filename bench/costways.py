# SPDX-License-Identifier: MIT
"""The ways to a whole Debian's root that bench/distro compares: each is an
initramfs of the same dracut, with another module, and a kernel command line."""
import os
import shutil

import distro
import tap
import ways

# One disk, and no driver but its own; reproducible, so that what differs
# between two initramfs is what the modules put in.
DRACUT = ("dracut", "--force", "--no-hostonly", "--reproducible",
          "--compress", "zstd -1", "--drivers", "virtio_pci virtio_blk")


class Way:
    """One way."""

    module = ""  # of dracut, what it is asked for on top

    def __init__(self, name):
        self.name = name

    def missing(self):
        """Why it cannot be timed here, or nothing."""
        return ""

    def prepare(self, d):
        """Puts into the tree what its initramfs is made of."""

    def build(self, d):
        """Its initramfs, by the dracut inside the tree; the file's name."""
        name = "initrd." + self.name
        code, out, err = d.chroot(
            *DRACUT, "--kver", d.release, *(
                ("--add", self.module) if self.module else ()),
            f"/run/out/{name}")
        if code:
            raise RuntimeError(f"dracut for {self.name}: {out}{err}")
        return name

    def cmdline(self, d):
        return "composefs=" + d.digest

    def disk(self, d):
        return d.disk

    def closure(self):
        """Bytes of its programs and all libraries that these need."""
        return 0


class Plain(Way):
    """The tree's own files on ext4, mounted read-only as dracut does it."""

    def cmdline(self, d):
        return "root=LABEL=rootwright rootfstype=ext4 ro"


class Ours(Way):
    """rootwright's module, with the policy that the tests have."""

    module = "rootwright"

    def closure(self):
        return sum(os.path.getsize(f"{tap.B}/{name}") for name in
                   ("rootwright-boot", "rootwright-guard"))


class Peer(Way):
    """A way of others, by sid's packages."""

    def __init__(self, name, like):
        super().__init__(name)
        self.like = like

    def missing(self):
        return self.like.missing()

    def closure(self):
        return sum(len(e.data) for e in
                   ways.closure(self.like.program).values())


class MountComposefs(Peer):
    """composefs' own mount program, in a hook of a module of ours."""

    module = "composefs"

    def prepare(self, d):
        for path in ways.closure(self.like.program):
            put(path, d.tree)
        shutil.copytree("bench/50composefs", f"{d.tree}/usr/lib/dracut/"
                        "modules.d/50composefs", dirs_exist_ok=True)


class Ostree(Peer):
    """ostree's own module. It boots the same tree, with ostree in it, as a
    deployment on a disk of its own."""

    module = "ostree"
    files = ("usr/lib/ostree", "usr/lib/dracut/modules.d/50ostree",
             "usr/lib/systemd/system/ostree-prepare-root.service",
             "usr/lib/systemd/system/ostree-remount.service",
             "usr/lib/systemd/system-generators/ostree-system-generator")

    def prepare(self, d):
        # Beside it in the unpacked sid lies much that it has only to run.
        for path in self.files:
            os.makedirs(os.path.dirname(f"{d.tree}/{path}"), exist_ok=True)
            distro.run("cp", "-a", f"{ways.PEERS}/{path}",
                       os.path.dirname(f"{d.tree}/{path}"))
        for program in ("usr/lib/ostree/ostree-remount", self.files[-1],
                        self.like.program):
            for path in ways.closure(program):
                put(path, d.tree)
        distro.write(f"{d.tree}/usr/lib/ostree/prepare-root.conf",
                     "[composefs]\nenabled = yes\n")
        wants = f"{d.tree}/etc/systemd/system/local-fs.target.wants"
        os.makedirs(wants, exist_ok=True)
        os.symlink("/usr/lib/systemd/system/ostree-remount.service",
                   f"{wants}/ostree-remount.service")
        distro.run("bench/deploy", d.tree, d.dir, ways.TOP, ways.PEERS)
        with open(f"{d.dir}/ostree.karg", encoding="utf-8") as f:
            self.karg = f.read().strip()

    def cmdline(self, d):
        return f"root=/dev/vda rootfstype=ext4 ro {self.karg}"

    def disk(self, d):
        return f"{d.dir}/ostree.img"


def put(path, tree):
    """A file of the unpacked sid, where the tree has none."""
    target = f"{tree}/{path}"
    if not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(next(f"{top}/{path}" for top in (ways.TOP, ways.PEERS)
                         if os.path.exists(f"{top}/{path}")), target)


_PEER = {way.name: way for way in ways.WAYS}
WAYS = [
    Plain("plain"),
    Ours("rootwright"),
    MountComposefs("mount.composefs", _PEER["mount.composefs"]),
    Ostree("ostree-prepare-root", _PEER["ostree-prepare-root"]),
]
