#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright disk: what is on it, that the same input gives the same bytes,
that no root is needed, what --extra copies, and wrong usage. Bad input is in
disk-bad.t."""
import json
import os
import random
import re
import shutil
import socket
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from disk import *
from tap import *
from verity import *

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def checked(img, what):
    """check finds what make() wrote in a signature's place, and no more."""
    out = json.loads(run(ROOTWRIGHT, "check", "--json", img)[1])
    equal((out["complete"], [fault["kind"] for fault in out["faults"]]),
          (True, ["signature"]), what)


def test_usage():
    code, out, err = run(ROOTWRIGHT, "disk", "--help")
    equal((code, err), (0, ""), "--help")
    has(out, "usage: rootwright disk --store DIR", "goes to stdout")

    def wrong(words, *options):
        code, out, err = run(ROOTWRIGHT, "disk", *options)
        equal((code, out, err),
              (2, "", f"rootwright disk: {words}\n"
               "hint: rootwright disk --help\n"), words)

    both = ["--store", "s", "--output", "o"]
    wrong("--store is missing", "--output", "o")
    wrong("--output is missing", "--store", "s")
    wrong("x: expected options only", *both, "x")
    for size in ("", "0", "12x", "1MB", "-1M", "99999999999T", "1000", "M"):
        wrong(f"--size {size}: expected a multiple of 512 bytes, or a number "
              "with K, M, G or T", *both, "--size", size)
    for label in ("", "x" * 17, "a b", "a/b", "a\"b", "é"):
        wrong(f"--label {label}: expected 1 to 16 letters, digits or . _ + -",
              *both, "--label", label)
    for option in ("--loud", "--size", "-x"):
        wrong(f"{option}: expected an option that it has, with its value",
              *both, option)
    nil = "00000000-0000-0000-0000-000000000000"
    wrong(f"--uuid {nil}: expected a UUID, such as "
          "2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5a", *both, "--uuid", nil)
    wrong("--uuid 123: expected a UUID, such as "
          "2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5a", *both, "--uuid", "123")


def test_disk(work):
    store, image = make(work, "store", [content(s) for s in
                                        (9000, 0, 4096, 100000)])
    img = f"{work}/disk.img"
    code, out, err = disk(store, img)
    equal((code, out), (0, ""), "a disk: nothing on stdout")
    has(err, f"{img}: 15 MiB, 4 objects of 113096 bytes sealed with fs-verity",
        "a summary on stderr")
    fsck(img, "e2fsck finds nothing")
    table = json.loads(run("/sbin/sfdisk", "--json", img)[1])["partitiontable"]
    ids = dict(re.findall(r"(\w+)=(\S+)", err))
    equal(table["label"], "gpt", "a GPT")
    equal(len(table["partitions"]), 1, "with one partition")
    part = table["partitions"][0]
    equal((part["start"], part["size"]), (2048, 13 * 2048),
          "from 1 MiB to the end less 1 MiB")
    equal(part["type"], "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
          "of a type that nothing mounts by itself")
    equal((part["name"], part["uuid"].lower()),
          ("rootwright", ids["PARTUUID"]), "with the name and UUID it says")
    equal(run("/sbin/sfdisk", "--verify", img)[0], 0, "both tables are valid")
    head = debugfs(img, "show_super_stats -h")
    for words in ("Filesystem volume name:   rootwright",
                  f"Filesystem UUID:          {ids['UUID']}",
                  "Block size:               4096",
                  "Reserved block count:     0",
                  "Errors behavior:          Remount read-only"):
        has(head, words, words)
    code, out, err = disk(store, f"{work}/json.img", "--json")
    equal((code, json.loads(out)),
          (0, {"disk": f"{work}/json.img", "bytes": 15 << 20, "objects": 4,
               "object_bytes": 113096, "label": "rootwright",
               "uuid": ids["UUID"], "partlabel": "rootwright",
               "partuuid": ids["PARTUUID"], "extra": None}), "--json")
    os.unlink(f"{work}/json.img")
    features = re.search("features: *(.*)", head)[1].split()
    for feature in ("has_journal", "extent", "verity", "metadata_csum"):
        ok(feature in features, f"the feature {feature}")
    os.mkdir(f"{work}/dump")
    debugfs(img, f"rdump /composefs {work}/dump")
    dump = f"{work}/dump/composefs"
    os.unlink(f"{store}/objects/.tmp-1-2")
    equal(run("diff", "-r", "--no-dereference", store, dump), (0, "", ""),
          "all of the store is there, but no temporary file")
    equal(os.readlink(f"{dump}/images/{image}"), f"../{object_path(image)}",
          "links are as they were")
    for path, mode in (("", "0700"), ("/objects", "0755"),
                       ("/meta.json", "0644"), ("/" + object_path(image),
                                                "0644")):
        has(debugfs(img, f"stat /composefs{path}"), f"Mode:  {mode}",
            f"/composefs{path} has mode {mode}")
    return store, img


