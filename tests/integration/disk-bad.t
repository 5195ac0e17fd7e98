#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright disk on bad input: a store that is damaged, a disk that is full,
an output that exists, a signal at any moment. Nothing is ever left."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests/lib")
from disk import *
from tap import *
from verity import *


def test_damaged_store(work, out):
    img = f"{out}/d.img"
    hint = ("rootwright check lists every damaged object of the store; "
            "remove them and build again")

    def damaged(name, change, sentence, hint=""):
        store, _ = make(work, "damaged", [content(9000)])
        path = object_path(digest(content(9000)))
        change(store, path)
        refused(disk(store, img), sentence.format(store=store, path=path),
                hint, out, name)
        shutil.rmtree(store)

    def write(data):
        def change(store, path):
            with open(f"{store}/{path}", "wb") as f:
                f.write(data)
        return change

    def replace(make_one):
        def change(store, path):
            os.unlink(f"{store}/{path}")
            make_one(f"{store}/{path}")
        return change

    def add(name, data=b""):
        def change(store, path):
            os.makedirs(os.path.dirname(f"{store}/{name}"), exist_ok=True)
            with open(f"{store}/{name}", "wb") as f:
                f.write(data)
        return change

    other = bytearray(content(9000))
    other[8999] ^= 1
    wrong = ("disk: {store}/{path}: expected the digest that names it, found "
             "%s: the object is damaged")
    damaged("a changed object", write(other), wrong % digest(bytes(other)),
            hint)
    damaged("a truncated object", write(content(8192)),
            wrong % digest(content(8192)), hint)
    damaged("an empty object", write(b""), wrong % digest(b""), hint)
    damaged("a FIFO for an object", replace(os.mkfifo),
            "disk: {store}/{path}: expected a file, directory or symbolic "
            "link, found a FIFO")
    damaged("a link for an object", replace(lambda p: os.symlink("x", p)),
            "disk: {store}/{path}: expected an object, found a symbolic link")
    damaged("a directory for an object", replace(os.mkdir),
            "disk: {store}/{path}: expected an object, found a directory")
    for name in ("objects/x", "objects/ab/" + "g" * 62, "objects/ab/ab",
                 "objects/" + "a" * 64, "objects/ab/" + "a" * 200):
        damaged(f"a file called {name}", add(name),
                f"disk: {{store}}/{name}: expected an object's name, found "
                "another name")
    damaged("a directory of another name", add("objects/abc/x"),
            "disk: {store}/objects/abc: expected an object's name, found "
            "another name")
    long = f"objects/ab/{'a' * 126}"
    damaged("an object of another algorithm", add(long),
            f"disk: {{store}}/{long}: expected an object of the store's "
            "algorithm, found one of another")


def test_other_refusals(work, store, out):
    img = f"{out}/d.img"
    code, _, err = disk(f"{work}/none", img)
    equal((code, os.listdir(out)), (1, []), "no such store")
    os.mkdir(f"{work}/empty")
    code, _, err = disk(f"{work}/empty", img)
    equal((code, os.listdir(out)), (1, []), "a directory that is no store")
    has(err, f"{work}/empty", "is named")
    refused(disk(store, f"{out}/no/d.img"),
            f"disk: {out}/no/: cannot be opened: No such file or directory",
            "", out, "no such directory for the output")
    with open(img, "w") as f:
        f.write("precious")
    code, _, err = disk(store, img)
    equal((code, err.splitlines()[0]),
          (1, f"rootwright: disk: {img}: expected no such file, found one"),
          "an output that exists")
    with open(img) as f:
        equal(f.read(), "precious", "is left alone")
    os.unlink(img)


def test_full(work):
    if os.getuid() != 0:
        skip("a full disk", "needs root to mount a small tmpfs")
        return
    full = f"{work}/full"
    os.mkdir(full)
    big, _ = make(work, "big", [content(3 * MIB)])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2M", "rw", full],
                   check=True)
    try:
        refused(disk(big, f"{full}/d.img"),
                f"{full}/d.img: cannot be written: No space left on device",
                "", full, "a full disk")
        subprocess.run(["mount", "-o", "remount,size=4200K", full], check=True)
        code, _, err = disk(big, f"{full}/d.img")
        equal((code, os.path.exists(f"{full}/d.img")), (0, True),
              "with room enough it is made")
    finally:
        subprocess.run(["umount", full], check=True)
    shutil.rmtree(big)


def test_interrupted(work, out):
    """At any moment: nothing, or all of it."""
    store, _ = make(work, "slow", [content(2 * MIB, i) for i in range(20)])
    img, whole = f"{out}/d.img", None
    begin = time.monotonic()
    equal(disk(store, img)[0], 0, "a disk that takes a while")
    whole, took = sha256(img), time.monotonic() - begin
    os.unlink(img)
    for i in range(12):
        p = subprocess.Popen([ROOTWRIGHT, "disk", "--store", store,
                              "--output", img], stderr=subprocess.DEVNULL)
        time.sleep(took * i / 10)
        p.send_signal(signal.SIGINT)
        # Right after exec the kernel's default still ends the program.
        code = 1 if p.wait() == -signal.SIGINT else p.returncode
        left = os.listdir(out)
        if code == 0:
            equal((left, sha256(img)), (["d.img"], whole),
                  "SIGINT came too late: the disk is whole")
            os.unlink(img)
        elif left:
            equal((code, left, sha256(img)), (1, ["d.img"], whole),
                  "SIGINT came after it was there: the disk is whole")
            os.unlink(img)
        else:
            equal((code, left), (1, []), f"SIGINT at {i}: nothing is left")
    shutil.rmtree(store)


def main():
    with tempfile.TemporaryDirectory(prefix="disk-bad") as work:
        store, _ = make(work, "store", [content(9000)])
        out = f"{work}/out"
        os.mkdir(out)
        test_damaged_store(work, out)
        test_other_refusals(work, store, out)
        test_full(work)
        test_interrupted(work, out)
    done()


main()
