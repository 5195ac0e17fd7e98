#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/guide-device.md, command by command: what it makes is booted by
Debian's U-Boot for arm64. And what that U-Boot refuses: a FIT image with one
byte changed, one signed by another key, one without a signature."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path[:0] = ["tests/lib", "tests/boot"]
import embedded  # noqa: E402
import vm  # noqa: E402
from blocks import blocks  # noqa: E402
from machines import AARCH64  # noqa: E402
from tap import (B, done, equal, has, kernel, note, ok, run,  # noqa: E402
                 skip_all)

GUIDE = "docs/guide-device.md"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
# The one picture.
PICTURE = "ROM "


def prepare():
    """What the reader of the guide has."""
    vmlinuz, modules = kernel(AARCH64.kernel)
    busybox = AARCH64.busybox()[1]
    os.makedirs(f"{T}/bin")
    os.symlink(os.path.abspath("initrd/mkinitrd"), f"{T}/mkinitrd")
    with open(f"{T}/bin/rootwright-initrd", "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\nexec {os.path.abspath('initrd/mkinitrd')} "
                '"$@"\n')
    os.chmod(f"{T}/bin/rootwright-initrd", 0o755)
    os.makedirs(f"{T}/lib")
    os.symlink(modules, f"{T}/modules")
    shutil.copy(vmlinuz, f"{T}/Image")
    embedded.root_tar(f"{T}/rootfs.tar", busybox)
    # The board's device tree, as U-Boot finds it.
    run(*AARCH64.qemu, "-machine", f"dumpdtb={T}/board.dtb", "-m", "512",
        "-display", "none", "-bios", UBOOT)
    os.environ.update(
        src=os.getcwd(), arm64=os.path.abspath(AARCH64.build),
        busybox=busybox, PATH=os.pathsep.join(
            [f"{T}/bin", os.path.abspath(B), os.environ["PATH"]]))


def shell(text, name):
    """A block, with the variables of those before it."""
    code, out, err = run("bash", "-eu", "-c", f"set -a\n[ ! -f .env ] || . "
                         f"./.env\n{text}\nexport -p >.env\n", cwd=T)
    return ok(code == 0, name, f"{text}\n{out[-2000:]}{err[-2000:]}")


def boot(text, typed=""):
    """Runs a block that starts QEMU; types a block at U-Boot's prompt.
    Returns the console."""
    process = subprocess.Popen(
        ["bash", "-eu", "-c", "exec " + text.strip()], cwd=T,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    timer = threading.Timer(vm.LIMIT, process.kill)
    timer.start()
    lines = [line.encode() + b"\n" for line in typed.splitlines()]
    # A key stops the countdown; each line waits for its own prompt.
    said, prompts = b"", 0
    if lines:
        lines.insert(0, b"x")
    while chunk := os.read(process.stdout.fileno(), 65536):
        said += chunk
        seen = (b"Hit any key" in said) + said.count(b"\n=> ") + \
            said.count(b"\r=> ")
        while lines and prompts < seen:
            process.stdin.write(lines.pop(0))
            process.stdin.flush()
            prompts += 1
        if typed and not lines and prompts < seen:
            process.kill()  # back at the prompt: it was refused
    timer.cancel()
    process.wait()
    return said.decode("utf-8", "replace").replace("\r", "")


def booted(console, name, *words):
    for word in ("embedded: device\n", "embedded: device node\n",
                 "embedded: read-only\n", '"trust_from":"policy"', *words):
        has(console, word, f"{name}: {word.strip()}")


def refused(name, command, sentence):
    """U-Boot does not start what a command makes of the FIT image."""
    shutil.copy(f"{T}/rootwright.fit", f"{T}/good.fit")
    shell(command, f"{name}: made")
    shell("cp rootwright.fit boot/; rm disk.img; rootwright disk --store "
          "store --extra boot --output disk.img", f"{name}: on the disk")
    console = boot(FIT, TYPED)
    has(console, sentence, f"{name}: the sentence")
    ok("Starting kernel" not in console, f"{name}: nothing is started",
       console[-2000:])
    shutil.move(f"{T}/good.fit", f"{T}/rootwright.fit")


def guide():
    """All blocks in order; returns those of the FIT image's boot."""
    boots, typed = [], ""
    found = blocks(GUIDE)
    for n, block in enumerate(found):
        first = block.text.split("\n", 1)[0]
        if block.info == "uboot":
            typed = block.text
        elif block.text.startswith(PICTURE):
            continue
        elif not ok(block.info == "sh", f"{first}: a block of commands"):
            continue
        elif block.text.startswith("qemu-system-aarch64 "):
            after = found[n + 1] if n + 1 < len(found) else None
            keys = after.text if after and after.info == "uboot" else ""
            boots.append((block.text, boot(block.text, keys)))
        else:
            shell(block.text, f"{GUIDE}: {first}")
    equal(len(boots), 2, "the guide boots twice")
    return boots, typed


why = AARCH64.missing()
if not why and not os.path.exists(UBOOT):
    why = "no U-Boot for QEMU: make deps-cross installs it"
if not why and not kernel(AARCH64.kernel):
    why = f"no kernel {AARCH64.kernel}: make deps-cross fetches it"
if why:
    skip_all(why)
with tempfile.TemporaryDirectory(prefix="rw-device-") as T:
    prepare()
    ((FIT, first), (_, second)), TYPED = guide()
    booted(first, "FIT", "Verifying Hash Integrity ... sha256,rsa3072:fit+ OK",
           '"trust":"digest"')
    booted(second, "development board", "extlinux.conf",
           "rootwright DEVELOPMENT key", '"trust":"signature"')
    if "embedded: device" not in second:
        note(second[-3000:])
    refused("one byte of the initramfs", """
printf X | dd of=rootwright.fit bs=1 conv=notrunc \\
    seek=$(($(stat -c %s Image) + 100000))
""", "Bad hash")
    refused("another key", """
mkdir -p other
openssl req -x509 -newkey rsa:3072 -nodes -days 9 -subj /CN=fit \\
    -keyout other/fit.key -out other/fit.crt
cp control.dtb unused.dtb
mkimage -q -f fit.its -k other -r rootwright.fit
""", "Failed to verify required signature")
    refused("no signature", """
sed '/signature-1 {/,/};/d' fit.its >unsigned.its
mkimage -q -f unsigned.its rootwright.fit
""", "Failed to verify required signature")
done()
