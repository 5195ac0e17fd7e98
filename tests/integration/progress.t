#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""On a terminal the long commands say how far they are, on stderr alone."""
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import ROOTWRIGHT, done, equal, ok, run  # noqa: E402

T = tempfile.mkdtemp()
tree, store, target, out = (f"{T}/{x}" for x in
                            ("tree", "store", "target", "out"))
os.mkdir(tree)
for i in range(100):
    with open(f"{tree}/{i}", "wb") as f:
        f.write(os.urandom(5000 + i))
with open(f"{tree}/large", "wb") as f:
    f.write(os.urandom(3 << 20))


def on_terminal(*argv):
    """(exit code, stdout, what a terminal shows)"""
    ours, terminal = pty.openpty()
    with subprocess.Popen([ROOTWRIGHT, *argv], stdout=subprocess.PIPE,
                          stderr=terminal) as p:
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        return p.stdout.read().decode(), p.wait(), shown.decode()


def shows(what, argv, again=()):
    """It shows how far it is, and at the end nothing of that is left; what
    is undone by removing again, it does once more without a terminal."""
    got, code, shown = on_terminal(*argv)
    for path in again:
        shutil.rmtree(path)
    equal((code, got), run(ROOTWRIGHT, *argv)[:2], f"{argv[0]}: the same")
    ok(re.match(rf"\r\d+ {what}, \d+ MB", shown), f"{argv[0]}: how far it is",
       shown)
    ok(re.fullmatch(r"(\r\d+[^\r\n]*\x1b\[K)+\r\x1b\[K([^\r]*\r\n)*", shown),
       f"{argv[0]}: the line is taken away", shown)


shows("files", ["build", "--store", store, tree], [store])
digest = run(ROOTWRIGHT, "build", tree)[1].strip()
image = f"{store}/objects/{digest[:2]}/{digest[2:]}"
shows("objects", ["check", store])
shows("objects", ["check", store, digest])
shows("files", ["measure", *(f"{tree}/{i}" for i in range(100))])
shows("entries", ["extract", image, "--store", store, target], [target])
shows("objects", ["export", "--store", store, "--image", digest, out], [out])

image = f"{T}/disk.img"
got, code, shown = on_terminal("disk", "--store", store, "--output", image)
equal((code, got), (0, ""), "disk")
ok(re.match(r"\r0 objects, 0 MB\x1b\[K", shown), "disk: how far it is", shown)
shows("objects", ["check", image])

# A listing of faults goes between.
with open(f"{store}/objects/{digest[:2]}/{'0' * 62}", "wb") as f:
    f.write(b"other")
got, code, shown = on_terminal("check", store)
equal((code, got.count("\n")), (1, 1), "a fault on stdout")
ok("\n" not in shown[:shown.rindex("\r\x1b[K")], "and no words among it",
   shown)

shutil.rmtree(T)
done()
