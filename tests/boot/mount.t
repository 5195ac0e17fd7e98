#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright mount, and mount.composefs beside composefs' own, where the
kernel has fs-verity: one virtual machine for all of it (guest/mount.sh)."""
import hashlib
import lzma
import os
import re
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import vm  # noqa: E402
from attack import Disk  # noqa: E402
from tap import (B, CACHE, ROOTWRIGHT, done, equal, has, have_oracle,
                 kernel, note, ok, run, skip, skip_all)  # noqa: E402

MODULES = ("netfs", "libcrc32c", "sha256-ssse3", "erofs", "overlay", "loop")
KERNELS = {name: kernel(name) for name in
           ("bookworm-6.12", "backports-6.18", "bookworm-6.1")}
if not all(KERNELS.values()):
    skip_all("kernels are missing: run make deps")
T = base.DIR
root = f"{T}/root"
shutil.rmtree(T, ignore_errors=True)
os.makedirs(T)


def listing(top):
    """As the guest lists it."""
    return sorted(run("find", top, "-mindepth", "1", "-type", "d", "-printf",
                      "%P %y %m %U %G %T@\n", "-o", "-printf",
                      "%P %y %m %U %G %T@ %l %n %s\n")[1].splitlines())


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def place(digest):
    return f"{digest[:2]}/{digest[2:]}"


def object_of(path):
    with open(path, "rb") as f:
        return base.object_path(base.verity_digest(f.read()))


def make_store():
    """Three images, of which the first is signed; their digests."""
    tree, digests = f"{T}/tree", []
    for name in ("fine", "flipped", "gone", "unsealed"):
        write(f"{tree}/{name}", name.encode() * 3000)
    write(f"{tree}/large", os.urandom(300000), 0o4755)
    write(f"{tree}/small", b"small\n")
    write(f"{tree}/d/e/other", b"other\n" * 1000, 0o600)
    os.chown(f"{tree}/d/e/other", 1000, 1001)
    os.symlink("../small", f"{tree}/d/link")
    os.link(f"{tree}/fine", f"{tree}/d/fine")
    os.mknod(f"{tree}/d/null", 0o20666, os.makedev(1, 3))
    os.mkfifo(f"{tree}/d/fifo")
    os.setxattr(f"{tree}/fine", "user.x", b"y")
    for name in ("one", "two", "three"):
        write(f"{T}/{name}/name", name.encode() * 30)
        source = tree if name == "one" else f"{T}/{name}"
        digests.append(base.run(
            ROOTWRIGHT, "build", "--store", f"{T}/store", "--output",
            f"{T}/{name}.cfs", source).strip())
    base.run(ROOTWRIGHT, "sign", "--key", f"{T}/trusted.key", "--cert",
             f"{T}/trusted.pem", "--store", f"{T}/store", digests[0])
    base.run(ROOTWRIGHT, "sign", "--key", f"{T}/trusted.key", "--cert",
             f"{T}/trusted.pem", f"{T}/two.cfs")
    return digests


def make_disks():
    base.run(ROOTWRIGHT, "disk", "--store", f"{T}/store", "--output",
             f"{T}/disk.img")
    disk = Disk(f"{T}/disk.img")
    disk.flip(object_of(f"{T}/tree/flipped"), 5000)
    disk.remove(object_of(f"{T}/tree/gone"))
    disk.unseal(object_of(f"{T}/tree/unsealed"))
    disk.flip(base.object_path(THREE), 300)
    os.makedirs(f"{T}/plain")
    shutil.copytree(f"{T}/store", f"{T}/plain/composefs", symlinks=True)
    with open(f"{T}/plain.img", "wb") as f:
        f.truncate(16 << 20)
    base.run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", "^verity",
             "-d", f"{T}/plain", f"{T}/plain.img")
    with open(f"{T}/empty.img", "wb") as f:
        f.truncate(16 << 20)
    base.run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", "verity",
             f"{T}/empty.img")


def install(program, to, libraries=None, at=""):
    """A program and what it is linked with."""
    os.makedirs(os.path.dirname(f"{root}/{to}"), exist_ok=True)
    shutil.copy(program, f"{root}/{to}")
    found = libraries or run("ldd", program)[1]  # static: none
    for library in set(re.findall(r"(/\S+) \(0x", found)):
        path = f"{root}{at}/{os.path.basename(library)}" if at else \
            root + library
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(library, path)


def install_theirs():
    sid = f"{CACHE}/oracle-sid"
    lib = f"{sid}/usr/lib/x86_64-linux-gnu"
    loader = f"{lib}/ld-linux-x86-64.so.2"
    program = f"{sid}/usr/sbin/mount.composefs"
    install(program, "theirs/mount.composefs", base.run(
        loader, "--library-path", lib, "--list", program), "/theirs")
    shutil.copy(loader, f"{root}/theirs/loader")
    write(f"{root}/compat/theirs/mount.composefs",
          b'#!/bin/busybox sh\nexec /theirs/loader --library-path /theirs '
          b'/theirs/mount.composefs "$@"\n', 0o755)


def make_initrd():
    for name in ("proc", "sys", "dev", "tmp", "disk", "plain", "paste", "mnt",
                 "sbin", "busybox", "compat/ours", "modules"):
        os.makedirs(f"{root}/{name}")
    for program in (ROOTWRIGHT, *(shutil.which(x, path=PATH) for x in
                                  ("busybox", "find", "mount", "losetup",
                                   "openssl"))):
        install(program, f"bin/{os.path.basename(program)}")
    os.symlink("/bin/rootwright", f"{root}/compat/ours/mount.composefs")
    install_theirs()
    for _, modules in KERNELS.values():
        for where, _, files in os.walk(modules):
            for name in files:
                module, dot, kind = name.partition(".ko")
                if dot and module in MODULES:
                    with (lzma.open if kind else open)(
                            f"{where}/{name}", "rb") as f:
                        write(f"{root}/modules/{os.path.basename(modules)}/"
                              f"{module}.ko", f.read())
    for name in ("trusted", "other"):
        os.makedirs(f"{root}/keys", exist_ok=True)
        shutil.copy(f"{T}/{name}.pem", f"{root}/keys/")
    with open(f"{T}/one.cfs", "rb") as f:
        image = bytearray(f.read())
    write(f"{root}/img/one.cfs", image)
    at = image.index(b"unsealed")
    image[at] ^= 32
    write(f"{root}/img/flipped.cfs", image)
    shutil.copy(f"{T}/two.cfs.p7s", f"{root}/img/two.p7s")
    shutil.copy(f"{T}/store/signatures/{ONE}.p7s", f"{root}/img/one.cfs.p7s")
    write(f"{root}/words", f"ONE={ONE}\nTWO={TWO}\nTHREE={THREE}\n"
          f"NONE={'ab' * 32}\nONE_PATH={place(ONE)}\n".encode())
    with open("src/tool/rootwright-mount.1", encoding="utf-8") as f:
        example = re.search(r"^\.Sh EXAMPLES\n\.Bd.*?\n(.*?)^\.Ed", f.read(),
                            re.M | re.S)[1]
    write(f"{root}/example/script", example.replace("\\e", "\\").encode())
    write(f"{root}/example/tree/file", b"x" * 6000)
    write(f"{root}/openssl.cnf", b"[req]\ndistinguished_name=name\n[name]\n")
    shutil.copy("tests/boot/guest/mount.sh", f"{root}/init")
    os.chmod(f"{root}/init", 0o755)
    base.run("sh", "-c", f"cd {root} && find . | cpio -o -H newc --quiet "
             ">../initrd")


def boot(name, words=""):
    """One boot; what came of its steps is in steps afterwards."""
    outcome = vm.boot(KERNELS[name][0], f"{T}/initrd", "console=ttyS0 panic=-1 "
                      f"no_timer_check {words}",
                      [f"{T}/{disk}.img" for disk in
                       ("disk", "plain", "empty")], bus="nvme")
    with open(f"{B}/mount-{name}.console", "w", encoding="utf-8") as f:
        f.write(outcome.console + outcome.witness)
    steps.clear()
    steps.update((m[1], m[2]) for m in re.finditer(
        r"^begin (\S+)\n(.*?)^end \1$", outcome.witness, re.M | re.S))
    if not has(outcome.witness, "all done", f"{name}: the guest came to its "
               "end"):
        note(outcome.console[-3000:])


def step(name):
    return steps.get(name, "it did not run")


def refused(name, sentence, hint=None, code=1):
    """This sentence, this code, and nothing was mounted."""
    lines = step(name).splitlines()
    equal((lines[:1], lines[-2:]), ([f"rootwright{sentence}"],
                                    [f"code {code}", "left: "]), name)
    if hint:
        equal(lines[1], f"hint: {hint}", f"{name}: the hint")


def damaged(lines):
    """What md5sum says of this tree, where objects are verified."""
    return [line for line in lines if line.startswith("md5sum")] == [
        "md5sum: can't read './flipped': Input/output error",
        "md5sum: can't open './gone': No such file or directory",
        "md5sum: can't open './unsealed': Input/output error"]


def verified(name, source, entries):
    """Mounted as it should be: how, what is there, what can be read."""
    lines = step(name).splitlines()
    equal(lines[:2], ["code 0", f"{source} /mnt overlay ro relatime "
                      "redirect_dir=on metacopy=on verity=require "],
          f"{name}: mounted")
    equal(lines[2:2 + len(entries)], entries, f"{name}: the tree")
    for file in ("fine", "large", "small", "d/e/other", "d/fine"):
        ok(any(line.endswith(f"  ./{file}") and line.startswith(md5(file))
               for line in lines), f"{name}: {file}", step(name))
    ok(damaged(lines), f"{name}: what is damaged cannot be read", step(name))
    equal(lines[-1], "left: ", f"{name}: umount undoes all")


def md5(file):
    return run("md5sum", f"{T}/tree/{file}")[1][:32]


def works(name, *words):
    """Mounted, and it said this."""
    text = step(name)
    ok("code 0\n" in text and text.endswith("left: \n")
       and all(f"{word}\n" in text for word in words), name, text)


def rootwright_mount():
    tree, object_one = listing(f"{T}/tree"), place(ONE)
    source = f"composefs:{ONE}"
    where = "/disk/composefs/objects/"
    for name in ("digest", "signed", "memory", "memory-signed",
                 "no-verity-image"):
        verified(name, source, tree)
    verified("idmap", source, [re.sub(
        r"( [dflpc] \d+) (\d+) (\d+) ", lambda m: f"{m[1]} "
        f"{100000 + int(m[2])} {100000 + int(m[3])} ", x) for x in tree])
    for name in ("either-key", "elsewhere", "file"):
        works(name)
    works("stack", "small", "loop devices: 0")
    works("example", "code 0")
    ok(re.search("^composefs:[0-9a-f]{64} /paste/mnt overlay ro,.*\nx{6000}",
                 step("example"), re.M), "example: its last mount is there",
       step("example"))
    works("write", "touch: /mnt/new: Read-only file system")
    serial = run("openssl", "x509", "-noout", "-serial", "-in",
                 f"{T}/trusted.pem")[1].strip().split("=")[1].lower()
    refused("wrong-key", f": signature: signatures/{ONE}.p7s: expected one by "
            "a trusted key, found one by the certificate with serial number "
            f"{serial}: none of the 1 trusted certificates has this issuer "
            "and number", "sign the image with the key of a certificate that "
            "--cert names")
    refused("unsigned", f": signature: signatures/{TWO}.p7s: expected a "
            "signature, found no file", "sign the image with rootwright sign, "
            "and install the signature into the store")
    for name in ("not-its-own", "memory-flipped-signed"):
        refused(name, ": signature: one.cfs.p7s: expected one over this "
                'digest by key "test key trusted", found one that does not '
                "verify: it is for something else or damaged")
    refused("unpinned", f" mount: {where}{object_one}: expected --digest or "
            "--cert for an image that is a file (--insecure mounts it "
            "unverified)", code=2)
    refused("file-mismatch", f": image: {where}{object_one}: expected "
            f"fs-verity digest sha256:{TWO}, found sha256:{ONE}")
    with open(f"{root}/img/flipped.cfs", "rb") as f:
        found = base.verity_digest(f.read())
    refused("memory-flipped", ": image: /img/flipped.cfs: expected fs-verity "
            f"digest sha256:{ONE}, found sha256:{found}")
    refused("sealed-flipped", f": image: {where}{place(THREE)}: expected data "
            "that match its fs-verity digest, found others at byte 0 or after "
            "it: Input/output error")
    refused("missing", f": image: {where}ab/{'ab' * 31}: expected the image in "
            "the store, found no such file", "install the image into the "
            "store, or name one that is there")
    refused("no-verity", ": store: /plain/composefs/objects: expected a file "
            "system with fs-verity, found one without it: Operation not "
            "supported", "put the store on ext4 or f2fs with the feature "
            "verity, or on btrfs, under a kernel with fs-verity; --insecure "
            "mounts files that nobody verifies")
    refused("unsealed", ": unsealed: expected files that can be read, found "
            "none among 7, this one the last: Input/output error",
            "their objects have no fs-verity, or are not those of the image: "
            "rootwright check tells")
    works("sha512", f"{hashlib.md5(b'x' * 6000).hexdigest()}  ./file")
    ok(re.match("code 0\ncomposefs:[0-9a-f]{128} .* verity=require ",
                step("sha512")), "sha512: verified", step("sha512"))
    refused("insecure-mismatch", ": image: /img/one.cfs: expected fs-verity "
            f"digest sha256:{TWO}, found sha256:{ONE}")
    refused("upper-readonly", ": overlay: expected one with verity=require "
            "and upperdir=/disk, found none: overlay: filesystem on /disk is "
            "read-only: Invalid argument")
    refused("idmap-own", ": idmap: /proc/self/ns/user: expected the file of a "
            "user namespace other than ours: Operation not permitted")
    works("insecure", "rootwright: WARNING: /mnt: its files are not verified: "
          "--insecure", *tree)
    ok("md5sum: " not in step("insecure"), "insecure: all can be read")
    works("insecure-file", "rootwright: WARNING: /mnt: neither its image nor "
          "its files are verified: --insecure")
    for name in ("upper", "upper-memory"):
        works(name, "touched", "changed", "600", f"{md5('large')}  /mnt/large",
              "new f 644 0", "fine f 644 8", "large f 600 300000")
    ok(damaged(step("upper").splitlines()),
       "upper: what is damaged cannot be read", step("upper"))


# Where one fails and the other does not, or in its own way.
DIFFERENT = {
    "digest-empty": (0, 1), "digest-empty-helper": (0, 1),
    "upper-comma": (1, 0), "upper-comma-helper": (1, 0),
}


def outline(text):
    """What counts of a step: no usage, no blank lines; of a failure of the
    kernel's the first words and the cause."""
    text = re.sub(r"^usage: .*?(?=^code )", "usage\n", text,
                  flags=re.M | re.S)
    text = re.sub(r"^/(theirs|compat/ours)/", "/", text, flags=re.M)
    text = re.sub(r"^(mount.composefs: Failed to mount composefs \S+: ).*: ",
                  r"\1", text, flags=re.M)
    return [line for line in text.splitlines() if line]


