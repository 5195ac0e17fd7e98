#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build --layers: an image for each layer of an OCI image, with the
whiteouts and opaque marks that overlayfs obeys; rootwright merge: stacked
images are the image of the tree they show, so that merging the images of the
layers gives the digest of building the image as a whole. What captures
another image's redirects is refused."""
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from ocilayout import *
from randomlayers import Layers
from tap import *

T = tempfile.mkdtemp()
oci = Layout(f"{T}/oci")
SOURCE = f"oci:{T}/oci"
STORE = f"{T}/store"
XATTR = "SCHILY.xattr."


def build(*argv, **kwargs):
    return run(ROOTWRIGHT, "build", *argv, **kwargs)


def merge(*argv):
    return run(ROOTWRIGHT, "merge", *argv)


def layers(*lists):
    """The images of these layers, the topmost first."""
    oci.index(oci.image(*[layer(*members) for members in lists]))
    code, out, err = build("--layers", "--store", STORE, SOURCE)
    if code != 0:
        note(err)
    return out.split()


def image_of(*members):
    """The digest that a tar has."""
    with open(f"{T}/flat.tar", "wb") as f:
        f.write(layer(*members))
    return build("--store", STORE, f"tar:{T}/flat.tar")[1].strip()


def objects(digest):
    return f"{STORE}/objects/{digest[:2]}/{digest[2:]}"


def refused(command, words, name, hint=None):
    code, out, err = command
    equal((code, out), (1, ""), f"{name}: refused")
    equal(err.split("\n")[0], f"rootwright: {words}", f"{name}: its words")
    if hint:
        has(err, f"\nhint: {hint}", f"{name}: the hint")


def in_parts(images):
    """The same, the upper images of each stack being merged first."""
    found = set()
    for k in range(1, len(images) + 1):
        upper = merge("--upper", "--store", STORE, *images[:k])[1].strip()
        found.add(merge("--store", STORE, upper, *images[k:])[:2])
    return found


def same(name, *lists):
    """Merging the layers' images gives what the image as a whole is."""
    images = layers(*lists)
    equal(len(images), len(lists), f"{name}: an image a layer")
    want = build(SOURCE)[1]
    equal(merge("--store", STORE, *images)[:2], (0, want), name)
    equal(in_parts(images), {(0, want)}, f"{name}: merge --upper")
    equal([merge("--upper", "--store", STORE, i)[1] for i in images],
          [i + "\n" for i in images], f"{name}: --upper of one is the same")
    return images


big = b"b" * 5000
root = d(".")

same("one layer", [root, d("usr"), tar("usr/f", big)])
same("a file below and above", [root, tar("f", b"1"), tar("g", big)],
     [tar("f", big)])
same("a whiteout", [root, d("d"), tar("d/a", big), tar("d/b", b"2")],
     [tar("d/.wh.a")])
same("a whiteout of a directory", [root, d("d"), tar("d/a", big)],
     [tar(".wh.d")], [d("d"), tar("d/b", b"1")])
same("a directory in place of a whiteout", [root, d("d"), tar("d/a", big)],
     [tar(".wh.d"), d("d"), tar("d/b", b"1")])
same("an opaque directory", [root, d("d"), tar("d/a", big), d("d/e"),
                             tar("d/e/f", b"1")],
     [d("d"), tar("d/.wh..wh..opq"), d("d/e"), tar("d/e/g", b"2")])
same("an opaque directory that the tar leaves out",
     [root, d("d", mode=0o700, uid=5), tar("d/a", big)],
     [tar("d/.wh..wh..opq"), tar("d/n", b"1")])
same("an opaque root", [root, d("d"), tar("d/a", big), tar("f", b"1")],
     [tar(".wh..wh..opq"), d("d"), tar("d/b", b"2")])
same("an opaque root, last", [root, d("d"), tar("d/a", big), tar("f", b"1")],
     [d("d"), tar("d/b", b"2"), tar(".wh..wh..opq")])
same("an opaque root of two hex digits", [root, tar("f", b"1")],
     [tar(".wh.ab"), tar(".wh..wh..opq"), d("ab")])
same("a directory, a file, a directory", [root, d("d"), tar("d/a", big)],
     [tar("d", b"file")], [d("d"), tar("d/b", b"1")])
same("a file, then a directory, in one layer",
     [root, d("d"), tar("d/a", big)], [tar("d", b"file"), d("d")])
same("metadata of directories", [root, d("d", mode=0o700), tar("d/a", big)],
     [d("d", mode=0o711, uid=9, mtime=77,
        pax_headers={XATTR + "user.x": "1"})])
same("hard links", [root, tar("a", big), link("b", "a"), link("c", "a")],
     [link("d", "b")], [tar("a", b"new")])
same("a hard link to itself below", [root, tar("a", big)], [link("a", "a")])
same("no root, and /usr changes", [d("usr", mode=0o711), tar("usr/f", big)],
     [d("usr", mode=0o700, uid=3, pax_headers={XATTR + "user.x": "1"})],
     [tar(".wh.usr"), d("opt")])
