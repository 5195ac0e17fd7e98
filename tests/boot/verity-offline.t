#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What was sealed offline, as a kernel sees it: the same digests, the same
data, EIO for every damage, and the same bytes as the kernel itself would
have written. The file system is clean before and after the kernel wrote."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from disk import *
from tap import *
from verity import *

LEAF = 128 * BLOCK  # one block of SHA-256 hashes covers it
SIZES = [0, 1, 5, 64, 65, 4095, 4096, 4097, 65535, 65536, 65537,
         LEAF - 1, LEAF, LEAF + 1, 128 * LEAF - 1, 128 * LEAF,
         128 * LEAF + 1, 70 * MIB]
LEAF512 = 64 * BLOCK
SIZES512 = [0, 1, 4096, 4097, LEAF512 - 1, LEAF512, LEAF512 + 1,
            64 * LEAF512 - 1, 64 * LEAF512, 64 * LEAF512 + 1]


def make_disk(work, name, contents, algorithm="sha256"):
    """A store and its disk; returns the disk and {hex digest: content}."""
    store, disk = f"{work}/{name}", f"{work}/{name}.img"
    objects = make_store(store, contents, algorithm)
    code, _, err = run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)
    ok(code == 0, f"{name}: the disk is made", err)
    shutil.rmtree(store)
    fsck(disk, f"{name}: e2fsck finds nothing")
    return disk, objects


def cpio(entries):
    """A newc archive of (name, mode, device, data)."""
    out = b""
    for i, (name, mode, rdev, data) in enumerate(
            entries + [("TRAILER!!!", 0, (0, 0), b"")]):
        fields = [i + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev,
                  len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % f for f in fields)
        out += name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def boot(work, vmlinuz, disks, writable):
    """Runs the guest with the disks, in order; returns its lines, split."""
    with open(f"{B}/guest-verity", "rb") as f:
        init = f.read()
    with open(f"{work}/initrd", "wb") as f:
        f.write(cpio([("dev", 0o40755, (0, 0), b""),
                      ("dev/console", 0o20600, (5, 1), b""),
                      ("init", 0o100755, (0, 0), init)]))
    names = [f"nvme{i}n1p1" for i in range(len(disks))]
    argv = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,cx16=off",
            "-m", "512",
            "-nographic", "-no-reboot", "-net", "none", "-kernel", vmlinuz,
            "-initrd", f"{work}/initrd", "-append",
            "console=ttyS0 panic=-1 no_timer_check loglevel=0 "
            f"DISKS={','.join(names)} RW={names[writable]}"]
    for i, disk in enumerate(disks):
        argv += ["-drive", f"file={disk},if=none,id=d{i},format=raw",
                 "-device", f"nvme,drive=d{i},serial=d{i}"]
    out = run(*argv, stdin=-3, timeout=900)[1].replace("\r", "")
    with open(f"{B}/verity-offline.console", "w") as f:
        f.write(out)
    return [line.split() for line in out.splitlines()]


def check_whole(lines, disk, algorithm, objects):
    """The kernel sees each object as it was put there."""
    seen = {}
    for line in lines:
        if line[:2] == ["object", disk]:
            path = line[2].split("/")
            seen[path[-2] + path[-1]] = line[3:]
    for name, data in sorted(objects.items(), key=lambda o: len(o[1])):
        equal(seen.get(name),
              [str(len(data)), f"{algorithm}:{name}", str(len(data)),
               "whole"],
              f"{algorithm}, {len(data)} bytes: digest and data")
    equal(len(seen), len(objects), f"{disk}: and there is no other object")


def check_copies(lines, disk, path_of, objects):
    """The kernel's own sealing of the same bytes is the same bytes."""
    small = [n for n, data in objects.items() if len(data) < MIB]
    same = {(line[2].rsplit("/", 2)[1] + line[2].rsplit("/", 1)[1], line[3]):
            line[4:] for line in lines if line[:1] == ["same"]}
    for name in sorted(small, key=lambda n: len(objects[n])):
        data = objects[name]
        tree = sum(map(len, levels(data)))
        equal((same.get((name, "tree")), same.get((name, "descriptor"))),
              (["same", str(tree)], ["same", "256"]),
              f"{len(data)} bytes: tree and descriptor as the kernel's own")
    equal(len(same), 2 * len(small), "each of them was compared")
    by_size = {len(objects[n]): mapped(disk, path_of(n)) for n in small}
    copies = re.findall(r"copy\d+", debugfs(disk, "ls /"))
    equal(len(copies), len(small), "the copies are there")
    for copy in copies:
        size = int(re.search(r"Size: (\d+)", debugfs(disk, f"stat /{copy}"))[1])
        equal(mapped(disk, f"/{copy}"), by_size[size],
              f"{size} bytes: mapped as the kernel maps it")