def test_no_table(work, store, img):
    bare = f"{work}/bare.img"
    code, out, err = disk(store, bare, "--no-table")
    equal((code, out), (0, ""), "--no-table: a file system")
    has(err, f"{bare}: 13 MiB, 4 objects of 113096 bytes sealed", "its size")
    ok("PARTLABEL" not in err, "there is no partition to name", err)
    with open(img, "rb") as f, open(bare, "rb") as g:
        f.seek(MIB)
        ok(f.read(13 * MIB) == g.read(), "it is what the partition has")
    checked(bare, "check finds nothing wrong")
    code, out, err = disk(store, f"{work}/small.img", "--no-table",
                          "--size", "1M")
    equal((code, out, os.path.exists(f"{work}/small.img")), (1, "", False),
          "too small: refused, and nothing is written")
    has(err, f"rootwright: disk: {work}/small.img: expected a file system of "
        "at least 5242880 bytes, found --size of 1048576", "with a sentence")


def test_same_bytes(work, store, img):
    want = sha256(img)
    copy = f"{work}/copy"
    # Other inodes, another order in the directories, other times and modes.
    os.mkdir(copy)
    names = [os.path.relpath(os.path.join(d, n), store)
             for d, ds, fs in os.walk(store) for n in ds + fs]
    random.Random(1).shuffle(names)
    for name in names:
        source, target = f"{store}/{name}", f"{copy}/{name}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif os.path.isfile(source):
            shutil.copyfile(source, target)
            os.chmod(target, 0o400)
        else:
            os.makedirs(target, exist_ok=True)
    env = dict(os.environ, TZ="Asia/Tokyo", LC_ALL="C.UTF-8",
               MKE2FS_CONFIG="/dev/null", E2FSPROGS_FAKE_TIME="999999999")
    code, _, err = disk(copy, f"{work}/second.img", env=env, umask=0o077)
    equal((code, sha256(f"{work}/second.img")), (0, want),
          "the same store elsewhere gives the same bytes")
    code, _, _ = disk(store, f"{work}/label.img", "--label", "other")
    ok(code == 0 and sha256(f"{work}/label.img") != want,
       "another label gives another disk")
    uuid = "2C1D1C0E-5D4B-4A52-9D6C-0F1E2D3C4B5A"
    code, _, err = disk(store, f"{work}/uuid.img", "--uuid", uuid, "--label",
                        "other")
    has(err, f"LABEL=other UUID={uuid.lower()} PARTLABEL=other PARTUUID=",
        "--uuid is that of the file system")
    has(debugfs(f"{work}/uuid.img", "show_super_stats -h"), uuid.lower(),
        "and is there")


def test_without_root(work, store, img):
    if os.getuid() != 0:
        ok(True, "all of this test runs without root")
        return
    with tempfile.TemporaryDirectory(prefix="disk-nobody") as there:
        os.chmod(there, 0o755)
        shutil.copytree(store, f"{there}/store", symlinks=True)
        shutil.copy(ROOTWRIGHT, f"{there}/rootwright")
        run("chmod", "-R", "a+rX", there)
        os.mkdir(f"{there}/out")
        os.chown(f"{there}/out", 65534, 65534)
        argv = NOBODY + [f"{there}/rootwright", "disk", "--store",
                         f"{there}/store", "--output", f"{there}/out/disk.img"]
        code, _, err = run(*argv)
        equal((code, sha256(f"{there}/out/disk.img")), (0, sha256(img)),
              "nobody makes the same disk")
        os.unlink(f"{there}/out/disk.img")
        name = next(f"{d}/{f}" for d, _, fs in os.walk(f"{there}/store/objects")
                    for f in fs)
        os.chmod(name, 0)
        refused(run(*argv), f"disk: {name}: cannot be opened: Permission "
                "denied", "", f"{there}/out", "an object that cannot be read")


def test_size(work, store):
    out = f"{work}/out"
    os.mkdir(out)
    least = 7 * MIB
    sentence = (f"disk: {out}/d.img: expected a disk of at least {least} "
                "bytes, found --size of ")
    hint = "--size 7M holds it, without room for more"
    refused(disk(store, f"{out}/d.img", "--size", "6M"),
            sentence + str(6 * MIB), hint, out, "a size that is too small")
    refused(disk(store, f"{out}/d.img", "--size", "512"),
            sentence + "512", hint, out, "one sector")
    for size, n in (("7M", 7 * MIB), ("20481K", 20481 << 10),
                    ("1G", 1 << 30), ("7340544", 7340544)):
        code, _, err = disk(store, f"{out}/d.img", "--size", size)
        equal((code, os.path.getsize(f"{out}/d.img")), (0, n),
              f"--size {size}")
        fsck(f"{out}/d.img", f"--size {size}: e2fsck finds nothing")
        checked(f"{out}/d.img", f"--size {size}: check finds no fault")
        ok(os.stat(f"{out}/d.img").st_blocks * 512 < 8 * MIB,
           f"--size {size}: is sparse")
        os.unlink(f"{out}/d.img")
    return out


