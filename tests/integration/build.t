#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build: what goes into a store, and what is printed."""
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

META = """{
  "version": 1,
  "algorithm": "fsverity-sha256-12",
  "features": {
    "compatible": [],
    "read-only-compatible": [],
    "incompatible": []
  }
}
"""


def write(path, content, mode=0o644):
    with open(path, "wb") as f:
        f.write(content)
    os.chmod(path, mode)


def make_tree(top):
    """Files around the inline limit, twins, hard links, links, a large one
    with a hole."""
    os.makedirs(f"{top}/dir/deep")
    write(f"{top}/empty", b"")
    write(f"{top}/inline", b"i" * 64)
    write(f"{top}/object", b"o" * 65, 0o600)
    write(f"{top}/block", b"b" * 4096, 0o4755)
    write(f"{top}/dir/twin", b"o" * 65)
    os.link(f"{top}/block", f"{top}/dir/deep/hard")
    os.symlink("../object", f"{top}/dir/link")
    write(f"{top}/large", bytes(2 << 20) + os.urandom(100000))
    for i in range(300):
        write(f"{top}/dir/deep/{i}", b"%d" % i * 100)


def names(store):
    """The digests of the objects."""
    return sorted(a + b for a in os.listdir(f"{store}/objects")
                  for b in os.listdir(f"{store}/objects/{a}"))


def build(*argv, **kwargs):
    return run(ROOTWRIGHT, "build", *argv, **kwargs)


os.umask(0o077)
T = tempfile.mkdtemp()
tree, store = f"{T}/tree", f"{T}/store"
make_tree(tree)

# Only computing.
code, out, err = build(tree)
equal(code, 0, "build without a store")
ok(re.fullmatch(r"[0-9a-f]{64}\n", out), "prints the digest and nothing else",
   out)
digest = out.strip()
ok(re.fullmatch(rf"rootwright: {tree}: 311 entries, 304 files of \d+ bytes "
                r"outside the image, image of \d+ bytes, "
                r"in \d+\.\d\d s\n", err),
   "and a summary on stderr", err)
equal(sorted(os.listdir(T)), ["tree"], "and makes nothing")

# On a terminal.
ours, terminal = pty.openpty()
p = subprocess.Popen([ROOTWRIGHT, "build", tree], stdout=subprocess.PIPE,
                     stderr=terminal)
os.close(terminal)
shown = b""
try:
    while chunk := os.read(ours, 4096):
        shown += chunk
except OSError:  # the other end is closed
    pass
equal((p.communicate()[0], p.returncode), (digest.encode() + b"\n", 0),
      "on a terminal: the same on stdout")
ok(re.match(rb"\r0 files, 0 MB\x1b\[K", shown), "progress on stderr", shown)
ok(re.search(rb"MB[^\r]*\x1b\[K\r\x1b\[Krootwright: ", shown),
   "and the line is taken away", shown)

# A store.
image = f"{T}/image"
code, out, err = build("--store", store, "--output", image, tree)
equal((code, out), (0, digest + "\n"), "build into a new store")
has(err, f"rootwright: {store}: 304 objects new", "the summary counts the new")
has(err, ", 1 shared (65 bytes)", "and the shared")
equal(open(f"{store}/meta.json").read(), META, "meta.json is composefs-rs'")
equal(sorted(os.listdir(store)), ["images", "meta.json", "objects"],
      "what is in a store")
equal(sorted(os.listdir(f"{store}/images")), sorted([digest, "refs"]),
      "what is in images")
equal(os.readlink(f"{store}/images/{digest}"),
      f"../objects/{digest[:2]}/{digest[2:]}", "the image's link")
equal(os.readlink(f"{store}/images/refs/rootwright/{digest}"),
      f"../../{digest}", "the reference that gc starts from")
equal(open(image, "rb").read(), open(f"{store}/images/{digest}", "rb").read(),
      "the output is the store's image")
