#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright extract, cat, check STORE IMAGE: a tree comes back as it was,
and nothing else does."""
import base64
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from randomtree import RandomTree  # noqa: E402
from tap import (ROOTWRIGHT, done, equal, has, have_oracle, ok, oracle,
                 run, skip)  # noqa: E402

TREES = int(os.environ.get("TREES", "12"))
T = tempfile.mkdtemp()
tree, store, target, image = (f"{T}/{x}" for x in
                              ("tree", "store", "target", "image"))


def fresh(*paths):
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
        if os.path.lexists(path):
            os.unlink(path)


def path_of(digest):
    return f"objects/{digest[:2]}/{digest[2:]}"


def strip(top):
    """Without xattrs that say, in an image, that a file is a whiteout."""
    for path in [os.path.join(where, name) for where, dirs, files in
                 os.walk(os.fsencode(top)) for name in dirs + files] + [top]:
        for key in os.listxattr(path, follow_symlinks=False):
            if "overlay.whiteout" in key:
                os.removexattr(path, key, follow_symlinks=False)


def extract(*more):
    return run(ROOTWRIGHT, "extract", *more)


bad = {}
if os.geteuid() == 0:
    for seed in range(TREES):
        fresh(tree, store, target)
        os.mkdir(tree)
        RandomTree(seed, False).make(tree)
        strip(tree)
        digest = run(ROOTWRIGHT, "build", "--store", store, tree)[1].strip()
        code, _, err = extract("--store", store, f"{store}/{path_of(digest)}",
                               target)
        again = run(ROOTWRIGHT, "build", target)[1].strip()
        if code != 0 or again != digest:
            bad[seed] = err or f"{again}, want {digest}"
        code, _, err = run(ROOTWRIGHT, "check", store, digest)
        if code != 0:
            bad[seed] = err
    equal(bad, {}, f"{TREES} random trees come back, by their seeds")
else:
    skip("random trees", "needs root: owners, devices")

# A small tree, to be damaged.
fresh(tree, store, target)
os.mkdir(tree)
os.mkdir(f"{tree}/dir")
for name, content in (("small", b"small\n"), ("dir/big", b"b" * 5000),
                      ("dir/other", b"o" * 70000)):
    with open(f"{tree}/{name}", "wb") as f:
        f.write(content)
os.symlink("/etc/passwd", f"{tree}/link")
os.link(f"{tree}/dir/big", f"{tree}/again")
digest = run(ROOTWRIGHT, "build", "--store", store, tree)[1].strip()
image = f"{store}/{path_of(digest)}"
objects = json.loads(run(ROOTWRIGHT, "objects", "--json", image)[1])
big = [o["object"] for o in objects["objects"] if o["size"] == 5000][0]
equal((objects["count"], objects["bytes"]), (2, 75000), "objects --json")
equal(run(ROOTWRIGHT, "missing", "--store", store, image)[:2], (0, ""),
      "nothing is missing")

equal(run(ROOTWRIGHT, "cat", image, "small")[:2], (0, "small\n"),
      "cat prints what is in the image")
equal(run(ROOTWRIGHT, "cat", "--store", store, image, "/again")[:2],
      (0, "b" * 5000), "and what is in the store")
equal(run(ROOTWRIGHT, "cat", image, "again")[::2],
      (1, f"rootwright: {image}: again: expected --store, as its content is "
       "not in the image\n"), "which must be said")
equal(run(ROOTWRIGHT, "cat", image, "link"),
      (1, "", f"rootwright: {image}: link: expected a file, found a symlink\n"),
      "cat follows no link")
equal(run(ROOTWRIGHT, "cat", image, "none"),
      (1, "", f"rootwright: {image}: expected an entry none, found none\n"),
      "cat of nothing")

equal(extract("--store", store, image, target)[0], 0, "extract")
equal(os.readlink(f"{target}/link"), "/etc/passwd", "a link is a link")
ok(os.path.samefile(f"{target}/again", f"{target}/dir/big"), "a hard link, too")
equal(extract("--store", store, image, target),
      (1, "", f"rootwright: {target}: expected an empty directory, found files "
       "in it\n"), "not over what is there")
fresh(target)
os.mkdir(f"{T}/elsewhere")
os.symlink(f"{T}/elsewhere", target)
equal(extract("--store", store, image, target)[0], 1,
      "not through a symbolic link")
equal(os.listdir(f"{T}/elsewhere"), [], "nothing came out there")
fresh(target)
code, out, err = extract(image, target)
equal((code, err), (1, "rootwright: /again: expected --store, as its content "
                    f"is not in the image\nhint: {target} is not complete: "
                    "remove it\n"), "not without a store")
ok(not os.path.exists(f"{target}/again"), "no file without its content")


def damaged(name, damage, sentence, faults):
    """One kind of damage to the object of 5000 bytes."""
    path = f"{store}/objects/{big}"
    with open(path, "rb") as f:
        content = f.read()
    os.unlink(path)
    damage(path, content)
    fresh(target)
    code, _, err = extract("--store", store, image, target)
    equal(code, 1, f"{name}: refused")
    has(err, sentence, "with its sentence")
    ok(not os.path.exists(f"{target}/again"), "and there is no such file")
    code, out, err = run(ROOTWRIGHT, "cat", "--store", store, image, "again")
    equal((code, out), (1, ""), "cat prints none of it")
    has(err, sentence, "with the same sentence")
    code, out, _ = run(ROOTWRIGHT, "check", "--json", store, image)
    equal((code, [f["kind"] for f in json.loads(out)["faults"]]),
          (1, faults), "check finds it")
    equal(run(ROOTWRIGHT, "missing", "--store", store, image)[1],
          "" if "content" in faults else f"{big}\n", "missing says so")
    if os.path.lexists(path):
        os.unlink(path)
    write(path, content)


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


damaged("another byte", lambda p, c: write(p, c[:99] + b"!" + c[100:]),
        f"expected the content of digest {big.replace('/', '')}, found "
        "content of digest ", ["content"])
damaged("one byte more", lambda p, c: write(p, c + b"!"),
        "expected 5000 bytes, as the image says, found 5001",
        ["size", "content"])
damaged("no object", lambda p, c: None,
        f"expected its object objects/{big} in {store}, found none: "
        "No such file or directory", ["missing"])
damaged("a link in its place", lambda p, c: os.symlink("/etc/passwd", p),
        f"expected its object objects/{big} in {store}, found none: ",
        ["type"])

fresh(target)
write(f"{T}/image", open(image, "rb").read())
equal(run(ROOTWRIGHT, "check", store, digest, f"{T}/image", image)[:2],
      (0, ""), "check: by digest and by name")
code, out, err = run(ROOTWRIGHT, "check", store, "0" * 64)
equal((code, out), (1, f"objects/00/{'0' * 62}: expected an object that the "
                    "image needs, found none\n"), "check: no such image")
equal(run(ROOTWRIGHT, "check", f"{T}/image", image)[0], 2,
      "check: images need a store")

# JSON.
code, out, err = run(ROOTWRIGHT, "cat", "--json", "--store", store, image,
                     "small", "again", "/dir/other")
equal((code, err), (0, ""), "cat --json")
equal([(f["path"], f["size"], base64.b64decode(f["base64"]))
       for f in json.loads(out)["files"]],
      [("/small", 6, b"small\n"), ("/again", 5000, b"b" * 5000),
       ("/dir/other", 70000, b"o" * 70000)], "has each file, in Base64")
for n in range(4):
    with open(f"{tree}/short", "wb") as f:
        f.write(bytes(range(253, 253 + n)))
    fresh(f"{T}/short")
    run(ROOTWRIGHT, "build", "--output", f"{T}/short", tree)
    out = run(ROOTWRIGHT, "cat", "--json", f"{T}/short", "short")[1]
    equal(base64.b64decode(json.loads(out)["files"][0]["base64"],
                           validate=True), bytes(range(253, 253 + n)),
          f"{n} bytes")
os.unlink(f"{tree}/short")
equal(run(ROOTWRIGHT, "cat", "--json", image, "again")[0], 1,
      "cat --json refuses what cat refuses")
code, out, err = extract("--json", "--store", store, image, target)
equal((code, json.loads(out), err),
      (0, {"target": target, "entries": 6, "objects": 2, "bytes": 75000}, ""),
      "extract --json")

# mkcomposefs' own directory of objects.
if have_oracle():
    flat = f"{T}/flat"
    fresh(f"{T}/image", target)
    oracle("mkcomposefs", f"--digest-store={flat}", tree, f"{T}/image")
    option = ("--digest-store", flat)
    equal(run(ROOTWRIGHT, "missing", *option, f"{T}/image")[:2], (0, ""),
          "--digest-store: nothing is missing")
    equal(run(ROOTWRIGHT, "cat", *option, f"{T}/image", "again")[:2],
          (0, "b" * 5000), "--digest-store: cat")
    equal(extract(*option, f"{T}/image", target)[0], 0,
          "--digest-store: extract")
    equal(run(ROOTWRIGHT, "build", "--no-hardlinks", target)[1],
          run(ROOTWRIGHT, "build", "--no-hardlinks", tree)[1],
          "the tree comes back")
    os.unlink(f"{flat}/{big}")
    equal(run(ROOTWRIGHT, "missing", *option, f"{T}/image")[1], f"{big}\n",
          "what is missing there")
    equal(run(ROOTWRIGHT, "cat", *option, f"{T}/image", "again"),
          (1, "", f"rootwright: {T}/image: again: expected its object {big} "
           f"in {flat}, found none: No such file or directory\n"),
          "is said where it is looked for")
    write(f"{flat}/{big}", b"c" * 5000)
    code, out, err = run(ROOTWRIGHT, "cat", *option, f"{T}/image", "again")
    equal((code, out), (1, ""), "another content is refused")
    has(err, "again: expected the content of digest ", "with its sentence")
    equal(run(ROOTWRIGHT, "missing", *option, "--store", store, image)[0], 2,
          "both kinds of store are wrong usage")
else:
    skip("mkcomposefs' directory of objects",
         "mkcomposefs is not in the cache (make deps)")

# Images that lead elsewhere.
if have_oracle():
    payload = "../../../../etc/passwd"
    write(f"{T}/dump", f"/ 0 40755 2 0 0 0 1.0 - - -\n/f 5000 100644 1 0 0 0 "
          f"1.0 {payload} - {big.replace('/', '')}\n".encode())
    fresh(f"{T}/image")
    oracle("mkcomposefs", "--from-file", f"{T}/dump", f"{T}/image")
    want = (f"rootwright: {T}/image: f: expected its object at {big}, found it "
            f"at {payload}\n")
    fresh(target)
    equal(extract("--store", store, f"{T}/image", target)[::2],
          (1, want + f"hint: {target} is not complete: remove it\n"),
          "an object elsewhere is not extracted")
    equal(os.listdir(target), [], "nothing is")
    equal(run(ROOTWRIGHT, "cat", "--store", store, f"{T}/image", "f"),
          (1, "", want), "nor printed")
    equal(run(ROOTWRIGHT, "missing", "--store", store, f"{T}/image"),
          (1, "", want), "nor looked for")
    equal(run(ROOTWRIGHT, "objects", f"{T}/image")[1], payload + "\n",
          "but shown")
else:
    skip("images that lead elsewhere",
         "mkcomposefs is not in the cache (make deps)")

equal(run(ROOTWRIGHT, "measure", f"{tree}/dir/big")[1],
      big.replace("/", "") + "\n", "measure gives the object's name")
if have_oracle("fsverity"):
    equal(run(ROOTWRIGHT, "measure", "--algorithm=sha512",
              f"{tree}/dir/big")[1],
          oracle("fsverity", "digest", "--compact", "--hash-alg=sha512",
                 f"{tree}/dir/big")[1], "measure --algorithm")
else:
    skip("measure --algorithm", "no fsverity in the cache (make deps)")
equal(run(ROOTWRIGHT, "measure", "--algorithm=sha1", tree)[0], 2,
      "measure --algorithm of another")
equal(run(ROOTWRIGHT, "measure", T),
      (1, "", f"rootwright: {T}: expected a regular file, found something "
       "else\n"), "measure of a directory")
shutil.rmtree(T)
done()
