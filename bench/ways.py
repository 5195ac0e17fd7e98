# SPDX-License-Identifier: MIT
"""The ways to get a root that the benchmark compares. All of them boot the
script of our own initramfs, of which one line is another for each."""
import os

import cpio
import tap

ROOT_LINE = ('/bin/rootwright-boot || '
             'fail "rootwright-boot: exit status $?"\n')
# The machine's own, of Debian 12, emulates no SHA-NI; sid's does, as processors
# have it since 2019.
QEMU = {"debian12": "qemu-system-x86_64", "sid": "bench/qemu"}
# Before which line of the script which time stamp is taken.
STAMPS = (
    ("# In load order, written by mkinitrd.", "begin"),
    (ROOT_LINE, "drivers"),
    ("for dir in proc sys dev run; do", "hand-off"),
)
# What only a verified root needs.
VERIFIED = ("sha256-ssse3", "loop", "erofs", "libcrc32c",
            "overlay", "crc32c-intel")


def stamp(name):
    return f"echo '<7>bench: {name}' >/dev/kmsg\n"


def script(text, line):
    """The script with time stamps, and a way's own line."""
    for before, name in STAMPS:
        if text.count(before) != 1:
            raise RuntimeError(f"initrd/init: expected one {before!r}")
        extra = "/bin/watch </dev/null &\n" if name == "begin" else ""
        text = text.replace(before, extra + stamp(name) + before)
    return text.replace(ROOT_LINE, line) if line else text


def measured(text, way):
    """The script, with the memory of the way's program being measured."""
    line = f"\n/{way.program} "
    if text.count(line) != 1:
        raise RuntimeError(f"initrd/init: expected one line {line!r}")
    return text.replace(line, f"\n/bin/rss /{way.program} ")


def parents(name):
    """The directories above it, from the top."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


class Way:
    """One way."""

    program = ""  # what makes the root, in the initramfs

    def __init__(self, name, without=(), verifies=False):
        self.name = name
        self.without, self.verifies = without, verifies

    def missing(self):
        """Why it cannot be timed here, or nothing."""
        return ""

    def closure(self):
        """What it brings into the initramfs: path to entry."""
        return {}

    def line(self, subject):
        """Shell commands for a root at /sysroot; empty: the script's own."""
        return ""

    def disk(self, subject):
        return subject.disk

    def prepare(self, subject):
        """Makes what only this way needs of a tree."""

    def cmdline(self, subject):
        return "composefs=" + subject.digest


INIT_LINE = ("$bb mkdir -p /run/rootwright\n"
             "echo /sbin/init >/run/rootwright/init\n")


class Ours(Way):
    """rootwright-boot, by digest and signature."""

    program = "bin/rootwright-boot"


class Plain(Way):
    """The tree's files in the same ext4, and nothing verified."""

    def line(self, subject):
        return ("$bb mount -t ext4 -o ro /dev/vda1 /sysroot || fail mount\n"
                + INIT_LINE)


class PlainRead(Plain):
    """The same, reading what rootwright-boot reads before the hand-off: what
    is left between the two is the price of verification."""

    def line(self, subject):
        files = " ".join("/sysroot" + f for f in subject.preflight)
        return (super().line(subject)
                + f"$bb cat {files} >/dev/null || fail cat\n")


class MountComposefs(Way):
    """composefs' own mount program: the image by its digest, objects with
    fs-verity; no signature, no reading ahead."""

    program = "usr/sbin/mount.composefs"

    def missing(self):
        if not tap.have_oracle("mount.composefs"):
            return "no mount.composefs in the cache: make deps fetches it"
        return ""

    def closure(self):
        return closure(self.program)

    def line(self, subject):
        d = subject.digest
        objects = "/store/composefs/objects"
        return ("$bb mkdir /store /tmp\n"
                "$bb mount -t ext4 -o ro /dev/vda1 /store || fail mount\n"
                f"/{self.program} -o basedir={objects},digest={d},verity,ro "
                f"{objects}/{d[:2]}/{d[2:]} /sysroot || fail composefs\n"
                + INIT_LINE)


class Ostree(Way):
    """ostree's boot program, with the same tree in a deployment of its own
    (/etc in /usr/etc, a kernel beside it). composefs enabled, which requires
    no fs-verity and no signature."""

    program = "usr/lib/ostree/ostree-prepare-root"

    def missing(self):
        if not os.path.exists(f"{PEERS}/{self.program}"):
            return "no ostree in the cache: bench/peers fetches it"
        return ""

    def closure(self):
        entries = closure(self.program)
        entries["usr/lib/ostree/prepare-root.conf"] = cpio.file(
            "[composefs]\nenabled = yes\n")
        return entries

    def disk(self, subject):
        return f"{subject.dir}/ostree.img"

    def prepare(self, subject):
        """The deployment; ostree itself makes it, without a boot."""
        made = tap.run("bench/deploy", subject.tree, subject.dir, TOP, PEERS)
        if made[0]:
            raise RuntimeError("bench/deploy: " + made[1] + made[2])
        with open(f"{subject.dir}/ostree.karg", encoding="utf-8") as f:
            subject.karg = f.read().strip()

    def line(self, subject):
        return ("$bb mount -t ext4 -o ro /dev/vda /sysroot || fail mount\n"
                f"/{self.program} /sysroot || fail ostree\n" + INIT_LINE)

    def cmdline(self, subject):
        return subject.karg


TOP = f"{tap.CACHE}/oracle-sid"
PEERS = f"{tap.CACHE}/bench-sid"
LIB = "usr/lib/x86_64-linux-gnu"


def _file(name):
    """A file of the unpacked sid."""
    for top in (TOP, PEERS):
        if os.path.exists(f"{top}/{name}"):
            with open(f"{top}/{name}", "rb") as f:
                return f.read()
    raise RuntimeError(f"{name}: expected it in {TOP} or {PEERS}")


def closure(program):
    """A program of the unpacked sid and the libraries that it is linked
    with, as entries of an initramfs."""
    top = TOP if os.path.exists(f"{TOP}/{program}") else PEERS
    code, out, err = tap.run(
        f"{TOP}/{LIB}/ld-linux-x86-64.so.2", "--library-path",
        f"{TOP}/{LIB}:{PEERS}/{LIB}", "--list", f"{top}/{program}")
    if code:
        raise RuntimeError(f"{program}: its libraries: {out}{err}")
    loader = "ld-linux-x86-64.so.2"
    names = {loader: f"lib64/{loader}", program: program}
    for line in out.splitlines():
        name = line.split(" => ")[0].strip()
        if " => " in line and name.startswith("lib"):
            names[name] = f"{LIB}/{name}"
    return {path: cpio.file(_file(program if name == program
                                  else f"{LIB}/{name}"), 0o755)
            for name, path in names.items()}


WAYS = [
    Plain("plain", without=VERIFIED),
    PlainRead("plain+read", without=VERIFIED),
    Ours("rootwright", verifies=True),
    MountComposefs("mount.composefs"),
    Ostree("ostree-prepare-root"),
]
