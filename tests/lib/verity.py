# SPDX-License-Identifier: MIT
"""fs-verity in a few lines of Python, so that a test does not have to
believe libfsverity, and object stores made of given contents."""
import hashlib
import os
import struct

BLOCK = 4096
ALGORITHM = {"sha256": 1, "sha512": 2}


def _padded(data, i):
    return data[i:i + BLOCK].ljust(BLOCK, b"\0")


def levels(data, name="sha256"):
    """The Merkle tree, root level first; none for a file of one block."""
    found = []
    while len(data) > BLOCK:
        level = b"".join(hashlib.new(name, _padded(data, i)).digest()
                         for i in range(0, len(data), BLOCK))
        found.insert(0, level.ljust(-(-len(level) // BLOCK) * BLOCK, b"\0"))
        data = level
    return found


def descriptor(data, name="sha256"):
    """struct fsverity_descriptor, 256 bytes."""
    tree = levels(data, name)
    top = tree[0] if tree else _padded(data, 0)
    root = hashlib.new(name, top).digest() if data else b""
    return struct.pack("<BBBBIQ64s32s144x", 1, ALGORITHM[name], 12, 0, 0,
                       len(data), root, b"")


def digest(data, name="sha256"):
    """The digest that the kernel measures, in hex."""
    return hashlib.new(name, descriptor(data, name)).hexdigest()


def object_path(hexdigest):
    return f"objects/{hexdigest[:2]}/{hexdigest[2:]}"


def content(size, seed=0):
    """Bytes that no two blocks of have in common."""
    out = bytearray()
    for i in range(-(-size // 64)):
        out += hashlib.blake2b(struct.pack("<QQ", i, seed)).digest()
    return bytes(out[:size])


def make_store(path, contents, name="sha256"):
    """A store with these objects; returns {hex digest: content}."""
    os.makedirs(path + "/images/refs")
    os.makedirs(path + "/objects")
    with open(path + "/meta.json", "w") as f:
        f.write('{"version": 1, "algorithm": "fsverity-%s-12", "features": '
                '{"compatible": [], "read-only-compatible": [], '
                '"incompatible": []}}\n' % name)
    objects = {}
    for data in contents:
        hexdigest = digest(data, name)
        objects[hexdigest] = data
        where = os.path.join(path, object_path(hexdigest))
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb") as f:
            f.write(data)
    return objects
