#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/make-disk and make-update without root and without devices, from a
tar and from an OCI layout; and what they refuse."""
import io
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro", "tests/uki"]
import uki  # noqa: E402
from tap import ROOTWRIGHT, done, equal, has, ok, run, skip_all  # noqa: E402

why = uki.missing()
if why:
    skip_all(why)
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] \
    if os.geteuid() == 0 else []


def tree(path, text):
    """A tar that boots as far as anybody asks."""
    with open("/bin/busybox", "rb") as f:
        busybox = f.read()
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("./sbin", "./etc", "./dev", "./proc", "./sys", "./run"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, data, mode, uid in (
                ("./sbin/init", busybox, 0o755, 0),
                ("./etc/shadow", b"root:*::\n" * 100, 0o600, 0),
                ("./etc/issue", text * 100, 0o644, 1000)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid = len(data), mode, uid
            tar.addfile(entry, io.BytesIO(data))


def layout(place, path, layer):
    """An OCI layout of that one layer, made by skopeo."""
    code, _, err = run("skopeo", "--insecure-policy", "copy", "-q",
                       f"tarball:{layer}", f"oci:{path}:latest", cwd=place)
    ok(code == 0, "skopeo makes an OCI layout", err)


def prepare(place):
    """All that the examples take, where nobody in particular may write."""
    os.makedirs(f"{place}/bin")
    for name in ("examples", "keys"):
        shutil.copytree(name, f"{place}/{name}")
    shutil.copy(ROOTWRIGHT, f"{place}/bin/rootwright")
    run("tar", "-C", place, "-xf", uki.TREE, "--wildcards",
        "./usr/bin/ukify", "./usr/lib/systemd/boot/efi", "./boot/vmlinuz-*")
    with open(f"{place}/bin/ukify", "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n"
                f"exec /usr/bin/python3 {place}/usr/bin/ukify \"$@\"\n")
    os.chmod(f"{place}/bin/ukify", 0o755)
    for n in (1, 2):
        tree(f"{place}/tree-{n}.tar", b"version %d\n" % n)
    layout(place, "oci", "tree-1.tar")
    with open(f"{place}/initrd.img", "wb") as f:
        f.write(b"an initramfs")
    if NOBODY:
        run("chown", "-R", "65534:65534", place)
    os.chmod(place, 0o755)
    env = dict(os.environ, EFI=f"{place}/usr/lib/systemd/boot/efi",
               HOME=place, ESP_SIZE="64", PATH=os.pathsep.join(
                   [f"{place}/bin", os.environ["PATH"], "/usr/sbin",
                    "/sbin"]))

    def call(*argv):
        return run(*NOBODY, *argv, cwd=place, env=env)

    code, _, err = call("bash", "-eu", "-c", uki.commands("1. Keys"))
    ok(code == 0, "keys, as the guide has them", err)
    kernel, = (f"boot/{name}" for name in os.listdir(f"{place}/boot"))

    def make(what, work, version, source, *more):
        return call(f"examples/make-{what}", "--work", work, "--keys",
                    "secrets", "--name", "web", "--version", str(version),
                    "--kernel", kernel, "--initrd", "initrd.img", *more,
                    source)

    return call, make


def disks(place, call, make):
    code, out, err = make("disk", "out", 1, "tar:tree-1.tar",
                          "--arguments", "quiet panic=5")
    ok(code == 0, "a disk from a tar, without root", err)
    digest = out.splitlines()[0]
    code, out, err = make("disk", "out2", 1, "oci:oci:latest")
    ok(code == 0, "a disk from an OCI layout", err)
    equal(out.splitlines()[0], digest, "of the same tree: the same digest")
    disk = f"{place}/out/disk.img"
    code, _, err = call("rootwright", "check", "out/disk.img")
    ok(code == 0, "its store is whole", err)
    code, out, _ = call("rootwright", "ls", f"out/store/images/{digest}")
    has(out, "shadow", "what only root may read is in it")
    table = json.loads(call("sfdisk", "--json", disk)[1])["partitiontable"]
    equal([p["name"] for p in table["partitions"]], ["esp", "web", "state"],
          "three partitions")
    equal(sum(1 for d in ("EFI/BOOT/BOOTX64.EFI", "EFI/Linux/web_1.efi",
                          "loader/keys/auto/db.auth") if call(
              "mcopy", "-i", f"{disk}@@1M", f"::/{d}",
              f"{os.path.basename(d)}")[0] == 0), 3, "an ESP with all it needs")
    for name in ("BOOTX64.EFI", "web_1.efi"):
        ok(call("sbverify", "--cert", "secrets/secure-boot.pem", name)[0] == 0,
           f"{name} is signed")
    with open(f"{place}/web_1.efi", "rb") as f:
        words = re.findall(rb"composefs=[ -~]*", f.read())
    equal(words, [f"composefs={digest} quiet panic=5".encode()],
          "its command line")
    state = table["partitions"][2]["start"] * 512
    code, out, err = call("e2fsck", "-fn", f"out/disk.img?offset={state}")
    ok(code == 0, "an empty file system for state", out + err)
    return digest


def updates(place, call, make, first):
    code, out, err = make("update", "out", 2, "tar:tree-2.tar")
    ok(code == 0, "an update", err)
    digest = out.strip()
    ok(digest != first, "is another image")
    has(err, "store: 2 objects new", "a file and the image are new")
    code, out, _ = call("rootwright", "release", "verify", "--cert",
                        "secrets/release.pem", "--store", "out/export", "web")
    ok(code == 0, "both versions are in the export, signed", out)
    equal(sorted(os.listdir(f"{place}/out/uki")), ["web_1.efi", "web_2.efi"],
          "and there is a UKI of each")


def refusals(place, make):
    before = sorted(os.listdir(f"{place}/out/store/objects"))
    code, out, err = make("update", "out", 2, "tar:tree-1.tar")
    equal((code, out, err), (1, "", "make-update: out/uki/web_2.efi: expected "
                             "no such file, found one: versions are not made "
                             "twice\n"), "a version that is there is refused")
    equal(sorted(os.listdir(f"{place}/out/store/objects")), before,
          "before anything is written")
    equal(make("disk", "out", 3, "tar:tree-1.tar"),
          (1, "", "make-disk: out/disk.img: expected no such file, found "
           "one\n"), "a disk that is there is refused")
    code, _, err = make("update", "", 4, "tar:tree-1.tar")
    has(err, "make-update: expected --work, --keys, --name, --version, "
        "--kernel, --initrd and a source", "options that are missing")
    os.rename(f"{place}/secrets/secure-boot.key", f"{place}/gone")
    code, out, _ = make("update", "out", 4, "tar:tree-1.tar")
    ok(code != 0 and out == "", "without the key there is no update")
    ok(not os.path.exists(f"{place}/out/uki/web_4.efi") and
       not os.path.exists(f"{place}/out/store/releases/web/4"),
       "neither a UKI nor a release")
    os.rename(f"{place}/gone", f"{place}/secrets/secure-boot.key")
    code, _, err = make("update", "out", 4, "tar:tree-1.tar")
    ok(code == 0, "with it there is", err)


def main():
    with tempfile.TemporaryDirectory(prefix="rw-examples-") as place:
        call, make = prepare(place)
        first = disks(place, call, make)
        updates(place, call, make, first)
        refusals(place, make)
    done()


main()