def damage(disk, objects, name):
    """One damage an object; returns {hex digest: (what, data that can be
    read, error, or None where not even open works)}."""
    # The same sizes as the contents below, in order.
    whole, data, leaf, root, desc, end = objects
    size = {n: len(d) for n, d in objects.items()}

    def start(n):
        return -(-size[n] // 65536) * 16

    def path(n):
        return "/composefs/" + object_path(n)

    last = {n: start(n) + sum(map(len, levels(d))) // BLOCK
            for n, d in objects.items()}
    places = {
        data: (offset(disk, path(data), 3) + 100, "a data block",
               3 * BLOCK),
        # The root level is one block: the next one covers the first data.
        leaf: (offset(disk, path(leaf), start(leaf) + 2) + 5,
               "a leaf block of the tree", LEAF),
        root: (offset(disk, path(root), start(root)), "the root block", 0),
        desc: (offset(disk, path(desc), last[desc]) + 20, "the root hash", 0),
        end: (offset(disk, path(end), last[end]) + BLOCK - 1,
              "the descriptor's size", None),
    }
    for at, _, _ in places.values():
        flip(disk, at)
    code, out, _ = run(ROOTWRIGHT, "check", disk)
    equal(code, 1, f"{name}: check refuses the damaged disk")
    for n in objects:
        line = [l for l in out.splitlines() if object_path(n) in l]
        equal(len(line), int(n in places),
              f"check: {places[n][1] if n in places else 'a whole object'}")
    return {n: p[1:] for n, p in places.items()}


def check_damage(lines, disk, objects, places):
    for name, data in objects.items():
        line = next(l for l in lines if l[:2] == ["object", disk] and
                    l[2].endswith(name[2:]))
        size, measured, readable, how = line[3:]
        what, n = places.get(name, ("nothing", len(data)))
        if n is None:
            ok(how.startswith("errno") and readable == "0",
               f"damage to {what}: cannot be opened ({how})", line)
            continue
        equal((int(readable), how), (n, "EIO" if name in places else "whole"),
              f"damage to {what}: read up to there")
        equal(measured == "sha256:" + name, what != "the root hash",
              f"damage to {what}: what is measured")


def main():
    found = kernel()
    if not found:
        skip_all("no kernel bookworm-6.12: run make deps")
    if not shutil.which("qemu-system-x86_64"):
        skip_all("no qemu-system-x86_64")
    with tempfile.TemporaryDirectory(prefix="verity-offline") as work:
        disk, objects = make_disk(work, "boundaries",
                                  [content(s) for s in SIZES])
        disk512, objects512 = make_disk(
            work, "sha512", [content(s, 512) for s in SIZES512], "sha512")
        bad, victims = make_disk(
            work, "damaged",
            [content(3 * LEAF + 7, seed) for seed in range(6)])
        places = damage(bad, victims, "damaged")
        lines = boot(work, found[0], [disk, disk512, bad], 0)
        equal([l for l in lines if l[:1] == ["failed"]], [],
              "the guest could do all it wanted")
        ok(["end"] in lines, "the guest came to its end")
        check_whole(lines, "nvme0n1p1", "sha256", objects)
        check_whole(lines, "nvme1n1p1", "sha512", objects512)
        check_damage(lines, "nvme2n1p1", victims, places)
        fsck(disk, "e2fsck finds nothing after the kernel wrote")
        fsck(bad, "e2fsck finds nothing on the damaged disk")
        check_copies(lines, disk, lambda n: "/composefs/" + object_path(n),
                     objects)
        code, out, err = run(ROOTWRIGHT, "check", disk)
        equal((code, out), (0, ""), "check accepts what the kernel left")
    done()


main()
