#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright check: what can be wrong with the releases of a store, and with
its signatures, is one line each."""
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from disk import debugfs
from tap import *
from release import *

T = tempfile.mkdtemp()
good, store = f"{T}/good", f"{T}/store"
one = build(good, f"{T}/1", {"a": "a" * 1000})
two = build(good, f"{T}/2", {"b": "b" * 5000})
release(good, "web", "1", 1, one)
release(good, "web", "2", 2, two)
for version in "1", "2":
    os.unlink(f"{good}/releases/web/{version}/0123456789abcdef.p7s")
equal(run("keys/make-key", "--name", "check", f"{T}/key")[0], 0, "a key")
SIGN = ("--key", f"{T}/key.key", "--cert", f"{T}/key.pem", "--store", good)
equal(run(ROOTWRIGHT, "release", "sign", *SIGN, "web", "2")[0], 0, "signs")
equal(run(ROOTWRIGHT, "sign", *SIGN, two)[0], 0, "an image too")
place = "releases/web/2"
signature = [f"{place}/{n}" for n in os.listdir(f"{good}/{place}")
             if n.endswith(".p7s")][0]
image = f"objects/{two[:2]}/{two[2:]}"


def check(name, damage, *faults):
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(good, store, symlinks=True)
    damage()
    code, out, _ = run(ROOTWRIGHT, "check", store)
    equal(out, "".join(f"{path}: {text}\n" for path, _, text in faults), name)
    equal(code, 1 if faults else 0, "the exit code")
    found = json.loads(run(ROOTWRIGHT, "check", "--json", store)[1])
    equal([(f["path"], f["kind"], f["text"]) for f in found["faults"]],
          list(faults), "the same as JSON")
    shutil.rmtree(f"{T}/disk", ignore_errors=True)
    os.mkdir(f"{T}/disk")
    disk = f"{T}/disk/image"
    equal(run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)[0], 0,
          "a disk of it")
    equal(run(ROOTWRIGHT, "check", disk)[:2], (code, out),
          "the same on the disk")


def put(path, content):
    with open(f"{store}/{path}", "wb") as f:
        f.write(content)


def edit(path, old, new):
    with open(f"{store}/{path}", "rb") as f:
        content = f.read()
    put(path, content.replace(old, new))


def link(path, target):
    os.unlink(f"{store}/{path}")
    os.symlink(target, f"{store}/{path}")


NO_DER = "expected a detached PKCS#7 signature, found "
check("good releases", lambda: None)
check("a manifest with a line too many",
      lambda: edit(f"{place}/manifest", b"\nname=", b"\ncolour=red\nname="),
      (f"{place}/manifest", "release",
       "2: expected key=value with a key of this format, found 'colour=red'"))
check("a manifest of another version",
      lambda: edit(f"{place}/manifest", b"version=2", b"version=3"),
      (f"{place}/manifest", "release",
       "expected the name and version of its directories, found others"))
check("no manifest", lambda: os.unlink(f"{store}/{place}/manifest"),
      (f"{place}/manifest", "release",
       "expected a regular file of at most 65536 bytes: No such file or "
       "directory"))
check("two of one sequence",
      lambda: edit(f"{place}/manifest", b"sequence=2", b"sequence=1"),
      (f"{place}/manifest", "release",
       "expected a sequence of its own, found 1, that of 1"))
check("its image is gone", lambda: (
    os.unlink(f"{store}/{image}"), os.unlink(f"{store}/images/{two}"),
    shutil.rmtree(f"{store}/images/refs")),
      (image, "missing", "expected the image of release web 2, found none"))
check("a signature that is cut short",
      lambda: os.truncate(f"{store}/{signature}", 100),
      (signature, "signature", NO_DER + "the end: it was cut short"))
check("an empty one", lambda: put(signature, b""),
      (signature, "signature", NO_DER + "an empty file"))
check("one that is too large", lambda: put(signature, b"x" * 16385),
      (signature, "signature",
       "expected a regular file of at most 16384 bytes: File too large"))
check("a symbolic link in its place",
      lambda: link(signature, "/etc/passwd"),
      (signature, "signature", "expected a regular file of at most 16384 "
       "bytes: Too many levels of symbolic links"))
check("an image's signature that is none",
      lambda: put(f"signatures/{two}.p7s", b"no"),
      (f"signatures/{two}.p7s", "signature", NO_DER + "something else"))
check("a file in the place of a release",
      lambda: put("releases/web/3", b""),
      ("releases/web/3/manifest", "release",
       "expected a regular file of at most 65536 bytes: Not a directory"))
check("a file in the place of the signatures", lambda: (
    shutil.rmtree(f"{store}/signatures"), put("signatures", b"")),
      ("signatures", "type", "expected a directory, found something else"))
check("what is no signature by its name",
      lambda: put(f"{place}/README", b"for people"))
check("what an installer left",
      lambda: shutil.copytree(f"{good}/{place}", f"{store}/releases/web/.tmp-1-2"))

# Three names of one directory, below itself: 3^32 of them, for who counts.
for i in "123":
    debugfs(f"{T}/disk/image",
            f"ln /composefs/images/refs /composefs/images/refs/{i}", "-w")
code, out, _ = run(ROOTWRIGHT, "check", f"{T}/disk/image")
equal((code, out), (1, "".join(
    f"images/refs/{i}: expected a directory with one name, found one that has "
    "another, too\n" for i in "123")), "a directory below itself on a disk")
done()
