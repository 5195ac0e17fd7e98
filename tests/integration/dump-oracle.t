#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random dumps, ours against mkcomposefs, byte for byte, in both versions of
the format and as chosen; every image goes through fsck.erofs; and the dump of
an image gives an image whose dump gives that one again.

SEED=N runs one seed, DUMPS=N that many (60, of 60 entries each, but two of
2,500). What differs is kept under build/dump-oracle/, with the seed in its
name.
"""
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, "tests/lib")
from randomdump import RandomDump  # noqa: E402
from tap import (B, ROOTWRIGHT, done, have_oracle, note, ok, oracle, run,
                 skip_all)  # noqa: E402

KEEP = os.path.join(B, "dump-oracle")
ENTRIES = 60
MANY = 2500  # of every 30th


def keep(seed, version, files, why):
    os.makedirs(KEEP, exist_ok=True)
    for path in files:
        if os.path.isfile(path):
            shutil.copy(path, os.path.join(
                KEEP, f"{seed}-{version}-{os.path.basename(path)}"))
    note(f"seed {seed}, version {version}: {why}; kept in {KEEP}")
    return False


def compare(seed, version, tmp, text):
    ours, theirs = os.path.join(tmp, "ours"), os.path.join(tmp, "theirs")
    options = ([] if version == "any" else
               [f"--min-version={version}", f"--max-version={version}"])
    code, printed, err = run(ROOTWRIGHT, "build", *options, "--output", ours,
                             f"dump:{text}")
    if code != 0:
        return keep(seed, version, [text], f"rootwright build: {err}")
    code, digest, err = oracle("mkcomposefs", "--print-digest", "--from-file",
                               *options, text, theirs)
    if code != 0:
        return keep(seed, version, [text, ours], f"mkcomposefs: {err}")
    with open(ours, "rb") as a, open(theirs, "rb") as b:
        if a.read() != b.read():
            return keep(seed, version, [text, ours, theirs], "bytes differ")
    if printed != digest:
        return keep(seed, version, [ours], f"digest {printed}, want {digest}")
    code, out, err = oracle("fsck.erofs", ours)
    if code != 0:
        return keep(seed, version, [text, ours], f"fsck.erofs: {out}{err}")
    again = fixed_point(ours, options)
    if again is not True:
        return keep(seed, version, [text, ours], again)
    os.unlink(ours)
    os.unlink(theirs)
    return True


def fixed_point(image, options):
    """A dump does not tell at which of its names a hard-linked file is: the
    first image may have it elsewhere than the second, but from then on all
    is as it was. True, or what is not."""
    digest = None
    for _ in range(2):
        code, text, err = run(ROOTWRIGHT, "dump", image)
        if code != 0:
            return f"rootwright dump: {err}"
        path, before = image + ".dump", digest
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        image += "+"
        code, digest, err = run(ROOTWRIGHT, "build", *options, "--output",
                                image, f"dump:{path}")
        os.unlink(path)
        if code != 0:
            return f"rootwright build of rootwright dump: {err}"
        if before is not None:
            os.unlink(image)
            os.unlink(image[:-1])
    return digest == before or "the dump of its dump's image gives another"


def one(seed, top):
    tmp = tempfile.mkdtemp(dir=top)
    text = os.path.join(tmp, "dump")
    dump = RandomDump(seed, MANY if seed % 30 == 0 else ENTRIES).text()
    with open(text, "w", encoding="ascii") as f:
        f.write(dump)
    good = all([compare(seed, version, tmp, text)
                for version in ("0", "1", "any")])
    shutil.rmtree(tmp)
    return good, dump.count("\n")


def main():
    if not have_oracle():
        skip_all("mkcomposefs is not in the cache (make deps)")
    seeds = range(1, int(os.environ.get("DUMPS", "60")) + 1)
    if "SEED" in os.environ:
        seeds = [int(os.environ["SEED"])]
    with tempfile.TemporaryDirectory() as top, \
            ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda seed: one(seed, top), seeds))
    bad = [s for s, (good, _) in zip(seeds, results) if not good]
    entries = sum(n for _, n in results)
    ok(not bad, f"{len(seeds)} random dumps of {entries} entries give "
       "mkcomposefs' bytes in both versions, fsck.erofs takes them, and "
       "their dumps are a fixed point",
       f"seeds that do not: {bad}")
    if len(seeds) > 1:
        ok(max(n for _, n in results) >= 2000 or len(seeds) < 30,
           "2,000 entries in one at least")
    done()


main()