def side_by_side():
    names = [name[:-len("-theirs")] for name in steps
             if name.endswith("-theirs")]
    ok(len(names) > 50, "both are compared", f"{len(names)}")
    for name in names:
        theirs, ours = step(f"{name}-theirs"), step(f"{name}-ours")
        if name not in DIFFERENT:
            equal(outline(ours), outline(theirs), f"mount.composefs: {name}")
            continue
        equal([f"code {code}\n" in text for code, text in
               zip(DIFFERENT[name], (theirs, ours))], [True, True],
              f"mount.composefs: {name}, which is to differ")
    for name, words in (("verity", "code 0\n"), ("upper", "changed\n"),
                        ("digest-wrong", "Image has wrong fs-verity\n"),
                        ("digest-empty", "Invalid argument\n"),
                        ("upper-comma-helper", "touched\n")):
        has(step(f"{name}-ours"), words, f"mount.composefs: {name}: {words.strip()}")


def other_kernels():
    """One that cannot stack on an EROFS in a file, and one that is too old."""
    boot("backports-6.18", "FEW=yes")
    verified("digest", f"composefs:{ONE}", listing(f"{T}/tree"))
    works("stack", "small", "loop devices: 1")
    boot("bookworm-6.1", "FEW=yes")
    ok(re.match("rootwright: kernel: 6[.]1[.].*: expected overlayfs with "
                r"data-only lower layers \(since Linux 6[.]5\), found a kernel "
                "without it\nhint: boot a kernel of 6.12 or newer\ncode 1\n"
                "left: \n$", step("digest")), "a kernel that is too old",
       step("digest"))


PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
if not have_oracle("mount.composefs"):
    skip_all("composefs is not in the cache (make deps)")
base.certificates()
ONE, TWO, THREE = make_store()
make_disks()
make_initrd()
vm.LIMIT = 900  # what else would be a hundred boots
steps = {}
boot("bookworm-6.12")
rootwright_mount()
side_by_side()
other_kernels()
done()
