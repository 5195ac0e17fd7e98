#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright check: every way in which a store can be wrong is one line."""
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()
tree, good, store = f"{T}/tree", f"{T}/good", f"{T}/store"
os.mkdir(tree)
for i in range(3):
    with open(f"{tree}/{i}", "w", encoding="ascii") as f:
        f.write(f"{i}" * 5000)
digest = run(ROOTWRIGHT, "build", "--store", good, tree)[1].strip()
objects = sorted(f"objects/{a}/{b}" for a in os.listdir(f"{good}/objects")
                 for b in os.listdir(f"{good}/objects/{a}"))
image = f"objects/{digest[:2]}/{digest[2:]}"
first = [o for o in objects if o != image][0]


def check(name, damage, *faults):
    """One kind of damage: the lines on stdout, the kinds in JSON."""
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(good, store, symlinks=True)
    damage()
    code, out, err = run(ROOTWRIGHT, "check", store)
    equal(out, "".join(f"{path}: {text}\n" for path, _, text in faults), name)
    equal(code, 1 if faults else 0, "the exit code")
    has(err, f", {len(faults)} fault{'s' * (len(faults) != 1)}\n",
        "the summary counts it")
    code, out, _ = run(ROOTWRIGHT, "check", "--json", store)
    found = json.loads(out)
    equal([(f["path"], f["kind"], f["text"]) for f in found["faults"]],
          list(faults), "the same as JSON")
    equal((found["complete"], code), (True, 1 if faults else 0),
          "and the check is complete")
    if all(path.startswith("images/") for path, _, _ in faults):
        check_disk("".join(f"{p}: {text}\n" for p, _, text in faults))


def check_disk(want):
    """The same faults are found on a disk, which nobody has mounted."""
    shutil.rmtree(f"{T}/disk", ignore_errors=True)
    os.mkdir(f"{T}/disk")
    disk = f"{T}/disk/image"
    equal(run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)[0], 0,
          "a disk of it")
    equal(run(ROOTWRIGHT, "check", disk)[:2], (1 if want else 0, want),
          "the same on the disk")


def overwrite(path, offset, content):
    with open(f"{store}/{path}", "r+b") as f:
        f.seek(offset)
        f.write(content)


def replace(path, make):
    os.unlink(f"{store}/{path}")
    make(f"{store}/{path}")


def create(path, content=b""):
    with open(f"{store}/{path}", "wb") as f:
        f.write(content)


def digest_of(content):
    """The fs-verity digest, by the program's own build of one file."""
    top = tempfile.mkdtemp(dir=T)
    os.mkdir(f"{top}/tree")
    with open(f"{top}/tree/x", "wb") as f:
        f.write(content)
    done_ = run(ROOTWRIGHT, "build", "--store", f"{top}/s", f"{top}/tree")[1]
    return [a + b for a in os.listdir(f"{top}/s/objects")
            for b in os.listdir(f"{top}/s/objects/{a}")
            if a + b != done_.strip()][0]


content = open(f"{good}/{first}", "rb").read()
turned = content[:4097] + b"!" + content[4098:]
OTHER = "expected the content that its name says, found content of digest "

check("a good store", lambda: None)
check("a byte turned", lambda: overwrite(first, 4097, b"!"),
      (first, "content", OTHER + digest_of(turned)))
check("truncated", lambda: os.truncate(f"{store}/{first}", 4096),
      (first, "content", OTHER + digest_of(content[:4096])))
check("longer", lambda: overwrite(first, 5000, b"!"),
      (first, "content", OTHER + digest_of(content + b"!")))
check("a symbolic link in its place",
      lambda: replace(first, lambda p: os.symlink("/etc/passwd", p)),
      (first, "type", "expected a regular file, found something else"))
check("a FIFO in its place", lambda: replace(first, os.mkfifo),
      (first, "type", "expected a regular file, found something else"))
check("a directory in its place", lambda: replace(first, os.mkdir),
      (first, "type", "expected a regular file, found something else"))
check("a name that is no digest", lambda: create(f"{first}x"),
      (f"{first}x", "name",
       "expected the name of a sha256 object, found another name"))
check("a directory that is not two digits",
      lambda: os.mkdir(f"{store}/objects/AB"),
      ("objects/AB", "name",
       "expected a directory of two hex digits, found another name"))
check("a file in objects", lambda: create("objects/ff_"),
      ("objects/ff_", "name",
       "expected a directory of two hex digits, found another name"))
check("an image that is gone", lambda: os.unlink(f"{store}/{image}"),
      (f"images/{digest}", "link",
       f"expected a link to an image, found one to ../{image}, which is not "
       "there"),
      (f"images/refs/rootwright/{digest}", "link",
       f"expected a link to an image, found one to ../../{digest}, which is "
       "not there"))
check("an image that links to another object",
      lambda: replace(f"images/{digest}",
                      lambda p: os.symlink("../" + first, p)),
      (f"images/{digest}", "link",
       f"expected a link to ../{image}, found one to ../{first}"))
check("an image that is a file", lambda: replace(
    f"images/{digest}", lambda p: shutil.copy(f"{store}/{image}", p)),
      (f"images/{digest}", "type",
       "expected a symbolic link, found something else: Invalid argument"))