def test_extra(work, store, out):
    extra, img = f"{work}/extra", f"{out}/d.img"
    os.makedirs(f"{extra}/etc/deep/er")
    with open(f"{extra}/etc/file", "wb") as f:
        f.write(content(10000))
    with open(f"{extra}/etc/empty", "wb"):
        pass
    for n in (1, 59, 60, 4000):
        os.symlink("t" * n, f"{extra}/link{n}")
    os.chmod(f"{extra}/etc/deep", 0o2770)
    if os.getuid() == 0:
        os.chown(f"{extra}/etc/file", 70000, 80000)
    os.chmod(f"{extra}/etc/file", 0o4751)
    code, _, err = disk(store, img, "--extra", extra)
    equal(code, 0, "--extra")
    has(err, f"{img}: what comes from {extra} is NOT verified at boot",
        "says that it is not verified")
    fsck(img, "e2fsck finds nothing")
    os.mkdir(f"{work}/extra-dump")
    debugfs(img, f"rdump / {work}/extra-dump")
    for name in ("composefs", "lost+found"):
        ok(os.path.isdir(f"{work}/extra-dump/{name}"), f"/{name} is there")
        shutil.rmtree(f"{work}/extra-dump/{name}")
    equal(run("diff", "-r", "--no-dereference", extra, f"{work}/extra-dump"),
          (0, "", ""), "all of it is there")
    stat = debugfs(img, "stat /etc/file")
    has(stat, "Mode:  04751", "with its mode")
    owner = os.stat(f"{extra}/etc/file")
    has(stat, f"User: {owner.st_uid:5}   Group: {owner.st_gid:5}",
        "and its owner")
    has(stat, "Flags: 0x80000", "and without fs-verity")
    has(debugfs(img, "stat /etc/deep"), "Mode:  02770", "directories too")
    checked(img, "check finds no fault")
    os.unlink(img)

    def no(name, path, expected, found, tree=extra):
        refused(disk(store, img, "--extra", tree),
                f"disk: {tree}/{path}: expected {expected}, found {found}",
                "", out, name)

    os.mkfifo(f"{extra}/etc/fifo")
    no("a FIFO", "etc/fifo", "a file, directory or symbolic link", "a FIFO")
    os.unlink(f"{extra}/etc/fifo")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f"{extra}/socket")
    no("a socket", "socket", "a file, directory or symbolic link", "a socket")
    os.unlink(f"{extra}/socket")
    for name in ("composefs", "lost+found"):
        os.mkdir(f"{extra}/{name}")
        no(f"an extra {name}", name, "no such name at the top of --extra",
           "it")
        os.rmdir(f"{extra}/{name}")
    os.makedirs(f"{work}/deep/" + "d/" * 129)
    no("a very deep tree", "/".join("d" * 129), "128 levels at most", "more",
       f"{work}/deep")
    refused(disk(store, img, "--extra", f"{work}/none"),
            f"disk: {work}/none: cannot be opened: No such file or directory",
            "", out, "no such directory")


def test_built(work, out):
    """What rootwright build leaves is what rootwright disk takes."""
    tree, store, img = f"{work}/tree", f"{work}/built", f"{out}/d.img"
    os.makedirs(f"{tree}/usr/bin")
    for i, size in enumerate((10, 65, 5000, 300000)):
        with open(f"{tree}/usr/bin/{i}", "wb") as f:
            f.write(content(size, i))
    code, image, err = run(ROOTWRIGHT, "build", "--store", store, tree)
    ok(code == 0, "a store is built", err)
    code, _, err = disk(store, img)
    ok(code == 0, "and laid onto a disk", err)
    image = image.strip()
    has(debugfs(img, f"stat /composefs/{object_path(image)}"),
        "Flags: 0x180000", "the image has fs-verity")
    has(debugfs(img, f"stat /composefs/images/{image}"), "Type: symlink",
        "images/ leads to it")
    fsck(img, "e2fsck finds nothing")
    equal(run(ROOTWRIGHT, "check", img)[0], 0, "check finds no fault")
    os.unlink(img)


def main():
    test_usage()
    with tempfile.TemporaryDirectory(prefix="disk-test") as work:
        store, img = test_disk(work)
        test_no_table(work, store, img)
        test_same_bytes(work, store, img)
        test_without_root(work, store, img)
        out = test_size(work, store)
        test_extra(work, store, out)
        test_built(work, out)
    done()


main()
