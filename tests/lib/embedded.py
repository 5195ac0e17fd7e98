# SPDX-License-Identifier: MIT
"""What the tests of Buildroot's and Yocto's parts share: a small root file
system as their image steps find it, and what these steps leave behind."""
import gzip
import io
import os
import re
import shutil
import sys
import tarfile

sys.path.insert(0, "tests/boot")
import cpio  # noqa: E402
from tap import B, ROOTWRIGHT, equal, has, ok, run  # noqa: E402

INIT = """#!/bin/sh
echo "embedded: $(cat /etc/hostname)" >/dev/console
[ -c /usr/fromtable ] && echo "embedded: device node" >/dev/console
cat /run/rootwright/boot.json >/dev/console
echo >/dev/console
touch /usr/x 2>/dev/null || echo "embedded: read-only" >/dev/console
poweroff -f
"""


def root_tar(path, busybox="/bin/busybox"):
    """Busybox, an init, and what only a tar has: a device node and owners."""
    with open(busybox, "rb") as f:
        busybox = f.read()
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        def add(name, data=None, mode=0o644, **fields):
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, 1
            info.type = tarfile.REGTYPE if data is not None else \
                tarfile.DIRTYPE
            info.size = len(data or b"")
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data or b""))

        for name in (".", "./bin", "./dev", "./etc", "./proc", "./run",
                     "./sbin", "./sys", "./tmp", "./usr", "./usr/bin",
                     "./usr/lib", "./var"):
            add(name, mode=0o755)
        add("./bin/busybox", busybox, 0o755)
        for name in ("sh", "cat", "touch", "poweroff"):
            add(f"./bin/{name}", mode=0o777, type=tarfile.SYMTYPE,
                linkname="busybox")
        add("./sbin/init", INIT.encode(), 0o755)
        add("./etc/hostname", b"device\n", uid=7, gid=8)
        add("./usr/lib/data", bytes(range(256)) * 64)
        add("./usr/fromtable", mode=0o600, type=tarfile.CHRTYPE, devmajor=1,
            devminor=3)


def keys(where):
    """Keys as a developer has them: of images, and of the FIT image."""
    for argv in (
            ("keys/make-key", "--name", "images", f"{where}/images"),
            ("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes",
             "-days", "36500", "-subj", "/CN=fit", "-keyout",
             f"{where}/fit.key", "-out", f"{where}/fit.crt")):
        code, _, err = run(*argv)
        if code:
            raise RuntimeError(err)


def policy(where, text):
    os.makedirs(f"{where}/keys.d")
    with open(f"{where}/boot.conf", "w", encoding="ascii") as f:
        f.write(text)


def whole(name, disk, digest):
    """The disk has this image, sealed; its entries come from the tar."""
    code, _, err = run(ROOTWRIGHT, "check", disk)
    ok(code == 0 and " 0 without fs-verity, 0 faults" in err,
       f"{name}: the disk is whole", err)
    code, said, err = run("debugfs", "-R", "ls /composefs/images",
                          f"{disk}?offset=1048576")
    has(said, digest[:40], f"{name}: the disk has the image")


def entries(name, image):
    """The initramfs: the program, this policy and no key that is private."""
    with gzip.open(image) as f:
        found = cpio.read(f.read())
    with open(f"{B}/rootwright-boot", "rb") as f:
        program = f.read()
    ok(program in [e.data for e in found.values()],
       f"{name}: the boot program is in the initramfs")
    ok(not any(re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n", e.data)
               for e in found.values()),
       f"{name}: no private key is in the initramfs")
    return found


def pinned(name, found, digest):
    conf = found["etc/rootwright/boot.conf"].data.decode()
    equal(re.findall("^image=(.*)$", conf, re.M), [digest],
          f"{name}: the policy names the image")


def programs(where):
    """The programs where the build systems' host directory has them."""
    os.makedirs(f"{where}/bin")
    os.makedirs(f"{where}/sbin")
    os.makedirs(f"{where}/lib/rootwright/initrd")
    shutil.copy(ROOTWRIGHT, f"{where}/bin")
    shutil.copy("initrd/mkinitrd", f"{where}/sbin/rootwright-initrd")
    shutil.copy("initrd/init", f"{where}/lib/rootwright/initrd")
