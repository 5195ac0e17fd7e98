# SPDX-License-Identifier: MIT
"""Images and fs-verity that are well made and yet not what they should be."""
import hashlib
import struct

ALGORITHM = {"sha256": 1, "sha512": 2}


def sealed(data, algorithm, block, salt):
    """What a file of this data holds on ext4 once it has fs-verity: data,
    Merkle tree at the next 64 KiB, descriptor, and the descriptor's size in
    the last four bytes. The tree has to fit into one of its blocks."""
    size = hashlib.new(algorithm).digest_size
    # A salt is padded to a block of the hash function and hashed first.
    before = salt.ljust(-len(salt) % (128 if size == 64 else 64) + len(salt),
                        b"\0")

    def hashed(piece):
        return hashlib.new(algorithm,
                           before + piece.ljust(block, b"\0")).digest()

    tree = b"".join(hashed(data[i:i + block])
                    for i in range(0, len(data), block))
    if len(data) > block:
        if len(tree) > block:
            raise ValueError(f"{len(data)} bytes: the tree has two levels")
        root, tree = hashed(tree), tree.ljust(4096, b"\0")
    else:
        root, tree = tree, b""
    descriptor = struct.pack("<BBBBIQ64s32s144x", 1, ALGORITHM[algorithm],
                             block.bit_length() - 1, len(salt), 0, len(data),
                             root, salt)
    return (data.ljust(-len(data) % 65536 + len(data), b"\0") + tree
            + descriptor.ljust(4092, b"\0") + struct.pack("<I", 256))


def other_size(image, size, said):
    """The image with `said` as the size of the file that has `size` bytes:
    the one inode with that size and a regular file's mode."""
    places = [n for n in range(1024 + 128, len(image) - 32, 32)
              if struct.unpack_from("<I", image, n + 8)[0] == size
              and struct.unpack_from("<H", image, n + 4)[0] >> 12 == 8]
    if len(places) != 1:
        raise ValueError(f"{len(places)} inodes of {size} bytes")
    at = places[0] + 8
    return image[:at] + struct.pack("<I", said) + image[at + 4:]
