# SPDX-License-Identifier: MIT
"""Machines with UEFI firmware and Secure Boot: what docs/guide-secure-boot.md
makes, made by its own blocks, and QEMU to boot it in.

In place of what a test cannot have stand small scripts in PATH: mmdebstrap
takes a tree of the cache, and QEMU gets a second serial port, a disk with what
the booted system is to do (the plan), and no more terminal than a pipe."""
import os
import shlex
import shutil
import subprocess
import threading

import distro
import tap
from blocks import blocks

GUIDE = "docs/guide-secure-boot.md"
TREE = f"{tap.CACHE}/trixie-uki.tar"
OVMF = "/usr/share/OVMF/OVMF_%s.fd"
DIR = os.path.abspath(f"{tap.B}/uki")
HERE = os.getcwd()
LIMIT = 2700  # seconds until a machine counts as hung, on a busy one
# The examples' own console arguments, and what an emulated machine needs.
GUIDES = "console=tty0 console=ttyS0 panic=10"
OWN = "console=ttyS0 panic=-1 no_timer_check"
ARGUMENTS = f"{OWN} systemd.import_credentials=no"


def missing():
    """Why the boots cannot run here, or nothing."""
    for path in (TREE, OVMF % "CODE_4M.secboot", "/usr/bin/sbsign",
                 "/usr/bin/mcopy", "/usr/bin/qemu-system-x86_64"):
        if not os.path.exists(path):
            return f"no {path}: make deps installs it"
    return ""


def run(*argv, **kwargs):
    """A command that has to work, in our directory; returns its stdout."""
    kwargs.setdefault("cwd", DIR)
    code, out, err = tap.run(*argv, **kwargs)
    if code:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit {code}\n"
                           f"{out}{err}")
    return out


