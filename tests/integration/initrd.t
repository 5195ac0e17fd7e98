#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright-initrd: what goes in, what is refused, same input same bytes."""
import gzip
import os
import shutil
import stat
import sys
import tempfile

sys.path[:0] = ["tests/lib", "tests/boot"]
import cpio  # noqa: E402
from tap import (B, done, equal, has, kernel, ok, run, skip,  # noqa: E402
                 skip_all)

BOOT, LAUNCH, LOAD = (f"{B}/rootwright-{name}"
                      for name in ("boot", "launch", "load"))
if not shutil.which("busybox"):
    skip_all("no busybox: make deps installs busybox-static")
TMP = tempfile.mkdtemp(prefix="rw-initrd-")
OUT = f"{TMP}/initrd"
os.makedirs(f"{TMP}/conf/keys.d")
with open(f"{TMP}/conf/boot.conf", "w", encoding="utf-8") as conf:
    conf.write("trust=digest\nstore=/dev/vda1\n")


def build(*args, env=None, config=f"{TMP}/conf", boot=BOOT, launcher=LAUNCH):
    """Runs the builder; returns (exit code, stdout, stderr)."""
    return run("initrd/mkinitrd", "--boot", boot, "--launcher", launcher,
               "--config", config, "--output", OUT, *args,
               env=dict(os.environ, **(env or {})))


def content():
    """The bytes of the output, which is removed."""
    with open(OUT, "rb") as f:
        data = f.read()
    os.unlink(OUT)
    return data


def refused(result, sentence, name, code=1):
    """One sentence on stderr, the exit code, and nothing written."""
    got, out, err = result
    equal((got, out), (code, ""), f"{name}: exit {code}, nothing on stdout")
    has(err, sentence, f"{name}: the sentence")
    left = [n for n in os.listdir(TMP) if n.startswith("initrd")]
    equal(left, [], f"{name}: nothing was written")


def inside():
    """What the small initramfs holds, and how big it is."""
    code, out, err = build("--no-modules")
    equal((code, out), (0, ""), "builds without modules, silent on stdout")
    has(err, f"{OUT}: ", "says what it wrote")
    data = content()
    ok(len(data) <= 1258291, "at most 1.2 MB without modules",
       f"{len(data)} bytes")
    entries = cpio.read(gzip.decompress(data))
    runnable = [name for name, e in entries.items()
                if stat.S_ISREG(e.mode) and e.mode & 0o111]
    equal(sorted(runnable), ["bin/rootwright-boot", "init"],
          "only the launcher and the boot program can be executed")
    ok(not any(e.mode & 0o6000 for e in entries.values()),
       "nothing is setuid or setgid")
    ok(not any(stat.S_ISLNK(e.mode) for e in entries.values()),
       "there are no links, so no other name for busybox")
    with open(LAUNCH, "rb") as f:
        ok(entries["init"].data == f.read(), "/init is the launcher")
    for name in ("proc", "sys", "dev", "run", "sysroot"):
        ok(stat.S_ISDIR(entries[name].mode), f"/{name} is there")
    return data


def reproducible(first):
    """Twice, elsewhere, later, under another umask: the same bytes."""
    old = os.umask(0o077)
    shutil.copytree(f"{TMP}/conf", f"{TMP}/conf2")
    code, _, err = build("--no-modules", config=f"{TMP}/conf2")
    os.umask(old)
    equal(code, 0, "builds again")
    ok(content() == first, "the same input gives the same bytes", err)
    build("--no-modules", env={"SOURCE_DATE_EPOCH": "1700000000"})
    ok(content() != first, "SOURCE_DATE_EPOCH is followed")
    for how, magic in (("zstd", b"\x28\xb5\x2f\xfd"), ("xz", b"\xfd7zXZ"),
                       ("none", b"070701")):
        code, _, err = build("--no-modules", "--compress", how)
        ok(code == 0 and content().startswith(magic), f"--compress {how}",
           err)


