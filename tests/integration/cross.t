#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The programs for other machines, under qemu-user: sizes and kinds, that the
same tree gives the same image and digests, and every unit test. s390x is
there because its bytes are the other way round."""
import concurrent.futures
import glob
import os
import random
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import (B, CACHE, ROOTWRIGHT, done, equal, note, ok, run, skip,
                 skip_all)

LIMIT = 196608  # bytes of the boot program, on every machine
MACHINES = {  # triplet: qemu-user's name, e_machine, bits
    "aarch64-linux-gnu": ("aarch64", 183, 64),
    "arm-linux-gnueabihf": ("arm", 40, 32),
    "riscv64-linux-gnu": ("riscv64", 243, 64),
    "s390x-linux-gnu": ("s390x", 22, 64),
}
T = tempfile.mkdtemp(prefix="rw-cross-")


def elf(path):
    """(class, machine, types of the program headers)."""
    with open(path, "rb") as f:
        data = f.read()
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"

    def fields(what, at):
        return struct.unpack_from(order + what, data, at)

    offset, size, count = (*fields("Q", 32), *fields("HH", 54)) if wide \
        else (*fields("I", 28), *fields("HH", 42))
    return (64 if wide else 32, *fields("H", 18),
            [fields("I", offset + i * size)[0] for i in range(count)])


def tree():
    """Files of all the sizes that hash differently."""
    random.seed(7)
    os.makedirs(f"{T}/tree/dir")
    os.symlink("dir/1", f"{T}/tree/link")
    for i, size in enumerate((0, 1, 64, 65, 4096, 4097, 128 * 4096 + 1,
                              1 << 20, *(random.randrange(30000)
                                         for _ in range(100)))):
        with open(f"{T}/tree/dir/{i}", "wb") as f:
            f.write(random.randbytes(size))
        os.utime(f"{T}/tree/dir/{i}", (i, i))


def boot_program(build, emulate, machine, bits):
    """Small, static, and it reads a policy."""
    path = f"{build}/rootwright-boot"
    name = f"{machine}: rootwright-boot"
    got_bits, got_machine, headers = elf(path)
    equal((got_bits, got_machine), (bits, MACHINES[build.rpartition("/")[2]][1]),
          f"{name}: it is for that machine")
    size = os.path.getsize(path)
    ok(size <= LIMIT, f"{name}: at most {LIMIT} bytes", f"{size}")
    note(f"{name}: {size} bytes")
    ok(3 not in headers, f"{name}: static: no loader is asked for")
    ours = run(f"{B}/rootwright-boot", "--check-config", f"{T}/config")
    equal(run(*emulate, path, "--check-config", f"{T}/config"), ours,
          f"{name}: reads the policy and the key as here")


def host_program(build, emulate, machine):
    """Same tree, same store; and each of the ways to hash."""
    program = [*emulate, f"{build}/rootwright"]
    for algorithm in ("sha256", "sha512"):
        images = [run(*argv, "build", "--algorithm", algorithm, "--store",
                      f"{T}/{n}-{machine}-{algorithm}", f"{T}/tree")
                  for n, argv in enumerate(([ROOTWRIGHT], program))]
        equal(images[1][:2], images[0][:2],
              f"{machine}: the same {algorithm} digest")
    files = sorted(glob.glob(f"{T}/tree/dir/*"))
    want = run(ROOTWRIGHT, "measure", *files)
    ok(want[0] == 0, "measured here", want[2])
    for kernel in ("openssl", *(["armv8"] if machine == "aarch64" else [])):
        equal(run(*program, "measure", *files,
                  env=dict(os.environ, ROOTWRIGHT_HASH=kernel)), want,
              f"{machine}: the same fs-verity digests by {kernel}")
    code, _, err = run(*program, "verify", "--cert", f"{T}/key.pem",
                       "--store", f"{T}/signed", signed)
    ok(code == 0, f"{machine}: verifies a signature made here", err)


def initramfs(build, machine, busybox):
    """Made here for there, twice."""
    outs = []
    for n in ("a", "b"):
        out = f"{T}/{machine}-{n}"
        code, _, err = run(
            ROOTWRIGHT, "initrd", "--no-modules", "--config", f"{T}/config",
            "--boot", f"{build}/rootwright-boot", "--output", out, *busybox)
        ok(code == 0, f"{machine}: rootwright initrd", err)
        with open(out, "rb") as f:
            outs.append(f.read())
    ok(outs[0] == outs[1], f"{machine}: the same initramfs twice")
    if busybox == ["--pid1"]:
        ok(len(outs[0]) < 150000, f"{machine}: one file of less than 150 KB",
           f"{len(outs[0])}")
        note(f"{machine}: {len(outs[0])} bytes")


def unit_tests(build, emulate, machine):
    """All of them, two at a time."""
    def one(path):
        return path, run(*emulate, path)

    programs = sorted(p for p in glob.glob(f"{build}/unit/*")
                      if not p.endswith(".d"))
    sources = glob.glob("tests/unit/*.c")
    equal(len(programs), len(sources), f"{machine}: every unit test is built")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, (code, out, err) in pool.map(one, programs):
            bad = [line for line in out.splitlines()
                   if line.startswith("not ok")]
            ok(code == 0 and not bad and "\n1.." in f"\n{out}",
               f"{machine}: unit test {os.path.basename(path)}",
               "\n".join(bad) + f"\nexit code {code}\n{err[-2000:]}")


def old_libraries():
    """Those of Debian 12 for armhf, which have times of 32 bits: refused."""
    triplet = "arm-linux-gnueabihf"
    place = f"{T}/sysroot/usr/lib/{triplet}"
    os.makedirs(place)
    with open(f"{T}/old.c", "w", encoding="ascii") as f:
        f.write("long time(long *);\nlong t(void);\n"
                "long t(void) { return time(0); }\n")
    run(f"{triplet}-gcc", "-shared", "-nostdlib", "-o",
        f"{place}/libext2fs.so", f"{T}/old.c")
    code, out, err = run(
        "make", f"CROSS={triplet}-", f"B={T}/old", f"SYSROOT={T}/sysroot",
        f"{T}/old/host/flags", env=dict(os.environ, MAKEFLAGS=""))
    ok(code == 2 and "libext2fs.so: expected a library with times of 64 bits "
       "(Debian 13 or newer), found none or another: run make deps-cross, or name such libraries "
       "with SYSROOT=\n" in err, "armhf: libraries of Debian 12 are refused",
       f"{code}: {out}{err}")
    ok(not os.path.exists(f"{T}/old/host"), "and nothing is made")


if not os.path.isdir(f"{CACHE}/cross"):
    skip_all("no libraries of other machines: make deps check fetches them")
try:
    tree()
    os.makedirs(f"{T}/config/keys.d")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=cross",
        "-keyout", f"{T}/key", "-out", f"{T}/key.pem")
    shutil.copy(f"{T}/key.pem", f"{T}/config/keys.d/")
    with open(f"{T}/config/boot.conf", "w", encoding="ascii") as f:
        f.write("trust=digest+signature\nstore=/dev/vda1\n")
    signed = run(ROOTWRIGHT, "build", "--store", f"{T}/signed",
                 f"{T}/tree")[1].strip()
    code, _, err = run(ROOTWRIGHT, "sign", "--key", f"{T}/key", "--cert",
                       f"{T}/key.pem", "--store", f"{T}/signed", signed)
    ok(code == 0, "signed", err)
    for triplet, (machine, _, bits) in MACHINES.items():
        build, sysroot = f"{B}/{triplet}", f"{CACHE}/cross/{triplet}"
        emulate = [f"{CACHE}/cross/qemu/qemu-{machine}", "-L", sysroot]
        if not os.path.exists(emulate[0]) or not os.path.isdir(sysroot):
            skip(triplet, "no qemu-user or no libraries: make deps-cross")
            continue
        boot_program(build, emulate, machine, bits)
        initramfs(build, machine, ["--pid1"])
        host_program(build, emulate, machine)
        unit_tests(build, emulate[:1], machine)
    old_libraries()
finally:
    shutil.rmtree(T)
done()
