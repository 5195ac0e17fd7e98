#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright diff: what changes from one image to another."""
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import ROOTWRIGHT, done, equal, ok, run  # noqa: E402

T = tempfile.mkdtemp()
tree = f"{T}/tree"


def write(name, content, mtime=1):
    with open(f"{tree}/{name}", "w", encoding="ascii") as f:
        f.write(content)
    os.utime(f"{tree}/{name}", (mtime, mtime))


def mkdir(name):
    os.mkdir(f"{tree}/{name}")


def build(image):
    for top, dirs, _ in os.walk(tree, topdown=False):
        for d in dirs:
            os.utime(f"{top}/{d}", (1, 1))
    os.utime(tree, (1, 1))
    return run(ROOTWRIGHT, "build", "--output", f"{T}/{image}", tree)[0]


def diff(*options):
    code, out, err = run(ROOTWRIGHT, "diff", *options, f"{T}/a", f"{T}/b")
    equal((code, err), (0, ""), "it succeeds")
    return out


mkdir("")
mkdir("d")
mkdir("d/gone")
mkdir("e")
write("d/gone/x", "x" * 100)
write("d/same", "s" * 100)
write("d/content", "old" * 100)
write("inline", "old")
write("mode", "m" * 100)
write("type", "t")
write("e/z", "z")
os.symlink("old", f"{tree}/link")
os.utime(f"{tree}/link", (1, 1), follow_symlinks=False)
equal(build("a"), 0, "the old image")
shutil.rmtree(f"{tree}/d/gone")
write("d/content", "new" * 200)
write("inline", "new")
os.chmod(f"{tree}/mode", 0o600)
os.unlink(f"{tree}/type")
mkdir("type")
write("type/new", "t" * 1000)
write("type/newer", "t" * 1000)
write("zz", "s" * 100)
os.unlink(f"{tree}/link")
os.symlink("new", f"{tree}/link")
os.utime(f"{tree}/link", (2, 2), follow_symlinks=False)
equal(build("b"), 0, "the new image")
size = os.path.getsize(f"{T}/b")

equal(diff().splitlines(), [
    "content /d/content",
    "removed /d/gone",
    "removed /d/gone/x",
    "content /inline",
    "content+metadata /link",
    "metadata /mode",
    "removed /type",
    "added /type",
    "added /type/new",
    "added /type/newer",
    "added /zz",
    f"fetch 2 objects of 1600 bytes, and the image of {size} bytes",
], "every kind of change; what is there is not fetched")
equal(diff("--filter", "d", "--filter", "type/new").splitlines()[:-1], [
    "content /d/content",
    "removed /d/gone",
    "removed /d/gone/x",
    "added /type/new",
], "what filters leave")
found = json.loads(diff("--json"))
equal((len(found["changes"]), found["fetch"]),
      (11, {"objects": 2, "bytes": 1600, "image_bytes": size}), "as JSON")
equal(found["changes"][0], {"change": "content", "path": "/d/content"},
      "a change")
equal(run(ROOTWRIGHT, "diff", f"{T}/a", f"{T}/a")[1].splitlines(),
      [f"fetch 0 objects of 0 bytes, and the image of "
       f"{os.path.getsize(f'{T}/a')} bytes"], "nothing")
equal(run(ROOTWRIGHT, "diff", "--filter", "no", f"{T}/a", f"{T}/b"),
      (1, "", "rootwright: no: expected it in one of the images, found it in "
       "none\n"), "a filter that names nothing")
equal(run(ROOTWRIGHT, "diff", f"{T}/a")[0], 2, "one image")
ok(run(ROOTWRIGHT, "diff", f"{T}/a", "/dev/null")[0] == 1, "no image")
shutil.rmtree(T)
done()
