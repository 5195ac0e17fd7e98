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
from tap import ROOTWRIGHT, done, have_oracle, ok, run, skip_all  # noqa: E402
from versus import Versus  # noqa: E402

VERSUS = Versus("dump-oracle")
ENTRIES = 60
MANY = 2500  # of every 30th


def compare(seed, version, tmp, text):
    options = ([] if version == "any" else
               [f"--min-version={version}", f"--max-version={version}"])
    return VERSUS.compare(f"{seed}-{version}", tmp, text,
                          [*options, f"dump:{text}"],
                          ["--from-file", *options, text],
                          more=lambda image: fixed_point(image, options))


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
