#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stacked images where the kernel verifies, on Linux 6.12 and 7.x: what a
lower layer does to the redirects of the image above it, case by case; mounts
by rootwright mount of several images and stores."""
import os
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import guest  # noqa: E402
from attack import Disk  # noqa: E402
from ocilayout import Layout, d, layer, tar  # noqa: E402
from tap import (B, ROOTWRIGHT, done, equal, has, kernel, note, ok,
                 run, skip_all)  # noqa: E402

MODULES = ("netfs", "libcrc32c", "sha256-ssse3", "erofs", "overlay", "loop")
KERNELS = {name: kernel(name) for name in ("bookworm-6.12", "sid-7")}
if not all(KERNELS.values()):
    skip_all("kernels are missing: run make deps")
T = f"{B}/boot-stack"
shutil.rmtree(T, ignore_errors=True)
os.makedirs(f"{T}/root/images")
ONE, TWO = f"{T}/one", f"{T}/two"
RIGHT = "6000: ffffffff"
root = d(".")


def build(members, *stores, name=None):
    """An image of these, in these stores and as a lower layer."""
    for store in stores:
        digest = run(ROOTWRIGHT, "build", "--store", store, "-", text=False,
                     input=layer(root, *members))[1].decode().strip()
    if name:
        shutil.copy(place(stores[0], digest), f"{T}/root/images/{name}")
    return digest


def place(store, digest):
    return f"{store}/objects/{digest[:2]}/{digest[2:]}"


def object_of(data):
    return base.object_path(base.verity_digest(data))


def make_images():
    """The lower layers that are images, and a stack; the guest's words."""
    ab, rest = object_of(b"f" * 6000).split("/")[-2:]
    words = {"AB": ab, "REST": rest}
    words["APP"] = build([tar("f", b"f" * 6000), d("d"), tar("d/a", b"a")],
                         ONE, name="app")
    build([tar("n", b"n")], ONE, name="image-of-nothing")
    build([tar(ab, b"b")], ONE, name="file")
    build([tar(ab, type=b"2", linkname="n")], ONE, name="symlink")
    words["DIRECTORY"] = build([d(ab), tar(f"{ab}/x", b"x")], ONE,
                               name="directory")
    build([d(ab), tar(f"{ab}/{rest}", b"captured")], ONE, name="exact-file")
    build([d(ab), d(f"{ab}/{rest}")], ONE, name="exact-directory")
    oci = Layout(f"{T}/oci")
    for name, *more in (("opaque",), ("opaque-exact-file",
                                      tar(f"{ab}/{rest}", b"captured"))):
        oci.index(oci.image(layer(root), layer(
            root, d(ab), tar(f"{ab}/.wh..wh..opq"), *more)))
        top = base.run(ROOTWRIGHT, "build", "--layers", "--store", ONE,
                       f"oci:{T}/oci").split()[0]
        shutil.copy(place(ONE, top), f"{T}/root/images/{name}")
    words["BASE"] = build([tar("g", b"g" * 7000), tar("f", b"old"), d("d"),
                           tar("d/b", b"b" * 8000)], ONE, TWO)
    oci.index(oci.image(
        layer(root, tar("gone", b"x"), d("d"), tar("d/a", b"a" * 6000)),
        layer(root, tar(".wh.gone"), d("d"), tar("d/.wh..wh..opq"),
              tar("d/new", b"n" * 6000))))
    words["TOP"], words["BOTTOM"] = base.run(
        ROOTWRIGHT, "build", "--layers", "--store", ONE,
        f"oci:{T}/oci").split()
    for name in ("TOP", "BOTTOM"):
        shutil.copy(place(ONE, words[name]),
                    f"{T}/root/images/{name.lower()}")
    return words


def make_disks(words):
    base.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stack",
             "-keyout", f"{T}/key", "-out", f"{T}/root/key.pem")
    for name in ("APP", "BASE"):
        base.run(ROOTWRIGHT, "sign", "--key", f"{T}/key", "--cert",
                 f"{T}/root/key.pem", "--store", ONE, words[name])
    for name in ("one", "two"):
        base.run(ROOTWRIGHT, "disk", "--store", f"{T}/{name}", "--output",
                 f"{T}/{name}.img")
    # The file g cannot be read where the first store is asked.
    Disk(f"{T}/one.img").flip(object_of(b"g" * 7000), 5)
    Disk(f"{T}/one.img").unseal(object_of(b"b" * 8000))


