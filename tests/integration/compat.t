#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The names of composefs' programs: their output and their exit codes."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import B, done, equal, have_oracle, oracle, run, skip_all  # noqa: E402

if not have_oracle("composefs-info"):
    skip_all("composefs is not in the cache (make deps)")
T = tempfile.mkdtemp()


def both(program, *argv, name=None, words=False, **kwargs):
    """Both give the same; of a failure, words says that those count, too."""
    ours = run(f"{B}/compat/{program}", *argv, **kwargs)
    theirs = oracle(program, *argv, **kwargs)
    if not words:
        ours, theirs = ours[:2], theirs[:2]
    else:
        # The usage begins with how the program was called.
        ours, theirs = ([line for line in x[2].splitlines()
                         if not line.startswith("usage: ")] + [x[0]]
                        for x in (ours, theirs))
    equal(ours, theirs, name or " ".join([program, *argv]).replace(T, "."))


def info():
    images = []
    for dump in ("links", "types", "whiteouts", "shared"):
        images.append(f"{T}/{dump}")
        oracle("mkcomposefs", "--from-file", f"tests/golden/{dump}.dump",
               images[-1])
    os.makedirs(f"{T}/base/e4")
    some = "0425eaca55b3aca9994575b03b1585ff756c4684395fa144ee2642aeaf1d49"
    with open(f"{T}/base/e4/{some}", "wb"):
        pass
    for command in ("ls", "dump", "objects", "missing-objects"):
        both("composefs-info", command, *images)
        both("composefs-info", f"--basedir={T}/base", command, *images)
        both("composefs-info", "--filter=a", command, *images)
        both("composefs-info", command, "--filter", "b", images[0], "--filter",
             "c")
        both("composefs-info", "--filter=none", command, *images)
        both("composefs-info", command, words=True)
        both("composefs-info", command, f"{T}/none", words=True)
        both("composefs-info", command, "/dev/null")
        both("composefs-info", command, images[0], "/etc/passwd",
             name=f"{command} of an image and another file")
    both("composefs-info", "measure-file", *images)
    both("composefs-info", "measure-file", words=True)
    both("composefs-info", "measure-file", f"{T}/none", words=True)
    both("composefs-info", words=True)
    both("composefs-info", "what", words=True)
    both("composefs-info", "what", images[0], words=True)
    both("composefs-info", f"--basedir={T}/none", "ls", images[0], words=True)
    equal(run(f"{B}/compat/composefs-info", "--what")[0], 1, "a wrong option")
    equal(run(f"{B}/compat/composefs-info", "--filter=a/b", "ls", images[0]),
          (1, "", "composefs-info: Filter must be a single name: a/b\n"),
          "a filter with a slash")


info()
shutil.rmtree(T)
done()
