#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random dumps, ours against mkcomposefs, byte for byte, in both versions of
the format and as chosen; every image goes through fsck.erofs.

SEED=N runs one seed, DUMPS=N that many (60, of 60 entries each). A pair that
differs is kept under build/dump-oracle/, with the seed in its name.
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
    os.unlink(ours)
    os.unlink(theirs)
    return True


def one(seed, top):
    tmp = tempfile.mkdtemp(dir=top)
    text = os.path.join(tmp, "dump")
    dump = RandomDump(seed, ENTRIES).text()
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
       "mkcomposefs' bytes in both versions, and fsck.erofs takes them",
       f"seeds that do not: {bad}")
    if len(seeds) > 1:
        ok(entries >= 2000 or len(seeds) < 60, "2,000 entries at least")
    done()


main()
