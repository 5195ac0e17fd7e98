#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build of an OCI image layout: layers in order, whiteouts, opaque
whiteouts, hard links between layers; the digest that the merged directory
has; blobs that are missing or wrong, tags, media types."""
import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile

sys.path.insert(0, "tests/lib")
from ocilayout import *
from tap import *

T = tempfile.mkdtemp()
OCI = f"{T}/oci"
oci = Layout(OCI)
blob, image, nest, index = oci.blob, oci.image, oci.nest, oci.index


def build(*argv, **kwargs):
    return run(ROOTWRIGHT, "build", *argv, **kwargs)


def platform(entry, machine, **more):
    return dict(entry, platform={"os": "linux", "architecture": machine,
                                 **more}, annotations={})


def flat(*members):
    """The digest of a tar of the merged tree."""
    with open(f"{T}/flat.tar", "wb") as f:
        f.write(layer(*members))
    return build(f"tar:{T}/flat.tar")[1]


def merged(name, layers, want):
    index(image(*[layer(*members) for members in layers]))
    code, out, err = build(f"oci:{OCI}")
    ok((code, out) == (0, want) and want, name, err)


def refused(words, name, source=None):
    code, out, err = build("--store", f"{T}/store", source or f"oci:{OCI}")
    equal((code, out), (1, ""), f"{name}: refused")
    equal(err.split("\n")[0], f"rootwright: {words}", f"{name}: its words")
    ok(not os.path.exists(f"{T}/store/images"), f"{name}: no image")


big = b"b" * 5000
merged("one layer", [[d("usr", mode=0o711), tar("usr/f", big)]],
       flat(d("usr", mode=0o711), tar("usr/f", big)))
merged("a file is replaced, by another type",
       [[d("."), tar("f", b"1"), d("g"), tar("g/h", b"2"), tar("k", b"3")],
        [tar("f", b"22"), tar("g", b"file"), d("k"), tar("k/l", b"4")]],
       flat(d("."), tar("f", b"22"), tar("g", b"file"), d("k"),
            tar("k/l", b"4")))
merged("a directory keeps what is in it and gets the new mode",
       [[d("."), d("d"), tar("d/a", b"1")],
        [d("d", mode=0o700, uid=7), tar("d/b", b"2")]],
       flat(d("."), d("d", mode=0o700, uid=7), tar("d/a", b"1"),
            tar("d/b", b"2")))
merged("whiteouts",
       [[d("."), d("d"), tar("d/a", b"1"), tar("d/b", b"2"), d("e"),
         tar("e/x", b"3")],
        [d("d"), tar("d/.wh.a"), tar(".wh.e"), tar(".wh.nothing")]],
       flat(d("."), d("d"), tar("d/b", b"2")))
merged("a whiteout, and the name again in the next layer",
       [[d("."), tar("a", b"1")], [tar(".wh.a")], [tar("a", b"22")]],
       flat(d("."), tar("a", b"22")))
for order, name in ((0, "first"), (1, "last")):
    members = [tar("d/.wh..wh..opq"), tar("d/new", b"3"), d("d/s"),
               tar("d/s/n", b"4")]
    merged(f"an opaque whiteout, {name}",
           [[d("."), d("d"), tar("d/a", b"1"), d("d/s"), tar("d/s/o", b"2"),
             d("d/t"), tar("d/t/u", b"5")],
            [d("d")] + (members[1:] + members[:1] if order else members)],
           flat(d("."), d("d"), tar("d/new", b"3"), d("d/s"),
                tar("d/s/n", b"4")))
merged("hard links, also to a lower layer",
       [[d("."), tar("a", big), link("b", "a")], [link("c", "a"), tar("z")]],
       flat(d("."), tar("a", big), link("b", "a"), link("c", "a"), tar("z")))
merged("a hard-linked name is replaced",
       [[d("."), tar("a", big), link("b", "a")], [tar("a", b"new")]],
       flat(d("."), tar("b", big), tar("a", b"new")))
merged("the root of a later layer",
       [[d(".", mode=0o700), d("usr")], [d(".", mode=0o711)]],
       flat(d(".", mode=0o711), d("usr")))

# Compressed, and into a store; which of several.
one = layer(d("."), tar("f", big))
want = flat(d("."), tar("f", big))
index(image(gzip.compress(one), media=LAYER + "+gzip"))
equal(build("--store", f"{T}/good", f"oci:{OCI}")[1], want, "gzip, a store")
equal(run(ROOTWRIGHT, "check", f"{T}/good")[:2], (0, ""), "all whole")
first, second = image(one), image(layer(d("."), tar("g")), tag="two:1")
index(first, second)
equal(build(f"oci:{OCI}:one")[1], want, "by its tag")
equal(build(f"oci:{OCI}:{first['digest']}")[1], want, "by its digest")
equal(build(f"oci:{OCI}:two:1")[1], flat(d("."), tar("g")),
      "a tag with a colon")
refused(f"{OCI}: expected one image, found 2", "no tag")
refused(f"{OCI}: expected one image of tag or digest three, found 0",
        "a wrong tag", f"oci:{OCI}:three")
index(first, dict(second, annotations={REF: "one"}))
refused(f"{OCI}: expected one image of tag or digest one, found 2",
        "a tag twice", f"oci:{OCI}:one")

index(first, dict(first, annotations={REF: "again"}))
equal(build(f"oci:{OCI}")[1], want, "one image of two tags is one")

# Indexes in indexes.
other = flat(d("."), tar("g"))
arm = platform(second, "arm", variant="v7")
amd = platform(first, "amd64")
attested = dict(platform(image(one, media="text/plain"), "unknown"),
                annotations={"vnd.docker.reference.type":
                             "attestation-manifest"})
index(nest(amd))
equal(build(f"oci:{OCI}")[1], want, "an index of one image")
index(nest(amd, attested))
equal(build(f"oci:{OCI}")[1], want, "and its attestation")
index(nest(nest(nest(amd))))
equal(build(f"oci:{OCI}")[1], want, "an index of an index of an index")
index(nest(nest(nest(nest(nest(amd))))))
refused(f"{OCI}: {nest(amd)['digest']}: expected at most 64 indexes, 4 deep, "
        "found more", "one more")
index(*[nest(amd, **{"annotations": {"n": str(n)}}) for n in range(65)])
refused(f"{OCI}: {nest(amd, annotations={'n': '64'})['digest']}: expected at "
        "most 64 indexes, 4 deep, found more", "too many of them")
both = dict(nest(amd, arm), annotations={REF: "multi"})
index(both, dict(second, annotations={REF: "two"}))
refused(f"{OCI}: expected one image of tag or digest multi, found 2",
        "two platforms", f"oci:{OCI}:multi")
has(build(f"oci:{OCI}:multi")[2], f"name one as oci:DIR:sha256:HEX: "
    f"linux/amd64 {amd['digest']}, linux/arm/v7 {arm['digest']}\n",
    "the hint has both")
equal(build(f"oci:{OCI}:{amd['digest']}")[1], want, "the one by its digest")
equal(build(f"oci:{OCI}:{arm['digest']}")[1], other, "the other")
equal(build(f"oci:{OCI}:two")[1], other, "a tag beside it")
refused(f"{OCI}: expected one image of tag or digest {both['digest']}, found "
        "2", "the index by its digest", f"oci:{OCI}:{both['digest']}")
refused(f"{OCI}: expected one image of tag or digest sha256:{'0' * 64}, found "
        "0", "a digest that is nowhere", f"oci:{OCI}:sha256:{'0' * 64}")
index(both, first)
os.rename(f"{OCI}/blobs/sha256/{both['digest'][7:]}", f"{T}/away")
equal(build(f"oci:{OCI}:{first['digest']}")[1], want,
      "what is named at the top needs no other index")
refused(f"{OCI}/blobs/sha256/{both['digest'][7:]}: cannot be opened: No such "
        "file or directory", "an index that is missing", f"oci:{OCI}")
os.rename(f"{T}/away", f"{OCI}/blobs/sha256/{both['digest'][7:]}")
index(*[image(layer(tar(f"file{n}")), tag=f"t{n}") for n in range(20)])
refused(f"{OCI}: expected one image, found 20", "twenty images")

# Damage.
for media in ("application/vnd.oci.image.manifest.v2+json", "text/plain"):
    index(dict(first, mediaType=media))
    refused(f"{OCI}: {first['digest']}: expected the manifest of an image, "
            f"found the media type \"{media}\"", "a manifest's media type")
index(dict(first, mediaType=INDEX))
refused(f"{OCI}: {first['digest']}: expected the media type \"{INDEX}\", as "
        f"its descriptor says, found \"{MANIFEST}\"",
        "a manifest that is said to be an index")
double = image(one, manifests=[first])
index(double)
refused(f"{OCI}: {double['digest']}: expected an index or a manifest, found "
        "both in one", "both in one")
entry = image(one, config_media="application/vnd.oci.empty.v1+json")
index(entry)
has(build(f"oci:{OCI}")[2], ": expected the config of an image, found the "
    "media type \"application/vnd.oci.empty.v1+json\"",
    "something else than an image")
for ids, words in (([], "of layer 1, found none"), (["sha256:1"], "of layer "
                   "1, found sha256:1"), ([7], "of layer 1, found none")):
    index(image(one, ids=ids))
    has(build(f"oci:{OCI}")[2], f": expected a config with the diff_id "
        f"sha256:<64 hex digits> {words}\n", f"diff_ids {ids}")
index(image(one, ids=[sha256(one)] * 2))
has(build(f"oci:{OCI}")[2], ": expected a config with 1 diff_ids, one a "
    "layer, found 2\n", "more diff_ids than layers")
packed = gzip.compress(one)
for data, media, ids in ((one, LAYER, sha256(b"")),
                         (packed, LAYER + "+gzip", sha256(packed))):
    index(image(data, media=media, ids=[ids]))
    refused(f"{OCI}/blobs/sha256/{sha256(data)[7:]}: expected a tar of digest "
            f"{ids}, as the image's config says, found {sha256(one)}",
            f"another diff_id, {media}")
index(dict(image(one), size=len(one)))
has(build(f"oci:{OCI}")[2], " bytes, as its descriptor says, found fewer\n",
    "a manifest of another size")
for field in ("config", "layers"):
    broken = image(one, **{field: 1})
    index(broken)
    has(build(f"oci:{OCI}")[2], f"rootwright: {OCI}: expected a ",
        f"a manifest with wrong {field}")
    equal(build(f"oci:{OCI}")[:2], (1, ""), "is refused")
huge = dict(first, size=(4 << 20) + 1)
index(huge)
refused(f"{OCI}/blobs/sha256/{first['digest'][7:]}: expected at most 4194304 "
        "bytes of JSON, found 4194305", "a manifest of 4 MiB and more")
with open(f"{OCI}/index.json", "w") as f:
    f.write('{"manifests":[')
refused(f"{OCI}/index.json:1: expected a JSON object, found something else: "
        "']' expected near end of file", "an index that is cut")
with open(f"{OCI}/index.json", "w") as f:
    f.write('{"manifests":[],"manifests":[]}')
has(build(f"oci:{OCI}")[2], "duplicate object key",
    "an index with one list twice")
with open(f"{OCI}/index.json", "w") as f:
    f.write("[" * 100000)
refused(f"{OCI}/index.json:1: expected a JSON object, found something else: "
        "maximum parsing depth reached near '['", "an index without a bottom")
taken = []
for n in range(0, len(packed), 5):
    index(image(packed[:n], ids=[sha256(one)], media=LAYER + "+gzip"))
    if build("--store", f"{T}/store", f"oci:{OCI}")[:2] != (1, ""):
        taken.append(n)
equal(taken, [], "a layer that was cut before it got its name is refused")
entry = image(one, media="text/plain")
digest = hashlib.sha256(one).hexdigest()
index(entry)
refused(f"{OCI}: sha256:{digest}: expected a layer that is a tar, found the "
        "media type \"text/plain\"", "a layer's media type")
index(first)
path = f"{OCI}/blobs/sha256/{digest}"
with open(path, "r+b") as f:
    f.seek(1030)
    f.write(b"X")
changed = hashlib.sha256(open(path, "rb").read()).hexdigest()
refused(f"{path}: expected the content that its name says, found "
        f"sha256:{changed}", "a layer with a byte changed")
with open(path, "wb") as f:
    f.write(one[:-512])
refused(f"{path}: expected {len(one)} bytes, as its descriptor says, found "
        "fewer", "a layer that is cut")
with open(path, "wb") as f:
    f.write(one + b"\0" * 512)
refused(f"{path}: expected {len(one)} bytes, as its descriptor says, found "
        "more", "a layer that is longer")
os.unlink(path)
refused(f"{path}: cannot be opened: No such file or directory",
        "a layer that is missing")
os.symlink("/etc/passwd", path)
refused(f"{path}: cannot be opened: Too many levels of symbolic links",
        "a layer that is a symbolic link")
index(dict(first, digest="sha256:../../../etc/passwd"))
refused(f"{OCI}: expected a digest sha256:<64 hex digits>, found "
        "\"sha256:../../../etc/passwd\"", "a digest with a path")
index(dict(first, size=-1))
refused(f"{OCI}: expected a descriptor with mediaType, digest (sha256) and "
        "size, found another", "a size below 0")
with open(f"{OCI}/index.json", "w") as f:
    f.write("[]")
refused(f"{OCI}/index.json:1: expected a JSON object, found something else: "
        "it is another value", "an index that is a list")
with open(f"{OCI}/oci-layout", "w") as f:
    f.write('{"imageLayoutVersion":"2.0.0"}')
refused(f"{OCI}/oci-layout: expected imageLayoutVersion 1.0.0, found 2.0.0",
        "another layout")
refused(f"{T}/none: cannot be opened as an OCI layout: No such file or "
        "directory", "no layout", f"oci:{T}/none")

shutil.rmtree(T)
done()
