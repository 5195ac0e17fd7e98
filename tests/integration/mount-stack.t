#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright mount of stacked images: what the kernel shows of the images of
layers is what it shows of the one that they are merged to; several stores; an
upper directory that is volatile; stacks that are refused. Objects are not
verified here, for that the boots are (tests/boot/stack.t)."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from ocilayout import Layout, d, layer, tar  # noqa: E402
from randomlayers import Layers  # noqa: E402
from tap import ROOTWRIGHT, done, equal, has, note, ok, run, skip_all  # noqa: E402

if "ALONE" not in os.environ:
    if run("unshare", "-m", "true")[0] != 0:
        skip_all("mounting takes root")
    os.execvp("unshare", ["unshare", "-m", "env", "ALONE=yes", sys.executable,
                          sys.argv[0]])

T = tempfile.mkdtemp()
run("mount", "-t", "tmpfs", "none", T)
STORE, target = f"{T}/store", f"{T}/target"
os.mkdir(target)
oci = Layout(f"{T}/oci")
SOURCE = f"oci:{T}/oci"
root = d(".", mode=0o711, uid=3, mtime=77)
big = b"b" * 6000


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return [line.split()[4] for line in f]


def mount(*argv, stores=(STORE,)):
    return run(ROOTWRIGHT, "mount", "--insecure",
               *[word for s in stores for word in ("--store", s)], *argv,
               target)


def refused(command, words, name):
    code, out, err = command
    equal((code, out, err.replace(T, "T").split("\n")[0]),
          (1, "", f"rootwright: {words}"), name)
    if target in mounts():
        ok(False, f"{name}: nothing is mounted")


def xattrs(path):
    """But for what is overlayfs' own in either name space: some is shown."""
    out = {}
    for x in os.listxattr(path, follow_symlinks=False):
        if not x.startswith(("user.overlay.", "trusted.overlay.")):
            try:
                out[x] = os.getxattr(path, x, follow_symlinks=False)
            except OSError:  # user.* of symbolic links and devices
                out[x] = None
    return out


def tree(top):
    """All that can be seen of a tree, but for link counts."""
    out = {}
    for where, dirs, files in os.walk(top):
        for name in [""] + dirs + files if where == top else dirs + files:
            path = os.path.join(where, name)
            s = os.lstat(path)
            out[os.path.relpath(path, top)] = (
                s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, s.st_rdev,
                xattrs(path),
                os.readlink(path) if os.path.islink(path) else
                open(path, "rb").read() if os.path.isfile(path) else None)
    return out


def seen(*argv, **kwargs):
    code, out, err = mount(*argv, **kwargs)
    if (code, out) != (0, ""):
        note(err)
        return err
    try:
        return tree(target)
    finally:
        run("umount", target)


def images(*lists):
    oci.index(oci.image(*[layer(*members) for members in lists]))
    return run(ROOTWRIGHT, "build", "--layers", "--store", STORE,
               SOURCE)[1].split()


def objects(digest):
    return f"{STORE}/objects/{digest[:2]}/{digest[2:]}"


# The kernel's stack is the merged image.
r = random.Random(os.environ.get("SEED", "rootwright"))
different, taken = [], 0
for n in range(40):
    some = Layers(r, owners=(0, 7, 1000))
    oci.index(oci.image(*[some.next(r.randrange(1, 25))
                          for _ in range(r.randrange(2, 6))]))
    code, want, _ = run(ROOTWRIGHT, "build", "--store", STORE, SOURCE)
    if code != 0:
        continue
    taken += 1
    stack = run(ROOTWRIGHT, "build", "--layers", "--store", STORE,
                SOURCE)[1].split()
    shown, whole = seen(*stack), seen(want.strip())
    if shown != whole or isinstance(shown, str):
        different.append(n)
        note(f"{n}: " + "\n".join(
            f"{p}: {shown.get(p)} {whole.get(p)}" for p in
            sorted(set(shown) | set(whole)) if shown.get(p) != whole.get(p)))
equal(different, [], "random layers: the kernel shows the whole of them")
ok(taken > 25, f"{taken} of 40 were taken")

# The same one by one, for who reads this: the paths that are there.
for name, want, *lists in (
        ("whiteouts", {".", "d", "d/b"},
         [root, d("d"), tar("d/a"), tar("d/b"), tar("f")],
         [tar("d/.wh.a"), tar(".wh.f")]),
        ("a directory in place of a whiteout", {".", "d", "d/b"},
         [root, d("d"), tar("d/a")], [tar(".wh.d"), d("d"), tar("d/b")]),
        ("an opaque directory", {".", "d", "d/b"},
         [root, d("d"), tar("d/a")], [d("d"), tar("d/.wh..wh..opq"),
                                      tar("d/b")]),
        ("an opaque root", {".", "d", "d/b"},
         [root, d("d"), tar("d/a"), d("e")],
         [tar(".wh..wh..opq"), d("d"), tar("d/b")]),
        ("a directory, a file, a directory", {".", "d", "d/b"},
         [root, d("d"), tar("d/a")], [tar("d")], [d("d"), tar("d/b")]),
        ("a root of two hex digits on top", {".", "ab", "ab/f"},
         [root], [d("ab"), tar("ab/f")])):
    equal(set(seen(*images(*lists))), want, name)

