#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build and what goes wrong: one sentence, exit code 1, nothing
damaged, and nothing half-written under a final name."""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()
os.chmod(T, 0o755)
SHIM = f"{T}/interpose.so"
CC = os.environ.get("CC", "gcc")


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


def build(*argv, **env):
    """With the world changed by tests/lib/interpose.c when env is given."""
    if env:
        env = {**os.environ, "LD_PRELOAD": SHIM, **env}
    return run(ROOTWRIGHT, "build", *argv, env=env or None)


def refused(result, sentence, name, hint=""):
    """Exit code 1, nothing on stdout, this sentence and hint."""
    code, out, err = result
    equal((code, out), (1, ""), f"{name}: refused")
    equal(err, f"rootwright: {sentence}\n"
          + (f"hint: {hint}\n" if hint else ""), f"{name}: its sentence")


def everything(top):
    """Names and contents below a directory, as they are."""
    found = {}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif os.path.isfile(path):
                found[path] = open(path, "rb").read()
            else:
                found[path] = None
    return found


def leftovers(store):
    """Files under temporary names."""
    return [p for p in everything(store)
            if os.path.basename(p).startswith(".tmp-")]


def clean(store, name):
    """check finds no fault; a store that is not one yet has no object."""
    if os.path.exists(f"{store}/meta.json"):
        equal(run(ROOTWRIGHT, "check", store)[:2], (0, ""), name)
    else:
        ok(not os.path.exists(f"{store}/objects"), name)


equal(run(CC, "-shared", "-fPIC", "-Wall", "-Werror", "-D_GNU_SOURCE", "-o",
          SHIM, "tests/lib/interpose.c")[0::2], (0, ""),
      "the shim is compiled")
tree = f"{T}/tree"
os.mkdir(tree)
for i in range(8):
    write(f"{tree}/{i}", b"%d" % i * 3000)
write(f"{tree}/large", random.Random(1).randbytes(1500000))
digest = build(tree)[1]

# What is not there, or is something else.
refused(build(f"{T}/none"),
        f"{T}/none: cannot be opened: No such file or directory", "no tree")
refused(build(f"{tree}/1"),
        f"{tree}/1: offset 0: cannot be read as a tar: Unrecognized archive "
        "format",
        "a file for a tree")
refused(build("--store", SHIM, tree),
        f"{SHIM}: cannot be opened as a store: Not a directory",
        "a file for a store")
refused(build("--store", f"{T}/no/store", tree),
        f"{T}/no/store: cannot be created: No such file or directory",
        "a store nowhere")
refused(build("--output", f"{T}/no/image", tree),
        f"{T}/no/: cannot be opened: No such file or directory",
        "an output nowhere")

# An output that exists.
output = f"{T}/output"
write(output, b"precious")
refused(build("--store", f"{T}/unmade", "--output", output, tree),
        f"{output}: expected no such file, found one", "an output that exists",
        "remove it, or name another --output")
equal(open(output, "rb").read(), b"precious", "it is not touched")
ok(not os.path.exists(f"{T}/unmade"), "and no store is made")
os.unlink(output)
os.symlink("nowhere", output)
refused(build("--output", output, tree),
        f"{output}: expected no such file, found one",
        "an output that is a dangling link",
        "remove it, or name another --output")
ok(not os.path.exists(f"{T}/nowhere"), "it is not followed")

# A store of another kind.
other = f"{T}/other"
os.mkdir(other)
write(f"{other}/meta.json",
      b'{"version":1,"algorithm":"fsverity-sha512-12","features":{}}')
before = everything(other)
refused(build("--algorithm=sha256", "--store", other, tree),
        f"{other}: expected a store of fsverity-sha256-12, found one of "
        "fsverity-sha512-12", "a store of another algorithm",
        "name another directory with --store: a store holds objects of one "
        "algorithm")
equal(everything(other), before, "it is not touched")
for inside in (tree, f"{tree}/new", f"{tree}/../tree/new"):
    before = everything(tree)
    refused(build("--store", inside, tree),
            f"{inside}: expected a store outside of the tree {tree}, found "
            "one inside", "a store inside the tree")
    equal(everything(tree), before, "the tree is not touched")
refused(build("--store", tree, tempfile.mkdtemp(dir=T)),
        f"{tree}: expected a store, found a directory without meta.json",
        "a directory with something else in it",
        "rootwright build --store makes a store of a new or empty directory; "
        "cfsctl init adds a meta.json to an old composefs-rs repository")

# A truncated object under a right name.
store = f"{T}/store"
equal(build("--store", store, tree)[:2], (0, digest), "a good store")
a = sorted(n for n in os.listdir(f"{store}/objects")
           if n != digest[:2])[0]
path = f"objects/{a}/{os.listdir(f'{store}/objects/{a}')[0]}"
size = os.path.getsize(f"{store}/{path}")
content = open(f"{store}/{path}", "rb").read()
os.unlink(f"{store}/{path}")  # it may be sealed
write(f"{store}/{path}", content[:1000])
before = everything(store)
refused(build("--store", store, tree),
        f"{store}/{path}: expected an object of {size} bytes, found 1000",
        "a truncated object",
        f"rootwright check {store} lists what is damaged: remove those "
        "objects, and build again")
equal(everything(store), before, "the store is not touched")
os.unlink(f"{store}/{path}")
equal(build("--store", store, tree)[:2], (0, digest), "without it")
clean(store, "the store is whole again")

# Unreadable files: root reads all, so somebody else has to build.
write(f"{tree}/secret", b"s" * 100)
os.chmod(f"{tree}/secret", 0)
nobody = [] if os.geteuid() else ["setpriv", "--reuid=65534", "--regid=65534",
                                 "--clear-groups"]
# Copied: the build directory may be where nobody else may look.
shutil.copy(ROOTWRIGHT, f"{T}/rootwright")
os.chmod(f"{T}/rootwright", 0o755)
refused(run(*nobody, f"{T}/rootwright", "build", tree),
        f"{tree}/secret: cannot be read: Permission denied",
        "an unreadable file")
os.unlink(f"{tree}/secret")

# A tree that changes while it is scanned.
for what, kind in (("GROW", "small"), ("GROW", "large"), ("SHRINK", "small"),
                   ("SHRINK", "large")):
    victim = f"{tree}/{'large' if kind == 'large' else '3'}"
    saved = open(victim, "rb").read()
    before = everything(store)
    code, out, err = build("--store", store, tree,
                           **{f"INTERPOSE_{what}": victim})
    equal((code, out), (1, ""), f"{what} a {kind} file: refused")
    ok(err.startswith(f"rootwright: {victim}: expected ")
       and err.count("\n") == 1 and "change" in err,
       f"{what} a {kind} file: its sentence", err)
    equal(everything(store), before, "the store is not touched")
    write(victim, saved)
digest = build(tree)[1]

# What has to come from the disk is as good.
for cache in ("none", "half", "unknown"):
    for threads in ("1", "3"):
        equal(build("--threads", threads, tree, INTERPOSE_CACHE=cache)[:2],
              (0, digest), f"{cache} of it cached, {threads} threads")

# Killed at every call that changes something, with and without O_TMPFILE.
for mode in ({}, {"INTERPOSE_NO_TMPFILE": "1"}):
    name = "without O_TMPFILE" if mode else "with O_TMPFILE"
    at = bad = torn = 0
    killed = f"{T}/killed"
    shutil.rmtree(killed, ignore_errors=True)
    while True:
        at += 1
        code, out, _ = build("--store", killed, tree,
                             INTERPOSE_KILL=str(at), **mode)
        if code == 0:
            break
        bad += code != -signal.SIGKILL
        if os.path.exists(f"{killed}/meta.json"):
            torn += run(ROOTWRIGHT, "check", killed)[:2] != (0, "") and \
                os.path.exists(f"{killed}/objects")
        if at % 3 == 0:
            shutil.rmtree(killed)
    ok(at > 20, f"{name}: killed at {at - 1} moments")
    equal((bad, torn), (0, 0), f"{name}: never a torn store")
    equal(out, digest, f"{name}: the build that is left alone is right")
    equal(leftovers(killed), [], f"{name}: and sweeps what was left over")
    clean(killed, f"{name}: check agrees")

# SIGINT is an end like others, with a sentence.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    shutil.rmtree(killed, ignore_errors=True)
    refused(build("--store", killed, tree, INTERPOSE_KILL="30",
                  INTERPOSE_SIGNAL=str(int(number))),
            "interrupted: what was not complete is gone", number.name)
    equal(leftovers(killed), [], "nothing is left over")
    clean(killed, "the store is whole")
many = f"{T}/many"
os.mkdir(many)
for i in range(3000):
    write(f"{many}/{i}", b"%d\n" % i * 200)
expected = build(many)[1]
shutil.rmtree(killed, ignore_errors=True)
draw = random.Random()
codes = set()
sentences = set()
for i in range(25):
    p = subprocess.Popen([ROOTWRIGHT, "build", "--store", killed, many],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(draw.random() * 0.3)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    codes.add(p.returncode)
    if p.returncode == 1:
        sentences.add(err.splitlines()[-1].decode())
    if os.path.exists(f"{killed}/objects"):
        code, out, _ = run(ROOTWRIGHT, "check", killed)
        if (code, out) != (0, ""):
            fault = out
            break
else:
    fault = ""
equal(fault, "", "SIGINT at random: check is clean after each")
ok(codes <= {0, 1, -signal.SIGINT}, "SIGINT at random: the exit codes",
   str(codes))
ok(sentences <= {"rootwright: interrupted: what was not complete is gone"},
   "SIGINT at random: the sentence", str(sentences))
equal(build("--store", killed, many)[:2], (0, expected),
      "SIGINT at random: then the digest is right")
clean(killed, "SIGINT at random: and the store whole")

# A full disk.
for kind in ("tmpfs", "ext4"):
    full = f"{T}/full"
    os.makedirs(full, exist_ok=True)
    if kind == "tmpfs":
        mounted = run("mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", full)
    else:
        with open(f"{T}/disk", "wb") as f:
            f.truncate(8 << 20)
        run("mke2fs", "-q", "-t", "ext4", f"{T}/disk")
        mounted = run("mount", "-o", "loop", f"{T}/disk", full)
    if mounted[0] != 0:
        skip(f"a full {kind}", f"it cannot be mounted: {mounted[2].strip()}")
        continue
    try:
        if kind == "ext4":
            with open(f"{full}/filler", "wb") as f:
                try:
                    while f.write(bytes(65536)):
                        pass
                except OSError:
                    pass
            os.truncate(f"{full}/filler",
                        os.path.getsize(f"{full}/filler") - 700000)
            os.sync()
        code, out, err = build("--store", f"{full}/store", tree)
        equal((code, out), (1, ""), f"a full {kind}: refused")
        ok(err.endswith(": No space left on device\n")
           and err.count("\n") == 1, f"a full {kind}: its sentence", err)
        clean(f"{full}/store", f"a full {kind}: the store is whole")
        if kind == "tmpfs":
            run("mount", "-o", "remount,size=16M", full)
        else:
            os.unlink(f"{full}/filler")
        equal(build("--store", f"{full}/store", tree)[:2], (0, digest),
              f"a full {kind}: with room it goes on")
        clean(f"{full}/store", f"a full {kind}: and all is whole")
    finally:
        run("umount", full)

shutil.rmtree(T)
done()
