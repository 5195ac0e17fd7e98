#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random trees, ours against mkcomposefs, byte for byte: as a directory with
--no-hardlinks, and by default against a dump that keeps the links. Every
image goes through fsck.erofs.

SEED=N runs one seed, TREES=N that many (200). A pair that differs is kept
under build/image-oracle/, with the seed in its name.
"""
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, "tests/lib")
from randomtree import RandomTree, dump  # noqa: E402
from tap import (CACHE, done, have_oracle, note, ok, oracle, run,
                 skip_all)  # noqa: E402
from versus import Versus  # noqa: E402

VERSUS = Versus("image-oracle")


def version(package):
    """Of a Debian package in the unpacked sid; the tool does not say it."""
    status = os.path.join(CACHE, "oracle-sid/var/lib/dpkg/status")
    with open(status, encoding="utf-8") as f:
        for entry in f.read().split("\n\n"):
            if f"Package: {package}\n" in entry + "\n":
                return entry.split("\nVersion: ")[1].split("\n")[0]
    return "of unknown version"


def one(seed, where, tmpfs):
    tmp = tempfile.mkdtemp(dir=where)
    tree = os.path.join(tmp, "tree")
    os.mkdir(tree)
    RandomTree(seed, tmpfs).make(tree)
    text = os.path.join(tmp, "dump")
    with open(text, "w", encoding="ascii") as f:
        f.write(dump(tree))
    good = VERSUS.compare(f"{seed}-no-hardlinks", tmp, text,
                          ["--no-hardlinks", tree], [tree])
    good &= VERSUS.compare(f"{seed}-hardlinks", tmp, text, [tree],
                           ["--from-file", text])
    shutil.rmtree(tmp)
    return good


def deep(where):
    """2000 directories, one below the other: no path is that long, and
    fsck.erofs 1.9.4 runs out of stack on mkcomposefs' own image of them."""
    tmp = tempfile.mkdtemp(dir=where)
    tree = os.path.join(tmp, "tree")
    os.mkdir(tree)
    fd = os.open(tree, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    good = VERSUS.compare("deep", tmp, tree, ["--no-hardlinks", tree], [tree],
                          fsck=False)
    run("rm", "-rf", tmp)
    return good


def main():
    if os.geteuid() != 0:
        skip_all("needs root: devices, owners and trusted xattrs")
    if not have_oracle():
        skip_all("mkcomposefs is not in the cache (make deps)")
    seeds = range(1, int(os.environ.get("TREES", "200")) + 1)
    if "SEED" in os.environ:
        seeds = [int(os.environ["SEED"])]
    note(f"mkcomposefs {version('composefs')}")
    note(oracle("fsck.erofs", "--version")[1].splitlines()[0])
    with tempfile.TemporaryDirectory() as top:
        # Half of the trees on tmpfs: more xattrs, odder times.
        other = os.path.join(top, "tmpfs")
        os.mkdir(other)
        code, _, err = run("mount", "-t", "tmpfs", "tmpfs", other)
        if code != 0:
            note(f"no tmpfs ({err.strip()}): all trees on {top}")
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                good = pool.map(
                    lambda seed: one(seed, other if seed % 2 else top,
                                     code == 0 and seed % 2 == 1), seeds)
                bad = [s for s, fine in zip(seeds, good) if not fine]
        finally:
            if code == 0:
                run("umount", other)
        ok(deep(top), "2000 directories, one below the other")
    ok(not bad, f"{len(seeds)} random trees give mkcomposefs' bytes, and "
       "fsck.erofs takes them", f"seeds that do not: {bad}")
    done()


main()