# Two of three are merged first, with what hides the third.
some = [root, d("d"), tar("d/a"), tar("d/b"), d("e"), tar("e/a"), d("g"),
        tar("g/a"), tar("f")]
three = images(some, [d("d"), tar("d/.wh.a"), d("e"), tar("e/.wh..wh..opq"),
                      tar("e/b"), tar(".wh.g")],
               [d("d"), tar("d/a", big), tar("d/.wh.b"), d("g"), tar("g/b"),
                tar(".wh.f")])
code, upper, err = run(ROOTWRIGHT, "merge", "--upper", "--store", STORE,
                       *three[:2])
shown = seen(upper.strip(), three[2])
equal(set(shown), {".", "d", "d/a", "e", "e/b", "g", "g/b"}, "merge --upper")
equal(shown, seen(*three), "shows above another what the stack shows")

# Several stores.
a = run(ROOTWRIGHT, "build", "--store", f"{T}/one", "--output", f"{T}/a",
        "-", input=layer(root, tar("a", big)), text=False)[1].decode().strip()
b = run(ROOTWRIGHT, "build", "--store", f"{T}/two", "--output", f"{T}/b",
        "-", input=layer(root, tar("b", big * 2)),
        text=False)[1].decode().strip()
two = (f"{T}/one", f"{T}/two")
shown = seen(a, b, stores=two)
equal((shown["a"][-1], shown["b"][-1]), (big, big * 2), "two stores")
equal(seen(b, a, stores=two[::-1]), shown, "and the other way round")
equal(seen(f"{T}/b", a, stores=two), shown, "a file and a digest")
refused(mount(a, b, stores=two[:1]), "image: T/one/objects/"
        f"{b[:2]}/{b[2:]}: expected the image in the store, found no such "
        "file", "an image that no store has")
code, _, err = mount(a, f"{T}/b", stores=two[:1])
equal(code, 0, "one file without an object in the stores")
equal(set(os.listdir(target)), {"a", "b"}, "is there")
equal(run("cat", f"{target}/b")[0], 1, "and cannot be read")
run("umount", target)
# The first regular file wins, whatever is in it.
obj = run(ROOTWRIGHT, "objects", f"{T}/b")[1].split()[0]
os.makedirs(f"{T}/one/objects/{obj[:2]}", exist_ok=True)
with open(f"{T}/one/objects/{obj}", "wb") as f:
    f.write(b"c" * 12000)
equal(seen(b, stores=two)["b"][-1], b"c" * 12000, "the first store wins")
equal(seen(b, stores=two[::-1])["b"][-1], big * 2, "whichever it is")
os.unlink(f"{T}/one/objects/{obj}")
os.mkdir(f"{T}/one/objects/{obj}")
equal(seen(b, stores=two)["b"][-1], big * 2, "a directory does not win")
os.rmdir(f"{T}/one/objects/{obj}")

# What is written to a volatile mount is in memory, and the root stays what
# it was.
code, out, err = mount("--volatile", b, a, stores=two)
equal((code, out), (0, ""), "volatile")
equal(err, f"rootwright: WARNING: {target}: its files are not verified: "
      "--insecure\n", "what is said")
st = os.stat(target)
equal((st.st_mode & 0o7777, st.st_uid, st.st_mtime), (0o711, 3, 77),
      "its root is the topmost image's")
with open(f"{target}/a", "ab") as f:
    f.write(b"more")
os.unlink(f"{target}/b")
os.makedirs(f"{target}/new/dir")
equal((open(f"{target}/a", "rb").read(), sorted(os.listdir(target))),
      (big + b"more", ["a", "new"]), "can be written to")
run("umount", target)
equal(sorted(seen(b, a, stores=two)), [".", "a", "b"], "and is gone")
os.makedirs(f"{T}/upper")
os.makedirs(f"{T}/work")
code, out, err = mount("--upperdir", f"{T}/upper", "--workdir", f"{T}/work", b,
                       a, stores=two)
equal(code, 0, "an upper directory")
open(f"{target}/new", "wb").close()
run("umount", target)
equal(os.listdir(f"{T}/upper"), ["new"], "has what was written")

# Captures.
low = run(ROOTWRIGHT, "build", "--store", STORE, "-",
          input=layer(root, d(obj[:2])), text=False)[1].decode().strip()
top = run(ROOTWRIGHT, "build", "--store", STORE, "-",
          input=layer(root, tar("b", big * 2)),
          text=False)[1].decode().strip()
refused(mount(top, low), f"{low}: expected no directory named by two hex "
        f"digits in the root of an image below others, found /{obj[:2]}: it "
        f"would capture the redirect /{obj} of /b in {top}", "a capture")
equal(set(seen(low, top)), {".", obj[:2], "b"}, "none on top")
equal(target in mounts(), False, "nothing is left")

run("umount", T)
os.rmdir(T)
done()
