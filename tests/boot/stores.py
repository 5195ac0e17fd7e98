# SPDX-License-Identifier: MIT
"""The store on other file systems, each a whole disk without partitions.
On those that have fs-verity the kernel itself has sealed every object, in a
virtual machine, with the public fsverity program: nothing of ours."""
import mmap
import os
import re
import shutil
import threading

import base
import cpio
import tap
import vm

BLOCK = 4096
LABEL = "objects"
UUIDS = {"btrfs": "6c3de1ba-31f6-4c5e-9d3a-0b7f25a1c001",
         "f2fs": "6c3de1ba-31f6-4c5e-9d3a-0b7f25a1c002"}
# What makes each, and how large it has to be, in MiB.
MAKE = {
    "btrfs": (160, "mkfs.btrfs", "-q", "-d", "single", "-m", "single",
              "-L", LABEL, "-U", UUIDS["btrfs"]),
    "f2fs": (64, "mkfs.f2fs", "-q", "-O", "verity", "-l", LABEL,
             "-U", UUIDS["f2fs"]),
    "xfs": (300, "mkfs.xfs", "-q", "-L", LABEL),
    "vfat": (8, "mkfs.vfat", "-n", LABEL.upper()),
    "ext4 without verity": (16, "mke2fs", "-q", "-t", "ext4", "-b", "4096",
                            "-O", "^verity", "-L", LABEL, "-d",
                            f"{base.DIR}/tree"),
}
# The kernel of Debian's that has it and is the smallest.
SEALED_BY = {"btrfs": "bookworm-6.12", "f2fs": "bookworm-6.12-generic"}
SEAL = """\
#!/bin/busybox sh
/bin/busybox sh -e -c '
bb=/bin/busybox
$bb mount -t {fs} /dev/vda /mnt
$bb cp -a /tree/composefs /mnt/
for object in /mnt/composefs/objects/*/*; do
	/bin/fsverity enable $object
done
$bb umount /mnt
echo SEALED {fs} >/dev/ttyS1
' || echo "SEALED not: $?" >/dev/ttyS1
/bin/busybox poweroff -f
"""


class Disk:
    """A disk image whose file system nobody here takes apart."""

    def __init__(self, path):
        self.path = path

    def flip_content(self, path, at):
        """Inverts one bit of byte `at` of a file, in each copy of the block
        that it is in."""
        with open(path, "rb") as f:
            f.seek(at // BLOCK * BLOCK)
            block = f.read(BLOCK)
        found = 0
        with open(self.path, "r+b") as f, mmap.mmap(f.fileno(), 0) as disk:
            where = disk.find(block)
            while where >= 0:
                disk[where + at % BLOCK] ^= 1
                found += 1
                where = disk.find(block, where + BLOCK)
        if not found:
            raise RuntimeError(f"{path}: byte {at}: not in {self.path}")


def add_program(entries, path):
    """A program, as one in /bin, and the libraries that it is linked with."""
    libraries = re.findall(r"(/\S+) \(0x", base.run("ldd", path))
    for file in {path, *libraries}:
        with open(file, "rb") as f:
            name = (f"bin/{os.path.basename(path)}" if file == path
                    else file.lstrip("/"))
            _directories(entries, name)
            entries[name] = cpio.file(f.read(), 0o755)


def _directories(entries, name):
    """Those that a name in an archive needs, before it."""
    parts = name.split("/")[:-1]
    for n in range(1, len(parts) + 1):
        entries.setdefault("/".join(parts[:n]), cpio.directory())


class Stores(base.Base):
    """The artefacts, with one more disk for each file system."""

    def __init__(self):
        super().__init__()
        os.makedirs(f"{base.DIR}/tree")
        os.rename(f"{base.DIR}/store", f"{base.DIR}/tree/composefs")
        self.words["tree"] = f"{base.DIR}/tree"
        self.words.update((f"uuid_{fs}", uuid) for fs, uuid in UUIDS.items())
        self.disks, self.making = {}, threading.Lock()

    def disk_of(self, case):
        """Made when it is asked for."""
        if case.fs == "ext4":
            return super().disk_of(case)
        with self.making:
            if case.fs not in self.disks:
                self.disks[case.fs] = self._make(case.fs)
            return self.disks[case.fs], Disk

    def _make(self, fs):
        path = f"{base.DIR}/{fs.replace(' ', '-')}.img"
        size, *command = MAKE[fs]
        with open(path, "wb") as f:
            f.truncate(size << 20)
        base.run(*command, path)
        if fs in SEALED_BY:
            self._seal(fs, path)
        return path

    def _seal(self, fs, path):
        kernel = SEALED_BY[fs]
        entries = dict(self.built(kernel, fs)[1])
        add_program(entries, shutil.which("fsverity"))
        entries["mnt"] = cpio.directory()
        for top, _, files in os.walk(f"{base.DIR}/tree"):
            for file in files:
                with open(f"{top}/{file}", "rb") as f:
                    name = os.path.relpath(f"{top}/{file}", base.DIR)
                    _directories(entries, name)
                    entries[name] = cpio.file(f.read())
        entries["bin/rootwright-boot"] = cpio.file(SEAL.format(fs=fs), 0o755)
        initrd = f"{path}.initrd"
        with open(initrd, "wb") as f:
            f.write(cpio.write(entries))
        outcome = vm.boot(
            tap.kernel(kernel)[0], initrd,
            "console=ttyS0 quiet panic=-1 no_timer_check",
            extra=["-drive", f"file={path},format=raw,if=virtio"])
        if outcome.said("SEALED") != [fs]:
            raise RuntimeError(f"{fs}: not sealed: {outcome.witness}\n"
                               f"{outcome.console}")