same("the root in one layer only", [d("usr", mode=0o711)],
     [d(".", mode=0o750, pax_headers={XATTR + "user.r": "1"})],
     [tar("f", big)])
same("an empty layer", [root, tar("f", big)], [], [tar("g")])
same("whiteouts of nothing", [root, tar("f", big)],
     [tar(".wh.nothing"), tar(".wh.."), tar(".wh."), tar(".wh.f"),
      tar(".wh.f"), tar(".wh." + "n" * 251)])

# A device 0:0 and an xattr of overlayfs are content, and hide nothing.
dev = dict(type=b"3", devmajor=0, devminor=0)
same("whiteouts as content",
     [root, d("d"), tar("d/a", big), tar("d/b", **dev)],
     [d("d"), tar("d/c", **dev)],
     [d("e", pax_headers={XATTR + "trusted.overlay.opaque": "y",
                          XATTR + "user.overlay.opaque": "y"}),
      tar("d/.wh.b")])

# What is in the images.
mine = layers([root, d("d"), tar("d/a", big)],
              [tar("d/.wh.a"), tar(".wh.x"), tar(".wh.ab")],
              [d("d"), tar("d/.wh..wh..opq")])
if have_oracle("dump.erofs"):
    def erofs_xattrs(digest, path):
        return oracle("dump.erofs", f"--path={path}", objects(digest))[1]
    has(erofs_xattrs(mine[1], "/d/a"), "char dev", "a whiteout is a device")
    has(erofs_xattrs(mine[1], "/x"), "char dev", "in the root, too")
    equal(oracle("fsck.erofs", objects(mine[0]))[0], 0, "fsck.erofs: opaque")
    equal(oracle("fsck.erofs", objects(mine[1]))[0], 0,
          "fsck.erofs: whiteouts")
else:
    skip("the images as fsck.erofs sees them", "no oracle")
with open(objects(mine[0]), "rb") as f:
    text = f.read()
for space, number in (("user", 1), ("trusted", 4)):
    ok(bytes((14, number, 1, 0)) + b"overlay.opaquey" in text,
       f"opaque in the name space {space}")
upper = [root, d("d"), tar("d/.wh.a")]
equal(layers([d("."), d("d", mode=0o700), tar("d/a", big)], upper)[0],
      layers([d(".", uid=9), d("d"), tar("d/a"), tar("f", big)], upper)[0],
      "a layer with all its directories is the same on whatever it lies")

# Options, what is written, and what is said.
oci.index(oci.image(layer(root, tar("f", big)), layer(tar("f", b"1"))))
code, out, err = build("--layers", SOURCE)
equal((code, len(out.split())), (0, 2), "without a store")
has(err, f"rootwright: {SOURCE}, layer 2: 2 entries, image of ",
    "each layer has its line")
equal(build("--layers", "--skip-xattrs", "--use-epoch", "--no-hardlinks",
            "--skip-devices", SOURCE)[0], 0, "with filters")
hide = [[root, tar("f", big)], [tar(".wh.f")]]
oci.index(oci.image(*[layer(*m) for m in hide]))
images = build("--layers", "--store", STORE, "--skip-devices", SOURCE)[1]
equal(merge("--store", STORE, *images.split())[1], image_of(root) + "\n",
      "--skip-devices leaves whiteouts")
equal(build("--layers", "--output", f"{T}/o", SOURCE),
      (2, "", "rootwright build: --layers: expected no --output and no "
       "--for-boot, found one\nhint: rootwright build --help\n"), "no --output")
refused(build("--layers", T), f"{T}: --layers: expected oci:DIR[:REF], found "
        "another source", "another source")

# Merge: files, an output, a store; what is wrong.
a = image_of(root, d("d"), tar("d/a", big))
b = image_of(root, d("d", mode=0o700), tar("d/b", b"1"))
want = image_of(root, d("d", mode=0o700), tar("d/a", big), tar("d/b", b"1"))
equal(merge(objects(b), objects(a))[:2], (0, want + "\n"), "files")
equal(merge("--store", STORE, b, objects(a))[:2], (0, want + "\n"), "mixed")
equal(merge(objects(a))[1], a + "\n", "of one image it is the same")
equal(merge("--output", f"{T}/out", objects(b), objects(a))[1], want + "\n",
      "an output")
equal(open(f"{T}/out", "rb").read(), open(objects(want), "rb").read(),
      "has the bytes")
refused(merge("--output", f"{T}/out", objects(a)), f"{T}/out: expected no such "
        "file, found one", "an output that is there",
        "remove it, or name another --output")
new = f"{T}/new"
equal(merge("--store", new, objects(b), objects(a))[1], want + "\n",
      "a new store")
equal(os.readlink(f"{new}/images/{want}"), f"../objects/{want[:2]}/{want[2:]}",
      "has the image")
equal(sum(len(f) for _, _, f in os.walk(f"{new}/objects")), 1,
      "and no other object")
equal(merge()[0], 2, "no image")
refused(merge("--store", STORE, "0" * 64), f"{STORE}/objects/00/{'0' * 62}: "
        "expected the image in the store: No such file or directory",
        "an image that is missing")
