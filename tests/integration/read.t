#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright ls, dump: the text of composefs-info for random trees and for
the golden dumps, and a dump gives its image again."""
import glob
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from randomtree import RandomTree  # noqa: E402
from tap import (ROOTWRIGHT, done, equal, have_oracle, ok, oracle, run,
                 skip_all)  # noqa: E402

TREES = int(os.environ.get("TREES", "25"))
T = tempfile.mkdtemp()
if not have_oracle("composefs-info"):
    skip_all("composefs-info is not in the cache (make deps)")


def out(*command):
    return run(*command)[1]


def same(image):
    """What of dump and ls differs from composefs-info."""
    return [c for c in ("dump", "ls")
            if out(ROOTWRIGHT, c, image) != oracle("composefs-info", c,
                                                   image)[1]]


def again(image):
    """The image of the image's dump; the reason when there is none."""
    with open(f"{T}/dump", "wb") as f:
        f.write(run(ROOTWRIGHT, "dump", image, text=False)[1])
    version = of_json(image)["version"]
    made = tempfile.mktemp(dir=T)
    err = oracle("mkcomposefs", "--from-file", f"--min-version={version}",
                 f"--max-version={version}", f"{T}/dump", made)[2]
    with open(image, "rb") as a, open(made, "rb") as b:
        return made, a.read() == b.read() or err or "differs"


def of_json(image):
    """The one image of rootwright ls --json."""
    return json.loads(out(ROOTWRIGHT, "ls", "--json", image))["images"][0]


image = f"{T}/image"
for dump in sorted(glob.glob("tests/golden/*.dump")):
    for version in ("0", "1"):
        oracle("mkcomposefs", "--from-file", f"--min-version={version}",
               f"--max-version={version}", dump, image)
        equal(same(image), [], f"{dump}, version {version}: the same text")
        equal(again(image)[1], True, f"{dump}: its dump gives it again")
        equal(len(of_json(image)["entries"]),
              out(ROOTWRIGHT, "ls", image).count("\n"), f"{dump}: as JSON")

bad = {}
entries = 0
for seed in range(TREES):
    tree = f"{T}/tree"
    shutil.rmtree(tree, ignore_errors=True)
    os.mkdir(tree)
    RandomTree(seed, False).make(tree)
    os.unlink(image)
    run(ROOTWRIGHT, "build", "--output", image, tree)
    entries += out(ROOTWRIGHT, "ls", image).count("\n")
    # An xattr trusted.overlay.whiteout of a file makes a whiteout of it, so
    # that only the second dump gives its own image again.
    found = same(image) or again(again(image)[0])[1]
    if found is not True:
        bad[seed] = found
equal(bad, {}, f"{TREES} random trees, by their seeds, with {entries} entries")
ok(entries > TREES, "there are some")

# What a filter leaves.
oracle("mkcomposefs", "--from-file", "tests/golden/links.dump", image)
equal(out(ROOTWRIGHT, "ls", "--filter", "a", image).split("\n")[0], "/a/\t",
      "ls --filter begins with what it names")
equal([line.split()[0] for line in out(
    ROOTWRIGHT, "dump", "--filter", "/a/fifo", "--filter", "c",
    image).split("\n") if line], ["/", "/a", "/a/fifo", "/c"],
      "dump --filter has what leads there")
equal(out(ROOTWRIGHT, "dump", "--filter", "c", image).split("\n")[1],
      "/c 0 10600 2 0 0 0 1700000000.0 - - -",
      "a second name alone is no link")
equal(run(ROOTWRIGHT, "ls", "--filter", "/nowhere", image),
      (1, "", f"rootwright: {image}: expected an entry /nowhere, found none\n"),
      "a filter that names nothing")
equal(run(ROOTWRIGHT, "dump", "tests/golden/wide.dump"),
      (1, "", "rootwright: tests/golden/wide.dump: expected a composefs "
       "image, found another kind of file\n"), "not an image")
equal(run(ROOTWRIGHT, "ls", T),
      (1, "", f"rootwright: {T}: expected a regular file, found something "
       "else\n"), "a directory")
equal(run(ROOTWRIGHT, "ls", "--store", T, image)[0], 2, "another's option")
equal(run(ROOTWRIGHT, "ls")[0], 2, "no image")
shutil.rmtree(T)
done()
