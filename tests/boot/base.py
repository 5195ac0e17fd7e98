# SPDX-License-Identifier: MIT
"""What the boots start from, made once per run under $B/boot-tests: two
releases of a tiny tree in one signed store, laid on a disk, and an initramfs
as the builder writes it, unpacked so that a case can change one file of it."""
import gzip
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import threading
import uuid

import cpio
import forge
import tap
from attack import Disk
from machines import X86_64

# One for each test, so that one can be run beside another.
DIR = os.path.join(tap.B, "boot-tests", os.path.basename(sys.argv[0]))
VICTIM = 800 * 256  # bytes of /data/victim
MUSL_LIBC = f"{X86_64.musl}/libc.so"
CONF = """\
trust=digest
store=LABEL=rootwright
on_failure=reboot
failure_delay=0
"""
STATE = "etc=overlay\nstate=LABEL=state\nstate_fstype="


def run(*argv):
    """A command that has to work; returns its stdout."""
    p = subprocess.run([os.fspath(a) for a in argv], check=False, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit "
                           f"{p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout


def verity_digest(data, algorithm="sha256"):
    """The fs-verity digest, 4 KiB blocks, no salt."""
    def md(block):
        return hashlib.new(algorithm, block).digest()

    level = [data[i:i + 4096] for i in range(0, len(data), 4096)]
    while True:
        hashes = [md(b.ljust(4096, b"\0")) for b in level]
        if len(hashes) <= 1:
            break
        joined = b"".join(hashes)
        level = [joined[i:i + 4096] for i in range(0, len(joined), 4096)]
    root = hashes[0] if hashes else bytes(32)
    return md(struct.pack("<BBBBIQ64s32s144x", 1, forge.ALGORITHM[algorithm],
                          12, 0, 0, len(data), root, bytes(32))).hex()


def object_path(digest):
    """Where an object lies on the disk."""
    return f"/composefs/objects/{digest[:2]}/{digest[2:]}"


def _write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    return data


def compile_guest(machine, source, output, *flags, static=False):
    """A program of tests/boot/guest, for a machine; its bytes."""
    run(*machine.compiler(static), "-std=gnu11", "-Os", "-Wall", "-Wextra",
        "-Werror", "-D_GNU_SOURCE", f'-DWITNESS="/dev/{machine.witness}"',
        *flags, "-o", output, f"tests/boot/guest/{source}",
        *machine.libraries())
    with open(output, "rb") as f:
        return f.read()


def certificates():
    """Makes the keys; returns the certificates, by name."""
    found = {}
    for name, subject in (("trusted", "test key trusted"),
                          ("other", "test key other"),
                          ("development", "rootwright DEVELOPMENT key")):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
            "-subj", f"/CN={subject}",
            "-keyout", f"{DIR}/{name}.key", "-out", f"{DIR}/{name}.pem")
        with open(f"{DIR}/{name}.pem", "rb") as f:
            found[name] = f.read()
    return found