equal(len(names(store)), 304, "as many objects as files with other content")
equal({oct(os.stat(f"{store}/objects/{n[:2]}/{n[2:]}").st_mode)
       for n in names(store)}, {oct(stat.S_IFREG | 0o644)},
      "objects are 0644 whatever the file and the umask are")
equal(oct(os.stat(store).st_mode & 0o7777), "0o700", "the store is 0700")
ok(not [n for n in os.listdir(store) + os.listdir(f"{store}/objects")
        if n.startswith(".")], "nothing is left over")
equal(run(ROOTWRIGHT, "check", store)[:2], (0, ""), "check agrees")

code, out, err = build("--store", store, tree)
equal((code, out), (0, digest + "\n"), "build into a full store")
has(err, f"rootwright: {store}: 0 objects new (0 bytes), 305 shared",
    "everything is shared")

# The reference.
if have_oracle():
    split = build("--no-hardlinks", tree)[1]
    equal(split, oracle("mkcomposefs", "--print-digest-only", tree)[1],
          "--no-hardlinks gives mkcomposefs' digest")
    ok(split.strip() != digest, "which is another, for there is a hard link")
    equal(oracle("mkcomposefs", f"--digest-store={T}/theirs", tree,
                 f"{T}/theirs.img")[0], 0, "mkcomposefs --digest-store")
    theirs = sorted(a + b for a in os.listdir(f"{T}/theirs")
                    for b in os.listdir(f"{T}/theirs/{a}"))
    equal(sorted(set(names(store)) - {digest}), theirs,
          "the objects are mkcomposefs' objects")
    equal(oracle("composefs-info", f"--basedir={store}/objects",
                 "missing-objects", image)[:2], (0, ""),
          "composefs-info misses none")
else:
    skip("mkcomposefs agrees", "no oracle: run make deps")

# Builders side by side, into one new store.
shared = f"{T}/shared"
running = [subprocess.Popen([ROOTWRIGHT, "build", "--store", shared, tree],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
           for _ in range(6)]
results = [(p.communicate()[0].decode(), p.returncode) for p in running]
equal(results, [(digest + "\n", 0)] * 6, "six builders at once")
equal(names(shared), names(store), "leave the same objects as one")
equal(run(ROOTWRIGHT, "check", shared)[:2], (0, ""), "all whole")

# Any number of threads.
for n in 1, 2, 3, 16:
    threads = f"{T}/threads{n}"
    code, out, err = build("--threads", str(n), "--store", threads, tree)
    equal((code, out), (0, digest + "\n"), f"--threads {n}")
    equal(names(threads), names(store), "leaves the same objects")
    has(err, f"rootwright: {threads}: 304 objects new", "and counts the same")
    has(err, ", 1 shared (65 bytes)", "new and shared")
    equal(build("--threads", str(n), tree)[:2], (0, digest + "\n"),
          "and without a store")

# Few file descriptors: small batches.
code, out, _ = run("sh", "-c", f"ulimit -n 150 && exec {ROOTWRIGHT} build "
                   f"--store {T}/few {tree}")
equal((code, out), (0, digest + "\n"), "with few file descriptors")
equal(names(f"{T}/few"), names(store), "the same objects")

# Usage.
code, out, err = build("--help")
ok(code == 0 and out.startswith("usage: rootwright build ") and not err,
   "--help is a result")
for argv, sentence in (
        ((), "expected one tree, found 0 arguments"),
        ((tree, tree), "expected one tree, found 2 arguments"),
        (("--hardlink", tree), "--hardlink: expected a --store, found none"),
        (("--threads", "0", tree),
         '--threads: expected a number from 1 to 256, found "0"'),
        (("--threads=2x", tree),
         '--threads: expected a number from 1 to 256, found "2x"'),
        (("--nonsense", tree),
         "expected an option that it knows, with its value"),
        (("--store",), "expected an option that it knows, with its value")):
    code, out, err = build(*argv)
    equal((code, out), (2, ""), f"usage: {' '.join(argv)[:20]}: exit code 2")
    has(err, f"rootwright build: {sentence}\nhint: rootwright build --help\n",
        "its sentence")

shutil.rmtree(T)
done()
