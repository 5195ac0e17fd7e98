#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is sealed on a disk, byte by byte, against fs-verity in Python; and
what rootwright check says of every damage. What a kernel says is in
tests/boot/verity-offline.t."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from disk import *
from tap import *
from verity import *

LEAF = 128 * BLOCK
LEAF512 = 64 * BLOCK
SIZES = {
    "sha256": [0, 1, 5, 64, 65, 4095, 4096, 4097, 65535, 65536, 65537,
               LEAF - 1, LEAF, LEAF + 1, 128 * LEAF - 1, 128 * LEAF,
               128 * LEAF + 1, 70 * MIB],
    "sha512": [0, 1, 4096, 4097, 65536, 65537, LEAF512 - 1, LEAF512,
               LEAF512 + 1, 64 * LEAF512 - 1, 64 * LEAF512,
               64 * LEAF512 + 1],
}


def on_disk(hexdigest):
    return "/composefs/" + object_path(hexdigest)


def make_disk(work, name, contents, algorithm="sha256"):
    store, disk = f"{work}/{name}", f"{work}/{name}.img"
    objects = make_store(store, contents, algorithm)
    code, _, err = run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)
    ok(code == 0, f"{name}: the disk is made", err)
    shutil.rmtree(store)
    return disk, objects


def test_bytes(work, algorithm):
    disk, objects = make_disk(
        work, algorithm, [content(s) for s in SIZES[algorithm]], algorithm)
    fsck(disk, f"{algorithm}: e2fsck finds nothing")
    for name, data in sorted(objects.items(), key=lambda o: len(o[1])):
        path, size = on_disk(name), len(data)
        start = -(-size // 65536) * 16
        tree = b"".join(levels(data, algorithm))
        last = start + len(tree) // BLOCK
        stat = debugfs(disk, f"stat {path}")
        has(stat, "Flags: 0x180000", f"{size}: extents and verity")
        has(stat, f"Size: {size}\n", f"{size}: the size of the data")
        ok(blocks(disk, path, 0, -(-size // BLOCK))[:size] == data,
           f"{size}: the data")
        ok(blocks(disk, path, start, len(tree) // BLOCK) == tree,
           f"{size}: the tree, root level first")
        ok(blocks(disk, path, last, 1) ==
           descriptor(data, algorithm).ljust(BLOCK - 4, b"\0") +
           struct.pack("<I", 256), f"{size}: the descriptor and its size")
        ok(mapped(disk, path) ==
           list(range(-(-size // BLOCK))) + list(range(start, last + 1)),
           f"{size}: nothing else is allocated")
    code, out, err = run(ROOTWRIGHT, "check", disk)
    equal((code, out), (0, ""), f"{algorithm}: check finds no fault")
    has(err, f"{len(objects)} objects, {sum(map(len, objects.values()))} "
        "bytes, 0 without fs-verity, 0 faults", "and says what it saw")
    os.unlink(disk)


def test_many_extents(work):
    """A file in more pieces than an inode holds: 700 MiB of zeros, which
    stay a hole in the disk's file."""
    store, disk, size = f"{work}/large", f"{work}/large.img", 700 * MIB
    make_store(store, [])
    with open(f"{work}/zeros", "wb") as f:
        f.truncate(size)
    out = run("fsverity", "digest", "--compact", f"{work}/zeros")[1].strip()
    os.makedirs(f"{store}/objects/{out[:2]}")
    os.rename(f"{work}/zeros", f"{store}/{object_path(out)}")
    code, _, err = run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)
    equal(code, 0, "700 MiB of zeros")
    ok(len(extents(disk, on_disk(out))) > 4, "are more than four extents")
    ok(os.stat(disk).st_blocks * 512 < 64 * MIB, "and take no room")
    fsck(disk, "e2fsck finds nothing")
    equal(run(ROOTWRIGHT, "check", disk)[0], 0, "check finds no fault")


def fault(disk, where, name, line):
    """check says just this line of a disk with one bit changed."""
    flip(disk, where)
    code, out, _ = run(ROOTWRIGHT, "check", disk)
    equal((code, out), (1, line + "\n"), name)
    flip(disk, where)


def test_faults(work):
    data = content(3 * LEAF + 7)
    disk, _ = make_disk(work, "faults", [data])
    name = digest(data)
    path, short = on_disk(name), object_path(name)
    wrong = bytearray(data)
    wrong[5 * BLOCK] ^= 1
    start = -(-len(data) // 65536) * 16
    fault(disk, offset(disk, path, 5), "a changed byte of the data",
          f"{short}: expected the content that its name says, found content "
          f"of digest {digest(bytes(wrong))}")
    fault(disk, offset(disk, path, start), "of the tree's root level",
          f"{short}: expected the Merkle tree of its content, found another")
    fault(disk, offset(disk, path, start + 4), "of a leaf of the tree",
          f"{short}: expected the Merkle tree of its content, found another")
    another = (f"{short}: expected the fs-verity descriptor of its content, "
               "found another")
    fault(disk, offset(disk, path, start + 5), "of the descriptor", another)
    fault(disk, offset(disk, path, start + 5) + BLOCK - 4,
          "of the descriptor's size", another)
    equal(run(ROOTWRIGHT, "check", disk)[0], 0, "changed back, it is whole")

    bad = f"{work}/bad.img"

    def changed(command, name, line):
        shutil.copy(disk, bad)
        debugfs(bad, command, "-w")
        code, out, _ = run(ROOTWRIGHT, "check", bad)
        equal((code, out), (1, line + "\n"), name)

    changed(f"sif {path} flags 0x80000", "no verity flag",
            f"{short}: expected fs-verity, found a plain file")
    changed(f"mkdir /composefs/objects/zz", "a directory of another name",
            "objects/zz: expected a directory named by two hex digits, found "
            "another name")
    changed(f"mkdir /composefs/objects/{name[:2]}/x", "a name in it",
            f"objects/{name[:2]}/x: expected an object's name, found another")
    changed(f"mkdir /composefs/objects/{name[:2]}/{'0' * 62}",
            "a directory called like an object",
            f"objects/{name[:2]}/{'0' * 62}: expected a regular file, found "
            "something else")
    changed(f"symlink /composefs/objects/00 {name[:2]}",
            "a link for a directory",
            "objects/00: expected a directory, found something else")
    changed(f"sif {path} size 0x7fffffffffff", "a size beyond the disk",
            f"{short}: expected at most "
            f"{(os.path.getsize(disk) - 2 * MIB)} bytes, which is all of the "
            "file system, found 140737488355327")
    code, out, _ = run(ROOTWRIGHT, "check", "--json", bad)
    has(out, '"kind":"content"', "and the same as JSON")


def test_device(work):
    disk, _ = make_disk(work, "device", [b"x" * 5000])
    code, device, err = run("losetup", "--find", "--show", "--read-only", disk)
    if code != 0:
        skip("check of a block device", f"no loop device: {err.strip()}")
        return
    device = device.strip()
    try:
        code, out, err = run(ROOTWRIGHT, "check", device)
        equal((code, out), (0, ""), "check of a block device")
        has(err, "1 objects, 5000 bytes", "sees the object")
    finally:
        run("losetup", "--detach", device)


def test_refusals(work):
    disk, _ = make_disk(work, "disk", [b"x" * 5000])
    copy = f"{work}/copy.img"

    def refused(path, sentence, name):
        code, out, err = run(ROOTWRIGHT, "check", path)
        equal((code, out, err.splitlines()[:1]),
              (1, "", [f"rootwright: {sentence}"]), name)

    shutil.copy(disk, copy)
    debugfs(copy, "feature needs_recovery", "-w")
    refused(copy, f"{copy}: expected an ext4 file system that was unmounted "
            "cleanly, found one whose journal must be replayed",
            "a journal to be replayed")
    with open(disk, "rb") as f, open(copy, "wb") as g:
        f.seek(MIB)
        partition = f.read(os.path.getsize(disk) - 2 * MIB)
        g.write(partition)
    equal(run(ROOTWRIGHT, "check", copy)[0], 0,
          "a file system without a partition table is fine")
    sectors = len(partition) // 512
    with open(copy, "wb") as g:
        g.truncate(2 * len(partition) + 4 * MIB)
        g.seek(MIB)
        g.write(partition)
        g.seek(2 * MIB + len(partition))
        g.write(partition)
    subprocess.run(
        ["/sbin/sfdisk", "-q", copy], check=True, capture_output=True,
        text=True,
        input=f"label: gpt\nstart=2048,size={sectors}\n"
        f"start={4096 + sectors},size={sectors}\n")
    refused(copy, f"{copy}: expected one ext4 file system with "
            "/composefs/objects in it, found more", "two stores on one disk")
    # Beside the store, a state that was not unmounted; then in its place.
    debugfs(copy, "feature needs_recovery", "-w")
    with open(copy, "r+b") as g:
        g.seek(MIB)
        head = g.read(4096)
        g.seek(MIB)
        g.write(partition[:4096])
        g.seek(2 * MIB + len(partition))
        g.write(head)
    equal(run(ROOTWRIGHT, "check", copy)[0], 0,
          "what is wrong with another partition does not matter")
    with open(copy, "r+b") as g:
        g.seek(MIB)
        g.write(bytes(4096))
    refused(copy, f"{copy}: expected an ext4 file system that was unmounted "
            "cleanly, found one whose journal must be replayed",
            "where no partition has a store, it does")
    with open(copy, "wb") as g:
        g.truncate(MIB)
    refused(copy, f"{copy}: expected one ext4 file system with "
            "/composefs/objects in it, found none", "zeros")
    with open(copy, "wb"):
        pass
    code, _, err = run(ROOTWRIGHT, "check", copy)
    equal(code, 1, "an empty file")
    refused("/dev/null", "/dev/null: expected a store, a disk image or a "
            "block device, found something else", "a character device")


def main():
    with tempfile.TemporaryDirectory(prefix="disk-verity") as work:
        test_bytes(work, "sha256")
        test_bytes(work, "sha512")
        if shutil.which("fsverity"):
            test_many_extents(work)
        else:
            skip("a file of many extents", "no fsverity")
        test_faults(work)
        test_device(work)
        test_refusals(work)
    done()


main()