class Base:
    """The artefacts, and the words that cases use for them."""

    algorithm = "sha256"
    machine = X86_64

    def __init__(self):
        shutil.rmtree(DIR, ignore_errors=True)
        os.makedirs(DIR)
        self.words, self.entries, self.lock = {}, {}, threading.Lock()
        self.certificates = certificates()
        for release in ("one", "two"):
            self._release(release)
        self._raw_signature()
        self._forgeries()
        self.words["half"] = self.words["one"][:32]
        self.words["upper"] = self.words["one"].upper()
        self.words["nowhere"] = "ab" * 32
        self.disk = f"{DIR}/disk.img"
        run(tap.ROOTWRIGHT, "disk", "--store", f"{DIR}/store",
            "--output", self.disk, "--label", "rootwright")
        self._places()
        self._programs()

    def _release(self, release):
        tree = f"{DIR}/tree-{release}"
        for d in ("proc", "sys", "dev", "run", "tmp", "etc", "var", "sbin",
                  "lib"):
            os.makedirs(f"{tree}/{d}")
        init = _write(f"{tree}/usr/lib/guest/init",
                      compile_guest(self.machine, "init.c",
                                    f"{DIR}/init-{release}",
                                    f'-DRELEASE="{release}"'), 0o755)
        os.symlink("../usr/lib/guest/init", f"{tree}/sbin/init")
        with open(f"{self.machine.musl}/libc.so", "rb") as f:
            libc = _write(f"{tree}/lib/libc.so", f.read(), 0o755)
        os.symlink("libc.so", f"{tree}/lib/{self.machine.loader()}")
        _write(f"{tree}/etc/os-release", b"ID=guest\nNAME=Guest\n")
        _write(f"{tree}/etc/machine-id", b"")
        _write(f"{tree}/etc/hosts", b"the image's\n")
        _write(f"{tree}/etc/dir/below", b"the image's\n")
        _write(f"{tree}/sbin/script", b"#!/usr/lib/guest/init\n", 0o755)
        _write(f"{tree}/sbin/orphan", b"#!/bin/nowhere -x\n", 0o755)
        _write(f"{tree}/sbin/junk", b"no program\n", 0o755)
        shutil.copy(f"{self.machine.build}/rootwright-boot",
                    f"{tree}/sbin/again")
        victim = _write(f"{tree}/data/victim", bytes(range(256)) * (VICTIM // 256))
        _write(f"{tree}/data/fine", b"fine\n" * 20000)
        digest = run(tap.ROOTWRIGHT, "build", "--store", f"{DIR}/store",
                     "--algorithm", self.algorithm, "--for-boot",
                     tree).strip()
        run(tap.ROOTWRIGHT, "sign", "--key", f"{DIR}/trusted.key", "--cert",
            f"{DIR}/trusted.pem", "--store", f"{DIR}/store", digest)
        self.words[release] = digest
        self.words["image_" + release] = object_path(digest)
        self.words["signature_" + release] = \
            f"/composefs/signatures/{digest}.p7s"
        self.words["init_" + release] = self._object(init)
        self.words["init_size"] = len(init)
        self.words["libc"] = self._object(libc)
        self.words["victim"] = self._object(victim)

    def _object(self, data):
        return object_path(verity_digest(data, self.algorithm))

    def _raw_signature(self):
        """By the right key, but over the image itself."""
        digest = self.words["one"]
        self.words["raw_signature"] = f"{DIR}/raw.p7s"
        run("openssl", "smime", "-sign", "-binary", "-noattr", "-outform",
            "der", "-signer", f"{DIR}/trusted.pem", "-inkey",
            f"{DIR}/trusted.key", "-out", f"{DIR}/raw.p7s", "-in",
            f"{DIR}/store/objects/{digest[:2]}/{digest[2:]}")

    def _forgery(self, name, image):
        digest = verity_digest(image, self.algorithm)
        _write(f"{DIR}/{name}.image", image)
        self.words[name] = digest
        self.words["file_" + name] = f"{DIR}/{name}.image"
        self.words["image_" + name] = object_path(digest)

    def _forgeries(self):
        """Images whose digests are right, for what they are."""
        one = self.words["one"]
        with open(f"{DIR}/store/objects/{one[:2]}/{one[2:]}", "rb") as f:
            image = f.read()
        self.words["file_one"] = f.name
        self.words["file_signature"] = \
            f"{DIR}/store/signatures/{one}.p7s"
        self.words["xattr"] = image.index(b"overlay.redirect") + 20
        self._forgery("noise", bytes(range(1, 255)) * 100)
        size = self.words["init_size"]
        self._forgery("liar", forge.other_size(image, size, size - 1))
        self._forgery("short", forge.other_size(image, VICTIM, VICTIM - 1))

    def _places(self):
        """What and where things are on the disk."""
        disk = Disk(self.disk)
        with open(self.disk, "rb") as f:
            f.seek(1024)
            entry = f.read(128)
            f.seek(disk.start + 1024 + 0x68)
            self.words["uuid"] = uuid.UUID(bytes=f.read(16))
        self.words["partuuid"] = uuid.UUID(bytes_le=entry[16:32])
        self.words["partlabel"] = entry[56:].decode("utf-16le").rstrip("\0")
        self.words["sector_superblock"] = disk.start // 512 + 2
        for name in ("image_one", "init_one", "victim"):
            self.words["sector_" + name] = disk.offset(
                self.words[name], 8192) // 512

    def _programs(self):
        self.witness = compile_guest(
            self.machine, "witness.c", f"{DIR}/witness", static=True)

    def built(self, kernel, fs="ext4", pid1=False, drivers=""):
        """The initramfs that the builder makes for a kernel and the file
        systems of store and state ("ext4+btrfs"; only one: of both), without
        busybox for PID 1: the file's name, and what is in it."""
        with self.lock:
            out = (f"{DIR}/initrd.{kernel}.{fs}{'.pid1' if pid1 else ''}"
                   + drivers)
            if out not in self.entries:
                config, build = f"{DIR}/config", self.machine.build
                store, _, state = fs.partition("+")
                _write(f"{config}/boot.conf",
                       f"{CONF}store_fstype={store}\n{state and STATE}"
                       f"{state}\n".encode())
                run(tap.ROOTWRIGHT, "initrd", "--modules",
                    tap.kernel(kernel)[1], "--boot",
                    f"{build}/rootwright-boot", "--config", config,
                    "--drivers", f"{self.machine.modules} {drivers}",
                    "--output", out,
                    *(["--pid1", "--launcher", f"{build}/rootwright-load"]
                      if pid1 else
                      ["--launcher", f"{build}/rootwright-launch",
                       *self.machine.busybox()]))
                with gzip.open(out) as f:
                    self.entries[out] = cpio.read(f.read())
            return out, self.entries[out]

    def disk_of(self, case):  # pylint: disable=unused-argument
        """What a case boots from, and what changes a copy of it."""
        return self.disk, Disk

    def initrd(self, path, case):
        """Writes the initramfs of a case."""
        pid1 = case.via == "pid1"
        entries = dict(self.built(case.kernel, case.modules, pid1,
                                  case.drivers)[1])
        etc = "etc/rootwright/"
        boot = entries["bin/rootwright-boot"]
        if case.via == "witness":
            entries["bin/rootwright-boot.real"] = boot
            entries["bin/rootwright-boot"] = cpio.file(self.witness, 0o755)
        if case.conf is None:
            del entries[etc + "boot.conf"]
        else:
            entries[etc + "boot.conf"] = cpio.file(
                case.conf.format(**self.words))
        for name in case.keys:
            role, _, key = name.rpartition("/")
            role = etc + (role or "keys.d")
            entries.setdefault(role, cpio.directory())
            entries[f"{role}/{key}.pem"] = cpio.file(self.certificates[key])
        for name, entry in case.initrd.items():
            if entry is None:
                del entries[name]
            elif isinstance(entry, str):
                with open(entry.format(**self.words), "rb") as f:
                    entries[name] = cpio.file(f.read())
            else:
                entries[name] = entry
        with open(path, "wb") as f:
            f.write(cpio.write(entries))


def missing(machine=X86_64):
    """Why the boots cannot run here, or nothing."""
    why = machine.missing()
    if not why and not tap.kernel(machine.kernel):
        return f"no kernel {machine.kernel} in {tap.CACHE}/kernels"
    return why
