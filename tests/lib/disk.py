# SPDX-License-Identifier: MIT
"""Make disks from stores, and look into their ext4 with e2fsprogs: the
partition begins at 1 MiB. Nothing of ours is asked what is on them."""
import hashlib
import os
import re

from tap import ROOTWRIGHT, equal, ok, run
from verity import BLOCK, make_store, object_path

MIB = 1 << 20


def fsck(disk, name):
    """One test: e2fsck finds nothing."""
    code, out, err = run("/sbin/e2fsck", "-fn", f"{disk}?offset={MIB}")
    return ok(code == 0, name, out + err)


def debugfs(disk, command, *options):
    return run("/sbin/debugfs", *options, "-R", command,
               f"{disk}?offset={MIB}")[1]


def extents(disk, path):
    """[(first logical block, first physical block, blocks)]"""
    found = []
    for line in debugfs(disk, f"ex {path}").splitlines():
        m = re.match(r" *(\d+)/ *(\d+) +\d+/ *\d+ +(\d+) - +\d+ +(\d+) - +\d+"
                     r" +(\d+)", line)
        if m and m[1] == m[2]:
            found.append((int(m[3]), int(m[4]), int(m[5])))
    return found


def mapped(disk, path):
    """The logical blocks that a file has."""
    return [b for first, _, n in extents(disk, path)
            for b in range(first, first + n)]


def offset(disk, path, block):
    """Where a block of a file lies on the disk, in bytes."""
    for first, physical, n in extents(disk, path):
        if first <= block < first + n:
            return MIB + (physical + block - first) * BLOCK
    raise KeyError(f"{path}: block {block} is not mapped")


def blocks(disk, path, first, n):
    """The bytes of blocks of a file, also beyond its size; holes are
    zeros."""
    out = bytearray(n * BLOCK)
    with open(disk, "rb") as f:
        for logical, physical, count in extents(disk, path):
            low, high = max(first, logical), min(first + n, logical + count)
            if low < high:
                f.seek(MIB + (physical + low - logical) * BLOCK)
                out[(low - first) * BLOCK:(high - first) * BLOCK] = \
                    f.read((high - low) * BLOCK)
    return bytes(out)


def flip(disk, where):
    """Changes one bit of the byte there."""
    with open(disk, "r+b") as f:
        f.seek(where)
        byte = f.read(1)[0]
        f.seek(where)
        f.write(bytes([byte ^ 1]))


def make(work, name, contents):
    """A store with what a signed image adds; its path."""
    store = f"{work}/{name}"
    objects = make_store(store, contents)
    image = next(iter(objects))
    os.symlink(f"../{object_path(image)}", f"{store}/images/{image}")
    os.mkdir(f"{store}/signatures")
    with open(f"{store}/signatures/{image}.p7s", "wb") as f:
        f.write(b"signature" * 1000)
    with open(f"{store}/objects/.tmp-1-2", "w") as f:
        f.write("a builder was killed")
    return store, image


def disk(store, output, *options, **kwargs):
    return run(ROOTWRIGHT, "disk", "--store", store, "--output", output,
               *options, **kwargs)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def refused(got, sentence, hint, left, name):
    """Exit code 1, this sentence and hint, and nothing in a directory."""
    code, out, err = got
    words = [f"rootwright: {sentence}"] + ([f"hint: {hint}"] if hint else [])
    equal((code, out, err.splitlines()), (1, "", words), name)
    equal(os.listdir(left), [], f"{name}: nothing is left")