def with_image():
    """The image that the policy's image_file= names, and its signature."""
    image, conf = f"{TMP}/root.image", f"{TMP}/conf3"
    for name in (image, f"{image}.p7s"):
        with open(name, "w", encoding="ascii") as f:
            f.write(name)
    refused(build("--no-modules", "--image", image),
            f"image: {image}: expected image_file= in the policy, found none",
            "--image without image_file=")
    os.makedirs(conf)
    with open(f"{conf}/boot.conf", "w", encoding="ascii") as f:
        f.write("trust=digest\nstore=/dev/vda1\nimage_file=/lib/my/image\n")
    refused(build("--no-modules", config=conf),
            "policy: image_file=/lib/my/image: expected --image, found none",
            "image_file= without --image")
    refused(build("--no-modules", "--image", f"{TMP}/nowhere", config=conf),
            f"image: {TMP}/nowhere: expected a file, found none",
            "--image of nothing")
    code, _, err = build("--no-modules", "--image", image, config=conf)
    ok(code == 0, "builds with an image", err)
    entries = cpio.read(gzip.decompress(content()))
    for end in ("", ".p7s"):
        equal(entries[f"lib/my/image{end}"].data.decode(), image + end,
              f"the image{end} is where the policy says")
    with open(f"{conf}/boot.conf", "w", encoding="ascii") as f:
        f.write("trust=digest\nstore=/dev/vda1\nimage_file=/bin/busybox\n")
    refused(build("--no-modules", "--image", image, config=conf),
            "policy: image_file=/bin/busybox: expected a free place, found a "
            "file of the initramfs", "image_file= over busybox")


def with_modules():
    """Modules of a Debian kernel, in load order."""
    name = "modules of a real kernel"
    if not kernel():
        skip(name, "no kernel in the cache: make deps fetches it")
        return
    modules = kernel()[1]
    before = sorted(os.listdir(modules))
    code, _, err = build("--modules", modules, "--compress", "none")
    ok(code == 0, f"{name}: builds", err)
    equal(sorted(os.listdir(modules)), before,
          f"{name}: nothing was written into their directory")
    entries = cpio.read(content())
    order = entries["etc/rootwright/modules"].data.decode().split()
    equal(sorted(order), sorted(
        n[len("lib/modules/"):] for n in entries
        if n.startswith("lib/modules/")), f"{name}: all are in the list")
    for early, late in (("libcrc32c.ko", "erofs.ko"),
                        ("scsi_mod.ko", "sd_mod.ko"),
                        ("libahci.ko", "ahci.ko"),
                        ("sha256-ssse3.ko", "erofs.ko")):
        ok(early in order and late in order
           and order.index(early) < order.index(late),
           f"{name}: {early} before {late}", order)
    ok("ext4.ko" not in order, f"{name}: what is built in is left out")
    code, _, err = build("--modules", modules, "--drivers",
                         "virtio_blk no_such_thing", "--compress", "none")
    equal(code, 0, f"{name}: a driver that is not there is no error")
    has(err, "no module no_such_thing: left out", f"{name}: but is said")
    ok("lib/modules/ahci.ko" not in cpio.read(content()),
       f"{name}: --drivers replaces the usual ones")
    pid1_modules(modules, order)


def pid1_modules(modules, order):
    """Without busybox, with the same modules in the same order."""
    code, _, err = build("--modules", modules, "--pid1", "--compress", "none",
                         launcher=LOAD)
    ok(code == 0, "--pid1 with modules: builds", err)
    entries = cpio.read(content())
    for name, path in (("init", LOAD), ("bin/rootwright-boot", BOOT)):
        with open(path, "rb") as f:
            ok(entries[name].data == f.read(), f"--pid1 with modules: {name}")
    equal(entries["etc/rootwright/modules"].data.decode().split(), order,
          "--pid1 with modules: the same ones")
    ok("bin/busybox" not in entries and "etc/rootwright/init" not in entries,
       "--pid1 with modules: no busybox")
    refused(build("--modules", modules, "--pid1", launcher="/bin/sh"),
            "initramfs: /bin/sh: expected a static program, found one that "
            "asks for a loader", "--pid1 with a dynamic loader")
    refused(build("--modules", modules, "--pid1", "--drivers",
                  "virtio_blk " * 2 + " ".join(many(modules)), launcher=LOAD),
            "initramfs: expected a list of modules below 4096 bytes, found "
            "more", "--pid1 with many modules")