def write(path, text, mode=0o644):
    """A file below our directory."""
    path = os.path.join(DIR, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def script(path, text):
    return write(path, "#!/bin/sh\nset -eu\n" + text, 0o755)


def stand_ins():
    """Before everything else in PATH."""
    here = shlex.quote(HERE)
    script("bin/mmdebstrap", f"""
for tree; do :; done
exec {here}/tests/uki/merge {shlex.quote(TREE)} "$tree" files test
""")
    # Debian 13's ukify, with the Python that has its modules.
    script("bin/ukify", f"exec /usr/bin/python3 {DIR}/ukify/usr/bin/ukify \"$@\"\n")
    script("bin/rootwright-initrd", f"""
exec {here}/initrd/mkinitrd --boot {here}/{tap.B}/rootwright-boot \\
	--launcher {here}/{tap.B}/rootwright-launch \\
	--drivers 'virtio_pci virtio_blk' "$@"
""")
    script("bin/qemu-system-x86_64", f"""
exec >console 2>&1 </dev/null
set -- -accel tcg -cpu max,cx16=off -nic none -vga none -monitor none \\
	-serial stdio -serial file:witness \\
	-smbios 'type=11,value=io.systemd.credential:tmpfiles.extra=f /run/slipped - - - - x' \\
	-drive file=plan.img,if=none,id=plan,format=raw,readonly=on \\
	-device virtio-blk-pci,drive=plan,serial=plan "$@"
exec timeout {LIMIT} /usr/bin/qemu-system-x86_64 "$@"
""")


def prepare():
    """An empty directory with what a reader of the guide has."""
    shutil.rmtree(DIR, ignore_errors=True)
    os.makedirs(f"{DIR}/ukify")
    stand_ins()
    for name in ("examples", "keys"):
        os.symlink(f"{HERE}/{name}", f"{DIR}/{name}")
    write("Makefile", f".DEFAULT:\n\t@cd {HERE} && $(MAKE) $@\n")
    run("tar", "-C", "ukify", "-xf", TREE, "./usr/bin/ukify",
        "./usr/lib/systemd/boot/efi")
    units = "test/etc/systemd/system"
    shutil.copytree("tests/uki/tree", f"{DIR}/test")
    write("test/usr/lib/uki-test/version", "1\n")
    for wanted, unit in (("multi-user", "uki-test"),
                         ("multi-user", "rootwright-bless")):
        where = f"{DIR}/{units}/{wanted}.target.wants"
        os.makedirs(where, exist_ok=True)
        os.symlink(f"/usr/lib/systemd/system/{unit}.service",
                   f"{where}/{unit}.service")
    where = f"{DIR}/{units}/boot-complete.target.requires"
    os.makedirs(where)
    os.symlink("/usr/lib/systemd/system/rootwright-bless.service",
               f"{where}/rootwright-bless.service")


def environment():
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return dict(env, EFI=f"{DIR}/ukify/usr/lib/systemd/boot/efi",
                B=os.path.abspath(tap.B),
                PATH=os.pathsep.join([f"{DIR}/bin", os.path.abspath(tap.B),
                                      os.environ["PATH"],
                                      "/usr/sbin", "/sbin"]))


def commands(heading, info="sh"):
    """The blocks below a heading of the guide, as one script."""
    found = [b.text for b in blocks(GUIDE)
             if b.info == info and b.heading.startswith(heading)]
    if not found:
        raise RuntimeError(f"{GUIDE}: {heading}: expected blocks, found none")
    return "".join(found)


def follow(heading, change=(), **env):
    """Does what the guide says below a heading; one test."""
    text = commands(heading).replace(GUIDES, OWN)
    for old, new in change:
        text = text.replace(old, new)
    code, out, err = tap.run("bash", "-eu", "-c", text, cwd=DIR,
                             env=dict(environment(), **env))
    tap.ok(code == 0, f"the guide: {heading}", (out + err)[-4000:])
    return out + err


def version(n, files):
    """tree-N.tar: the first tree with other files over it."""
    shutil.rmtree(f"{DIR}/over", ignore_errors=True)
    for path, text in {"usr/lib/uki-test/version": f"{n}\n", **files}.items():
        write(f"over/{path}", text)
    run(f"{HERE}/tests/uki/merge", "tree-1.tar", f"tree-{n}.tar", "over")


def update(n):
    """make-update for it."""
    script("again", commands("7. An update").replace(
        GUIDES, OWN).replace(
        "--version 2", f"--version {n}").replace("tree-2", f"tree-{n}"))
    run("sh", "again", env=environment())


def dracut(n, initrd):
    """An initramfs by dracut, made inside of tree-N."""
    tree = f"{DIR}/dracut"
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    run("tar", "-C", tree, "--numeric-owner", "--exclude=./dev/*", "-xpf",
        f"{DIR}/tree-{n}.tar")
    release, = os.listdir(f"{tree}/usr/lib/modules")
    inside = ("unshare", "--mount", "sh", "-c", distro.CHROOT, "sh", tree, DIR)
    run(*inside, "dracut", "--force", "--no-hostonly",
        "--no-hostonly-cmdline", "--kver", release, "--compress", "gzip",
        "--drivers", "virtio_pci virtio_blk", "--add", "rootwright",
        f"/run/out/{initrd}")
    # As systemd's stub takes them from the ESP; this one without a TPM.
    run(*inside, "sh", "-c", "echo 'f /run/slipped - - - - x' | systemd-creds "
        "encrypt --with-key=null --name=tmpfiles.extra - "
        "/run/out/slipped.cred")
    shutil.rmtree(tree)


def plan(text):
    """What the booted system runs, and what it is given: the updates."""
    shutil.rmtree(f"{DIR}/plan", ignore_errors=True)
    script("plan/run", text)
    os.makedirs(f"{DIR}/plan/update", exist_ok=True)
    for name in ("export", "uki"):
        if os.path.isdir(f"{DIR}/out/{name}"):
            run("cp", "-al", f"out/{name}", "plan/update/")
    if os.path.exists(f"{DIR}/plan.img"):
        os.unlink(f"{DIR}/plan.img")
    run("mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", "plan", "plan.img",
        "640M", env=environment())


class Machine:
    """What a boot said on the console and by its witness."""

    def __init__(self):
        def read(name):
            with open(f"{DIR}/{name}", "rb") as f:
                return f.read().decode("utf-8", "replace").replace("\r", "")
        self.console, self.witness = read("console"), read("witness")

    def said(self, word):
        """The rest of each witness line that begins with this word."""
        return [line[len(word) + 1:] for line in self.witness.splitlines()
                if line.startswith(word + " ")]


def boot(disks, variables, until="", smbios=""):
    """Boots from the first of the disks that firmware accepts; ends when these
    words are on the console, without them when the machine is switched off."""
    argv = ["-machine", "q35,smm=on", "-m", "1024", "-display", "none",
            "-global", "driver=cfi.pflash01,property=secure,value=on",
            "-drive", "if=pflash,format=raw,unit=0,readonly=on,file="
            + OVMF % "CODE_4M.secboot",
            "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    for n, disk in enumerate(disks):
        argv += ["-drive", f"file={disk},if=none,id=d{n},format=raw",
                 "-device", f"virtio-blk-pci,drive=d{n},bootindex={n}"]
    if until:
        argv.append("-no-reboot")
    if smbios:
        argv += ["-smbios", f"type=11,value={smbios}"]
    for name in ("console", "witness"):
        write(name, "")
    process = subprocess.Popen([f"{DIR}/bin/qemu-system-x86_64", *argv],
                               cwd=DIR)
    over = threading.Event()

    def watch():
        while until and not over.wait(0.5):
            with open(f"{DIR}/console", "rb") as f:
                if until.encode() in f.read():
                    process.terminate()
                    return

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    over.set()
    watcher.join()
    return Machine()
