#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright oci seal and verify: the digests of an OCI image's composefs
images in its label and annotations; that skopeo pushes and pulls them as they
are; what is refused."""
import gzip
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from ocilayout import REF, Layout, d, layer, link, sha256, tar  # noqa: E402
from registry import Registry  # noqa: E402
from tap import ROOTWRIGHT, done, equal, has, ok, run, skip  # noqa: E402

T = tempfile.mkdtemp()
oci = Layout(f"{T}/oci")
LABEL = "containers.composefs.fsverity"
LAYER = "containers.composefs.layer.fsverity"
MEDIA = "application/vnd.oci.image.layer.v1.tar+gzip"
layers = [gzip.compress(x, mtime=0) for x in (
    layer(d("."), d("usr", mode=0o711), tar("usr/f", b"f" * 5000)),
    layer(link("usr/g", "usr/f"), tar("etc")), layer(tar(".wh.etc")))]


def seal(*argv):
    return run(ROOTWRIGHT, "oci", "seal", *argv)


def verify(*argv):
    return run(ROOTWRIGHT, "oci", "verify", *argv)


def load(where, digest=None):
    name = f"blobs/sha256/{digest[7:]}" if digest else "index.json"
    with open(f"{where}/{name}", "rb") as f:
        data = f.read()
    if digest:
        equal(sha256(data), digest, "a blob has the digest of its name")
    return json.loads(data)


def documents(where=f"{T}/oci", tag="one"):
    entry, = (e for e in load(where)["manifests"]
              if e["annotations"][REF] == tag)
    manifest = load(where, entry["digest"])
    return entry, manifest, load(where, manifest["config"]["digest"])


def refused(command, words, name, hint=None):
    code, out, err = command
    equal((code, out, err.replace(T, "T").split("\n")[0]),
          (1, "", f"rootwright: {words}"), name)
    if hint:
        equal(err.split("\n")[1], f"hint: {hint}", f"{name}: the hint")


def files():
    return sorted(os.path.join(w, f) for w, _, fs in os.walk(f"{T}/oci")
                  for f in fs)


entry = oci.image(*layers, media=MEDIA, settings={
    "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
    "config": {"Cmd": ["/bin/sh"], "Labels": {"a": "b"}}},
    annotations={"x": "y"})
entry["platform"] = {"architecture": "amd64", "os": "linux"}
other = oci.image(layer(tar("o")), tag="other")
oci.index(entry, dict(entry, annotations={REF: "two"}), other)
before, old_manifest, old_config = documents()
old = files()
refused(verify(f"{T}/oci:one"), f"T/oci: {old_manifest['config']['digest']}: "
        f"expected a config with the label {LABEL}, found none: the image is "
        "not sealed", "an image that is not sealed",
        "rootwright oci seal seals it")
equal(files(), old, "verify writes nothing")

want = run(ROOTWRIGHT, "build", f"oci:{T}/oci:one")[1]
each = run(ROOTWRIGHT, "build", "--layers", f"oci:{T}/oci:one")[1].split()
code, out, err = seal(f"{T}/oci:one")
equal((code, out), (0, want), "seal prints the digest that build prints")
after, manifest, config = documents()
has(err, f"sealed, with 3 layers, as {after['digest']}, in ", "and says how "
    "the image is named now")
equal(config["config"]["Labels"], {"a": "b", LABEL: want.strip()}, "the label")
equal([x["annotations"] for x in manifest["layers"]],
      [{LAYER: x} for x in reversed(each)], "the annotations")
equal({k: v for k, v in config.items() if k != "config"},
      {k: v for k, v in old_config.items() if k != "config"},
      "nothing else of the config")
for x in manifest["layers"]:
    del x["annotations"]
manifest["config"] = old_manifest["config"]
equal(manifest, old_manifest, "nor of the manifest")
after["digest"], after["size"] = before["digest"], before["size"]
equal(after, before, "nor of the index")
equal(documents(tag="two")[0]["digest"], documents()[0]["digest"],
      "the other tag of the image is the sealed one, too")
equal(documents(tag="other")[0], other, "another image is as it was")
ok(set(old) < set(files()) and len(files()) == len(old) + 2,
   "two new blobs, and the old ones are there")
equal(run(ROOTWRIGHT, "build", f"oci:{T}/oci:one")[1], want,
      "the sealed image has the same digest")
now = documents()[0]
equal(seal(f"{T}/oci:one")[:2], (0, want), "sealed again")
equal(documents()[0], now, "it is the same")
code, out, err = verify(f"{T}/oci:one")
equal((code, out), (0, want), "verify prints it")
has(err, "oci:one: as it is sealed, 3 of 3 layers, too, in ", "and says what "
    "was compared")

# skopeo carries it along.
SKOPEO = ("skopeo", "--insecure-policy", "copy", "-q")
if run("skopeo", "--version")[0] == 0:
    equal(run(*SKOPEO, f"oci:{T}/oci:one", f"oci:{T}/copy:one")[0], 0,
          "skopeo copies it")
    equal(documents(f"{T}/copy")[0]["digest"], now["digest"],
          "with the same digest")
    with Registry() as at:
        code, _, err = run(*SKOPEO, "--dest-tls-verify=false",
                           f"oci:{T}/oci:one", f"docker://{at}/some/image:1")
        ok(code == 0, "skopeo pushes it", err)
        code, _, err = run(*SKOPEO, "--src-tls-verify=false",
                           f"docker://{at}/some/image:1", f"oci:{T}/back:one")
        ok(code == 0, "and pulls it", err)
    equal(documents(f"{T}/back")[0]["digest"], now["digest"],
          "with the same digest")
    equal(verify(f"{T}/back")[:2], (0, want), "verify takes it")
else:
    skip("skopeo pushes and pulls it", "no skopeo")


def forge(change):
    """Another image of the same layers, with the sealed documents changed."""
    _, manifest, config = documents()
    change(manifest, config)
    text = json.dumps(config).encode()
    forged = Layout(f"{T}/forged")
    shutil.rmtree(f"{T}/forged", ignore_errors=True)
    shutil.copytree(f"{T}/oci", f"{T}/forged")
    manifest["config"] = forged.blob(text, manifest["config"]["mediaType"])
    forged.index(dict(forged.blob(json.dumps(manifest).encode(),
                                  now["mediaType"]), annotations={REF: "one"}))
    return f"{T}/forged"


def label(value):
    def change(_, config):
        config["config"]["Labels"][LABEL] = value
    return change


def annotation(value):
    def change(manifest, _):
        manifest["layers"][1]["annotations"][LAYER] = value
    return change


def plain(manifest, _):
    for x in manifest["layers"]:
        del x["annotations"]


zeros = "0" * 64
refused(verify(forge(label(zeros))), f"T/forged: expected an image of digest "
        f"{zeros}, as it is sealed, found {want.strip()}", "another digest")
equal(verify(forge(label(f"sha256:{want.strip()}")))[:2], (0, want),
      "with the hash's name before it")
for value in ("", zeros[1:], zeros + "0", "sha512:" + zeros, "A" * 64, 7):
    where = forge(label(value))
    digest = documents(where)[1]["config"]["digest"]
    refused(verify(where), f"T/forged: {digest}: " + (
        f"{LABEL}: expected a digest of 64 or 128 lower-case hex digits, "
        f"found \"{value}\"" if value != 7 else f"expected a config with the "
        f"label {LABEL}, found none: the image is not sealed"),
        f"a label {value!r:.20}")
refused(verify(forge(annotation(zeros))), "T/forged, layer 2: expected an "
        f"image of digest {zeros}, as it is sealed, found {each[1]}",
        "another layer")
refused(verify(forge(annotation("x"))), f"T/forged, layer 2: {LAYER}: expected "
        "a digest of 64 or 128 lower-case hex digits, found \"x\"",
        "a layer's annotation that is no digest")
code, out, err = verify(forge(plain))
equal((code, out), (0, want), "without annotations")
has(err, "as it is sealed, 0 of 3 layers, too", "none is compared")

# SHA-512; layouts that cannot be sealed; usage.
equal(seal("--algorithm", "sha512", f"{T}/oci:other")[0], 0, "SHA-512")
text = documents(tag="other")[2]["config"]["Labels"][LABEL]
equal((len(text), verify(f"{T}/oci:other")[:2]), (128, (0, text + "\n")),
      "is verified as it is labelled")
nested = Layout(f"{T}/nested")
inner = nested.image(*layers, media=MEDIA)
nested.index(nested.nest(inner))
refused(seal(f"{T}/nested"), f"T/nested: {inner['digest']}: expected the image "
        "in index.json itself, found it in another index", "an index in the "
        "index", "skopeo copy makes a layout of the one image")
shutil.rmtree(f"{T}/forged")
forge(plain)
path = f"{T}/forged/blobs/sha256/{sha256(layers[0])[7:]}"
with open(path, "r+b") as f:
    f.seek(40)
    f.write(b"X")
kept = open(f"{T}/forged/index.json", "rb").read()
equal(seal(f"{T}/forged")[:2], (1, ""), "a damaged layer")
equal(open(f"{T}/forged/index.json", "rb").read(), kept, "is not sealed")
for argv in (["seal"], ["verify"], ["what", T], [], ["seal", T, T],
             ["verify", "--algorithm", "sha256", T]):
    equal(run(ROOTWRIGHT, "oci", *argv)[0], 2, f"usage: {' '.join(argv)[:20]}")

shutil.rmtree(T)
done()
