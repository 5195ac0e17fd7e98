#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The disk and the initramfs that Buildroot's and Yocto's image steps make
boot, verified: run outside of them, on a root file system in a tar."""
import os
import shutil
import sys
import tempfile

sys.path[:0] = ["tests/lib", "tests/boot"]
import bitbake  # noqa: E402
import embedded  # noqa: E402
import vm  # noqa: E402
from tap import B, done, has, kernel, ok, run, skip_all  # noqa: E402

if not kernel():
    skip_all("no kernel: run make deps")
MODULES = kernel()[1]
OPTIONS = f"--modules {MODULES} --drivers virtio_blk"


def buildroot(place):
    """post-image.sh with the policy of the example."""
    os.makedirs(f"{place}/images/rootwright")
    for name in ("boot", "launch", "load"):
        shutil.copy(f"{B}/rootwright-{name}", f"{place}/images/rootwright")
    embedded.programs(f"{place}/host")
    embedded.root_tar(f"{place}/images/rootfs.tar")
    with open(f"{place}/.config", "w", encoding="ascii") as f:
        f.write(f"""\
BR2_ROOTWRIGHT_POLICY="$(BR2_EXTERNAL_ROOTWRIGHT_PATH)/board/rootwright/policy"
BR2_ROOTWRIGHT_PIN=y
BR2_ROOTWRIGHT_INITRD_OPTIONS="{OPTIONS}"
""")
    code, _, err = run("buildroot/board/rootwright/post-image.sh",
                       f"{place}/images", env=dict(
                           os.environ, HOST_DIR=f"{place}/host",
                           BUILD_DIR=f"{place}/build",
                           BR2_CONFIG=f"{place}/.config"))
    ok(code == 0, "Buildroot: post-image.sh", err)
    return [f"{place}/images/{name}" for name in
            ("disk.img", "initrd.img", "rootwright.digest")]


def yocto(place):
    """The functions of rootwright-image.bbclass, with the same policy, and
    without busybox in the initramfs."""
    os.makedirs(f"{place}/deploy")
    for name in ("boot", "launch", "load"):
        shutil.copy(f"{B}/rootwright-{name}", f"{place}/deploy")
    embedded.programs(f"{place}/host")
    embedded.root_tar(f"{place}/rootfs.tar")
    code, err = bitbake.image_step(place, f"{place}/rootfs.tar", {
        "ROOTWRIGHT_POLICY": "buildroot/board/rootwright/policy",
        "ROOTWRIGHT_BOOT_DIR": f"{place}/deploy",
        "ROOTWRIGHT_INITRD_OPTIONS": "--pid1 " + OPTIONS})
    ok(code == 0, "Yocto: the class's step", err)
    return [f"{place}/deploy/image.rootwright.{name}" for name in
            ("img", "initrd", "digest")]


def boots(name, disk, initrd, digest):
    with open(digest, encoding="ascii") as f:
        digest = f.read().strip()
    outcome = vm.boot(kernel()[0], initrd, "console=ttyS0 quiet panic=-1 "
                      "no_timer_check", [disk])
    for words in (f'"digest":"{digest}"', "embedded: device\n",
                  "embedded: device node\n", "embedded: read-only\n"):
        has(outcome.console, words, f"{name}: {words.strip()}")


for build in buildroot, yocto:
    with tempfile.TemporaryDirectory(prefix="rw-embedded-") as T:
        boots(build.__name__, *build(T))
done()