sha512 = build("--algorithm", "sha512", "--store", f"{T}/512",
               f"tar:{T}/flat.tar")[1].strip()
big512 = f"{T}/512/objects/{sha512[:2]}/{sha512[2:]}"
refused(merge(objects(a), big512), f"{big512}: /d/a: object: expected a digest "
        "by sha256, found one by sha512", "two hashes")
os.makedirs(f"{T}/wrong/objects/{a[:2]}")
shutil.copy(f"{STORE}/meta.json", f"{T}/wrong")
shutil.copy(objects(b), f"{T}/wrong/objects/{a[:2]}/{a[2:]}")
refused(merge("--store", f"{T}/wrong", a), f"{T}/wrong/objects/{a[:2]}/{a[2:]}: "
        f"expected the content of digest {a}, found content of digest {b}",
        "another image under the name")
with open(f"{T}/broken", "wb") as f:
    f.write(open(objects(a), "rb").read()[:4000])
equal(merge(f"{T}/broken")[0], 1, "a broken image")

# Names of two hex digits in a root.
digest = build("--store", STORE, "-", input=None,
               stdin=open(f"{T}/flat.tar", "rb"))[1]
obj = run(ROOTWRIGHT, "objects", objects(a))[1].split()[0]
ab = obj[:2]
low = image_of(root, d(ab), tar("f", b"1"))
capture = (f"{objects(low)}: expected no directory named by two hex digits in "
           f"the root of an image below others, found /{ab}: it would capture "
           f"the redirect /{obj} of /d/a in {objects(a)}")
refused(merge(objects(a), objects(low)), capture, "a capture",
        "rename it, or make one image of all: the directory is harmless in "
        "the topmost image")
equal(merge(objects(low), objects(a))[:2], (0, image_of(
    root, d(ab), d("d"), tar("d/a", big), tar("f", b"1")) + "\n"),
      "the other way round it is none")
nothing = image_of(root, tar("n", b"1"))
refused(merge(objects(nothing), objects(low)),
        f"{objects(low)}: expected no directory named by two hex digits in the "
        f"root of an image below others, found /{ab}: it would capture "
        f"redirects /{ab}/... of the images above", "nothing to capture yet")
low = image_of(root, tar("ab", b"1"))
refused(merge(objects(a), objects(low)),
        f"{objects(low)}: expected no name of two hex digits in the root of an "
        f"image below others, found /ab: a whiteout of {objects(a)} hides it",
        "a file that a stub hides",
        "rename it, or make one image of all: composefs images have whiteouts "
        "of these 256 names")
for content, words in (
        ([d(ab)], f"directory named by two hex digits in the root of an image "
         f"below others, found /{ab}: it would capture the redirect /{obj} of "
         f"/d/a in {SOURCE}, layer 2"),
        ([tar("ab", b"1")], "name of two hex digits in the root of an image "
         f"below others, found /ab: a whiteout of {SOURCE}, layer 2 hides it")):
    oci.index(oci.image(layer(root, *content),
                        layer(root, d("d"), tar("d/a", big))))
    shutil.rmtree(new)
    refused(build("--layers", "--store", new, SOURCE),
            f"{SOURCE}, layer 1: expected no {words}",
            f"--layers: {content[0][0].name}")
    ok(not os.path.exists(f"{new}/images"), "and no image is published")
oci.index(oci.image(layer(root), layer(root, d(ab))))
equal(build("--layers", SOURCE)[0], 0, "harmless in the top layer")
for extra in ([], ["--layers"]):
    where = SOURCE + (", layer 2" if extra else "")
    refused(build("--lower", *extra, SOURCE),
            f"{where}: expected no directory named by two hex digits in the "
            f"root of an image below others, found /{ab}: it would capture "
            f"redirects /{ab}/... of the images above",
            " ".join(["--lower"] + extra))

# Random ones.
r = random.Random(os.environ.get("SEED", "rootwright"))
different, taken = [], 0
for n in range(80):
    some = Layers(r)
    oci.index(oci.image(*[some.next(r.randrange(1, 25))
                          for _ in range(r.randrange(1, 6))], tag=f"r{n}"))
    code, want, _ = build("--store", STORE, SOURCE)
    if code != 0:
        continue  # as a tar may be refused whose members contradict others
    taken += 1
    images = build("--layers", "--store", STORE, SOURCE)[1].split()
    if (not images or merge("--store", STORE, *images)[:2] != (0, want) or
            in_parts(images) != {(0, want)}):
        different.append(n)
    # Any two neighbours can be merged first.
    elif len(images) > 2:
        k = r.randrange(len(images) - 2)
        pair = merge("--store", STORE, *images[k + 1:])[1].strip()
        if k == 0 and merge("--store", STORE, images[0], pair)[1] != want:
            different.append(n)
equal(different, [], "random layers: merged, they are the whole")
ok(taken > 60, f"{taken} of 80 were taken")

shutil.rmtree(T)
done()