def many(modules):
    """More modules than rootwright-load reads of its list."""
    names = sorted(n.split(".")[0] for _, _, files in os.walk(
        f"{modules}/kernel/net") for n in files if ".ko" in n)
    return names[:300]


def pid1():
    """Without busybox and modules: the boot program and its policy."""
    shutil.copytree(f"{TMP}/conf", f"{TMP}/conf4")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=key",
        "-keyout", f"{TMP}/key", "-out", f"{TMP}/conf4/keys.d/key.pem")
    code, _, err = build("--no-modules", "--pid1", config=f"{TMP}/conf4")
    ok(code == 0, "--pid1 builds", err)
    data = content()
    ok(len(data) < 150000, "--pid1: less than 150 KB", f"{len(data)} bytes")
    entries = cpio.read(gzip.decompress(data))
    with open(BOOT, "rb") as f:
        ok(entries["init"].data == f.read(), "--pid1: /init is the program")
    equal([n for n, e in entries.items() if not stat.S_ISDIR(e.mode)],
          ["etc/rootwright/boot.conf", "etc/rootwright/keys.d/key.pem",
           "init"], "--pid1: nothing else is there")


def bad_input():
    """Refusals."""
    with open(f"{TMP}/conf2/boot.conf", "a", encoding="utf-8") as f:
        f.write("shell=yes\n")
    refused(build("--no-modules", config=f"{TMP}/conf2"),
            f"policy: {TMP}/conf2: refused by {BOOT} --check-config",
            "a bad policy")
    refused(build("--no-modules", config=f"{TMP}/none"),
            f"policy: {TMP}/none: expected a directory, found none",
            "no policy directory")
    refused(build("--no-modules", boot="/bin/sh"), "initramfs: /bin/sh: "
            "expected a static program, found one that asks for a loader",
            "a dynamic boot program")
    refused(build("--no-modules", boot="/etc/passwd"), "initramfs: "
            "/etc/passwd: expected an ELF program, found other bytes",
            "a boot program that is none")
    refused(build("--no-modules", "--busybox", f"{TMP}/none"), "initramfs: "
            f"{TMP}/none: expected a program, found no file", "no busybox")
    refused(build("--modules", f"{TMP}/none"), "kernel modules: "
            f"{TMP}/none: expected a directory, found none", "no modules")
    os.makedirs(f"{TMP}/6.12.0/kernel")
    refused(build("--modules", f"{TMP}/6.12.0"), "expected "
            "modules.builtin and modules.order, found none",
            "a module directory that is none")
    refused(build("--no-modules", "--compress", "rar"), "--compress: "
            "expected gzip, zstd, xz or none, found rar",
            "an unknown compression", 2)
    refused(build("--no-modules", "--shell"), "--shell: expected a value, "
            "found none", "an unknown option", 2)
    with open(OUT, "w", encoding="utf-8") as f:
        f.write("mine")
    code, _, err = build("--no-modules")
    equal((code, content()), (1, b"mine"), "an output that exists is kept")
    has(err, f"initramfs: {OUT}: expected no such file, found one",
        "an output that exists: the sentence")
    with open(OUT, "w", encoding="utf-8") as f:
        f.write("mine")
    equal(build("--no-modules", "--force")[0], 0, "--force replaces it")
    ok(content() != b"mine", "--force: the output is new")


def development_key():
    """A development key is announced."""
    name = "a development key"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-subj",
        "/CN=rootwright DEVELOPMENT key", "-keyout", f"{TMP}/key",
        "-out", f"{TMP}/conf/keys.d/dev.pem")
    code, _, err = build("--no-modules")
    ok(code == 0, f"{name} is allowed", err)
    has(err, "WARNING: this initramfs trusts a DEVELOPMENT key.",
        f"{name} is announced")
    ok("etc/rootwright/keys.d/dev.pem" in
       cpio.read(gzip.decompress(content())), f"{name} goes in")


try:
    reproducible(inside())
    with_image()
    with_modules()
    pid1()
    bad_input()
    development_key()
    equal(build("--help")[0], 0, "--help")
finally:
    shutil.rmtree(TMP)
done()