check("an image that leads out of the store", lambda: replace(
    f"images/{digest}", lambda p: os.symlink(f"{good}/{image}", p)),
      (f"images/{digest}", "link",
       f"expected a link to an image, found one to {good}/{image}, which is "
       "not there"),
      (f"images/refs/rootwright/{digest}", "link",
       f"expected a link to an image, found one to ../../{digest}, which is "
       "not there"))
check("an image under another name",
      lambda: os.symlink("../" + image, f"{store}/images/latest"),
      ("images/latest", "name",
       "expected the digest of an image, found another name"))
check("a reference to an object that is no image",
      lambda: os.symlink("../../" + first, f"{store}/images/refs/x"),
      ("images/refs/x", "link",
       "expected a link to an entry of images/, found one to ../../" + first))
check("references in directories, by links of directories", lambda: (
    os.makedirs(f"{store}/images/refs/a/b"),
    os.symlink("a/b", f"{store}/images/refs/c"),
    os.symlink(f"../../../../images/refs/../{digest}",
               f"{store}/images/refs/a/b/good"),
    os.symlink("x" * 70 + "/y", f"{store}/images/refs/a/long"),
    os.symlink("loop", f"{store}/images/refs/a/loop"),
    os.symlink(f"../../../../images/{digest}", f"{store}/images/refs/a/out")),
      ("images/refs/a/long", "link", "expected a link to an image, found one "
       f"to {'x' * 70}/y, which is not there"),
      ("images/refs/a/loop", "link", "expected a link to an image, found one "
       "to loop, which is not there"),
      ("images/refs/a/out", "link", "expected a link to an image, found one "
       f"to ../../../../images/{digest}, which is not there"),
      ("images/refs/c", "link", "expected a link to an image, found one to "
       "a/b, which is not there"))
check("a file in the place of images/refs", lambda: (
    shutil.rmtree(f"{store}/images/refs"), create("images/refs")),
      ("images/refs", "type", "expected a directory, found something else"))
check("two at once", lambda: (overwrite(first, 4097, b"!"),
                              os.mkdir(f"{store}/objects/AB")),
      *sorted([("objects/AB", "name",
                "expected a directory of two hex digits, found another name"),
               (first, "content", OTHER + digest_of(turned))]))

# What a killed builder left is said, and is no fault.
create("objects/.tmp-1-2")
shutil.rmtree(f"{store}/objects/AB")
overwrite(first, 4097, content[4097:4098])
code, out, err = run(ROOTWRIGHT, "check", store)
equal((code, out), (0, ""), "a temporary file is no fault")
has(err, ": 1 temporary file of a build that runs or was killed: the next "
    "build removes what is left\n", "but it is said")

# Names from a disk move no cursor.
create("objects/\x1b[2J")
code, out, _ = run(ROOTWRIGHT, "check", store)
equal((code, out), (1, "objects/?[2J: expected a directory of two hex "
                    "digits, found another name\n"), "a hostile name")
os.unlink(f"{store}/objects/\x1b[2J")

# A store of SHA-512 is checked too.
wide = f"{T}/wide"
if have_oracle("fsverity"):
    name = oracle("fsverity", "digest", "--compact", "--hash-alg=sha512",
                  f"{tree}/1")[1].strip()
    os.makedirs(f"{wide}/objects/{name[:2]}")
    shutil.copy(f"{tree}/1", f"{wide}/objects/{name[:2]}/{name[2:]}")
    with open(f"{wide}/meta.json", "w", encoding="ascii") as f:
        f.write('{"version":1,"algorithm":"fsverity-sha512-12"}')
    equal(run(ROOTWRIGHT, "check", wide)[:2], (0, ""), "a SHA-512 store")
    shutil.copy(f"{tree}/2", f"{wide}/objects/{name[:2]}/{name[2:]}")
    code, out, _ = run(ROOTWRIGHT, "check", wide)
    ok(code == 1 and out.startswith(
        f"objects/{name[:2]}/{name[2:]}: {OTHER}"), "damaged", out)
else:
    skip("a SHA-512 store", "no oracle: run make deps")

# What is no store.
for path, sentence, hint in (
        (f"{T}/none", "cannot be opened as a store: No such file or directory",
         None),
        (tree, "expected a store, found a directory without meta.json",
         "rootwright build --store makes a store of a new or empty directory; "
         "cfsctl init adds a meta.json to an old composefs-rs repository")):
    code, out, err = run(ROOTWRIGHT, "check", path)
    equal((code, out), (1, ""), "no store: exit code 1")
    equal(err, f"rootwright: {path}: {sentence}\n"
          + (f"hint: {hint}\n" if hint else ""), "its sentence")
code, out, err = run(ROOTWRIGHT, "check", "--json", "/dev/null")
equal((code, out), (1, ""), "neither store nor disk")
code, out, err = run(ROOTWRIGHT, "check")
equal((code, out, err),
      (2, "", "rootwright check: expected a store or disk, found none\n"
       "hint: rootwright check --help\n"), "usage")
code, out, err = run(ROOTWRIGHT, "check", "--help")
ok(code == 0 and out.startswith("usage: rootwright check ") and not err,
   "--help is a result")

shutil.rmtree(T)
done()
