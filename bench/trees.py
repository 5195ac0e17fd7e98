# SPDX-License-Identifier: MIT
"""What the builder's benchmark reads: a tree of many small files, and dumps.
The same for the same numbers."""
import hashlib
import os
import random
import shutil

LABEL = " security.selinux=system_u:object_r:usr_t:s0\\x00"
WIDTH = 1000    # entries of a directory
MEAN = 8192     # bytes of a file


def small(path, files):
    """Files of 1 to 64 KiB, mean 8, 100 in a directory, none like another."""
    if os.path.exists(path):
        return path
    new = path + ".new"
    shutil.rmtree(new, ignore_errors=True)
    r = random.Random(files)
    pool = r.randbytes(1 << 20)
    for n in range(files):
        if n % 100 == 0:
            where = f"{new}/{n // 10000:02x}/{n // 100 % 100:02d}"
            os.makedirs(where)
        size = max(1024, min(65536, int(r.expovariate(1 / MEAN))))
        at = r.randrange(len(pool) - size)
        with open(f"{where}/file-{n:06d}", "wb") as f:
            f.write(n.to_bytes(8, "little") + pool[at:at + size - 8])
    os.rename(new, path)
    return path


def measure(path):
    """(entries, files with content, bytes of those) of one file system."""
    entries = files = size = 0
    device = os.lstat(path).st_dev
    pending = [path]
    while pending:
        with os.scandir(pending.pop()) as entry:
            for e in entry:
                entries += 1
                s = e.stat(follow_symlinks=False)
                if e.is_dir(follow_symlinks=False) and s.st_dev == device:
                    pending.append(e.path)
                elif e.is_file(follow_symlinks=False) and s.st_size:
                    files += 1
                    size += s.st_size
    return entries + 1, files, size


def line(path, mode, nlink, size=0, payload="-", digest="-", xattrs=""):
    return (f"{path} {size} {mode} {nlink} 0 0 0 1700000000.0 {payload} - "
            f"{digest}{xattrs}\n")


def file(path, n, xattrs="", nlink=1):
    digest = hashlib.sha256(n.to_bytes(8, "little")).hexdigest()
    return line(path, "100644", nlink, 1000 + n % 60000,
                f"{digest[:2]}/{digest[2:]}", digest, xattrs)


def dirs(count, xattrs=""):
    """A root and directories for that many entries."""
    below = -(-count // WIDTH)
    yield line("/", "40755", 2 + below, xattrs=xattrs)
    for n in range(below):
        yield line(f"/dir-{n:04d}", "40755", 2, xattrs=xattrs)


def place(n):
    return f"/dir-{n // WIDTH:04d}/some-file-{n:07d}.so"


def entries(count, xattrs=""):
    yield from dirs(count, xattrs)
    for n in range(count):
        yield file(place(n), n, xattrs)


def labelled(count):
    return entries(count, LABEL)


def links(count):
    """One file in ten, nine hard links to each."""
    yield from dirs(count)
    for n in range(count):
        if n % 10 == 0:
            yield file(place(n), n, nlink=min(10, count - n))
        else:
            yield line(place(n), "@100644", 1,
                       payload=place(n - n % 10))


def one_target(count):
    """One file, and hard links to it."""
    yield from dirs(count)
    for n in range(count):
        if n == 0:
            yield file(place(n), n, nlink=count)
        else:
            yield line(place(n), "@100644", 1, payload=place(0))


def flat(count):
    yield line("/", "40755", 2)
    for n in range(count):
        yield file(f"/some-file-{n:07d}.so", n)


def dump(path, kind, count):
    """A dump in a file, made once."""
    path = f"{path}/{kind.__name__}-{count}.dump"
    if not os.path.exists(path):
        with open(path + ".new", "w", encoding="ascii") as f:
            f.writelines(kind(count))
        os.rename(path + ".new", path)
    return path