def make_guest(words):
    for _, modules in KERNELS.values():
        guest.add_modules(f"{T}/root", modules, MODULES)
    with open(f"{T}/root/words", "w", encoding="ascii") as f:
        f.write("".join(f"{k}={v}\n" for k, v in words.items()))
    with open("tests/boot/guest/stack.sh", encoding="ascii") as f:
        guest.make_initrd(T, f.read(), ("c", "d", "low", "mnt", "tmp"))


def judge(kernel_name, console, steps, words):
    def step(name):
        return steps.get(name, (None, "it did not run"))

    def shows(name, *lines):
        code, text = step(name)
        equal((code, text.splitlines()), (0, list(lines)),
              f"{kernel_name}: {name}")

    def refused(name, words_):
        code, text = step(name)
        equal((code, text.splitlines()[0]), (1, f"rootwright: {words_}"),
              f"{kernel_name}: {name}")

    with open(f"{B}/stack-{kernel_name}.console", "w", encoding="utf-8") as f:
        f.write(console)
    if not has(console, "all done", f"{kernel_name}: the guest came to its "
               "end"):
        note(console[-3000:])
    error = "Input/output error"
    for name in ("nothing", "whiteout", "image-of-nothing", "file", "symlink",
                 "opaque", "top", "bottom"):
        shows(name, f"require: {RIGHT}", f"off: {RIGHT}")
    for name in ("directory", "exact-directory", "exact-whiteout"):
        shows(name, f"require: {error}: {error}", f"off: {error}: {error}")
    for name in ("exact-file", "opaque-exact-file"):
        shows(name, f"require: 6000: {error}", "off: 6000: captured")
    ab, rest = words["AB"], words["REST"]
    how = ("overlay ro, verified",)
    files = ["./d/a: a", "./d/b: bbbbbbbb", "./f: ffffffff", "./g: gggggggg"]
    damaged = files[:1] + [f"./d/b: {error}"] + files[2:3] + [f"./g: {error}"]
    shows("stack", *how, *damaged)
    shows("other-order", *how, *files)
    shows("below", *how, *files[:2], "./f: old", files[3])
    shows("layers", *how, "./d/new: nnnnnnnn")
    shows("signed", *how, *damaged)
    refused("unsigned", f"signature: signatures/{words['BOTTOM']}.p7s: "
            "expected a signature, found no file")
    shows("volatile", "overlay rw, verified", *damaged[:2],
          "./f: changed", "./new: new")
    shows("again", *how, *damaged)
    refused("captured", f"{words['DIRECTORY']}: expected no directory named by "
            "two hex digits in the root of an image below others, found "
            f"/{ab}: it would capture the redirect /{ab}/{rest} of /f in "
            f"{words['APP']}")
    shows("stackable", "x")
    for name in ("user", "user-insecure"):
        refused(name, "mount: expected root of the machine, found that of a "
                "user namespace: Operation not permitted")
        has(step(name)[1], "hint: no Linux up to 7.2 lets a user namespace "
            "mount EROFS: let root mount it, with --idmap for other owners\n",
            f"{kernel_name}: {name}: the hint")
    for name in ("user-verity", "user-metacopy", "user-plain"):
        equal(step(name), (1, "mount: permission denied (are you root?)\n"),
              f"{kernel_name}: {name}")
    # What reads as zeros is an object that overlayfs does not look for.
    if kernel_name == "sid-7":
        shows("user-userxattr", "00000000a")
    else:
        equal(step("user-userxattr"), (255, "mount: mounting overlay on /mnt "
                                       "failed: Invalid argument\n"),
              f"{kernel_name}: user-userxattr")
    shows("user-no-objects", "00000000a")
    shows("user-layers", ".", "./d", "./d/new")
    shows("user-upper", "nnnnmore", ".", "./d", "./x")
    shows("user-below", "nnnnnnnn")
    shows("left", "0")
    path = "/".join(object_of(b"g" * 7000).split("/")[-3:])
    code, text = step("check")
    equal((code, [line for line in text.splitlines() if line[0] in "/o"]),
          (1, [f"/c/composefs/{path}: its content: cannot be read: {error}",
               f"{path}: expected the same bytes in /c/composefs and "
               "/d/composefs, found others: with these stores, those of "
               "/c/composefs are read"]),
          f"{kernel_name}: check finds what the first store has damaged")
    has(text, ", 1 without fs-verity, 2 faults\n",
        f"{kernel_name}: check counts what is not sealed")


words = make_images()
make_disks(words)
make_guest(words)
for name, (vmlinuz, _) in KERNELS.items():
    judge(name, *guest.run_guest(T, guest.nvme(f"{T}/one.img", 0) +
                                 guest.nvme(f"{T}/two.img", 1),
                                 vmlinuz=vmlinuz), words)
shutil.rmtree(T)
done()
