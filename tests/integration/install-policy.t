#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright install asks the policy of the device before it fetches
anything: who has to have signed, and which release is too old."""
import hashlib
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *
from release import *

T = tempfile.mkdtemp()
source, store, config = f"{T}/source", f"{T}/store", f"{T}/config"
one = build(source, f"{T}/1", {"a": "a" * 1000})
two = build(source, f"{T}/2", {"b": "b" * 1000})
for key in "abi":
    run("keys/make-key", "--name", f"key {key}", f"{T}/{key}")


def must(*args):
    code, out, err = run(ROOTWRIGHT, *args)
    if code:
        note(f"{args}: {err}")
    return out


def make(version, sequence, rollback, image, *keys, name="web"):
    must("release", "create", "--store", source, "--name", name, "--version",
         version, "--sequence", sequence, "--rollback-index", rollback,
         "--image", image)
    for k in keys:
        must("release", "sign", "--store", source, "--key", f"{T}/{k}.key",
             "--cert", f"{T}/{k}.pem", name, version)


make("1", "1", "1", one, "a")
make("2", "2", "2", two, "a", "b")
make("3", "3", "2", two, "i")
make("1", "1", "1", one, "a", name="other")
must("sign", "--key", f"{T}/i.key", "--cert", f"{T}/i.pem", "--store", source,
     one)


def policy(*lines, release=(), image=(), revoked=()):
    shutil.rmtree(config, ignore_errors=True)
    for where, keys in (("release-keys.d", release), ("keys.d", image),
                        ("revoked.d", revoked)):
        os.makedirs(f"{config}/{where}")
        for k in keys:
            shutil.copy(f"{T}/{k}.pem", f"{config}/{where}/{k}.pem")
    with open(f"{config}/boot.conf", "w", encoding="ascii") as f:
        f.writelines(x + "\n" for x in lines)


def install(*args, origin=source):
    return run(ROOTWRIGHT, "install", "--config", config, "--store", store,
               *args, origin)


def takes(name, *args, fresh=True, **kwargs):
    if fresh:
        shutil.rmtree(store, ignore_errors=True)
    code, out, err = install(*args, **kwargs)
    ok(code == 0, name, err)
    return err


def refuses(name, sentence, *args, fresh=True, **kwargs):
    """Exit code 1, the sentence, and nothing was fetched."""
    if fresh:
        shutil.rmtree(store, ignore_errors=True)
    before = contents(store) if os.path.exists(store) else None
    code, out, err = install(*args, **kwargs)
    lines = [x for x in err.splitlines() if x.startswith("rootwright: ")]
    equal((code, out, lines[-1]), (1, "", f"rootwright: {sentence}"), name)
    equal(contents(store) if os.path.exists(store) else None, before,
          f"{name}: nothing is written")
    return err


def releases():
    return sorted(os.listdir(f"{store}/releases/web"))


WEB = "trust=release", "release=web", "store=LABEL=x"
where = "releases/web/{}/manifest".format
KEY = "expected signatures by {} different keys, found {}".format

# Keys, by their role, and how many of them.
policy(*WEB, release="a")
err = takes("the newest that the policy takes")
equal(releases(), ["2"], "is not the newest of all")
has(err, f"rootwright: {source}: web 3 is not taken: release: {where(3)}: "
    f"{KEY(1, 0)}: ", "which it says")
has(err, f'{source}: release web 2: signed by "key a" (', "and who signed")
equal(len([n for n in names(store) if n.endswith(".p7s")]), 1,
      "only signatures that count are copied")
equal(len(contents(store)["state"]), 8192, "the boot can write its state")
takes("an older one, if it is asked for", "--release", "web", "1")
policy(*WEB, "threshold=2", release="ab")
err = takes("two keys, which both signed")
equal(releases(), ["2"], "the release that has both")
equal(len([n for n in names(store) if n.endswith(".p7s")]), 2,
      "and both signatures")
refuses("one of two", f"release: {where(1)}: {KEY(2, 1)}", "--release", "web",
        "1")
policy(*WEB, "threshold=2", release="ab", revoked="b")
code, out, err = install("--release", "web", "2")
ok(code == 1 and f"release: {where(2)}: {KEY(2, 1)}: " in err and
   "revoked" in err, "a key that is revoked does not count", err)
policy(*WEB, release="a", image="i")
code, out, err = install("--release", "web", "3")
ok(code == 1 and f"release: {where(3)}: {KEY(1, 0)}: " in err,
   "a key for images does not count for releases", err)
policy(*WEB, release="i")
err = takes("another key")
equal(releases(), ["3"], "takes another release")
policy(*WEB, release="b")
refuses("none that the policy boots",
        f"{T}/bad: expected a release of web that the policy boots, found none",
        origin=shutil.copytree(source, f"{T}/bad", symlinks=True,
                               ignore=shutil.ignore_patterns("*.p7s")))

# What is signed is what is there.
policy(*WEB, release="a")
bad = f"{T}/bad/{where(2)}"
shutil.copy(f"{source}/{where(2)}", bad)
for p7s in os.listdir(f"{source}/releases/web/2"):
    if p7s.endswith(".p7s"):
        shutil.copy(f"{source}/releases/web/2/{p7s}", f"{T}/bad/releases/web/2")
for n in range(3):
    with open(f"{T}/bad/releases/web/2/{n}.p7s", "wb") as f:
        f.write(os.urandom(20000 * n))
os.symlink("/etc/passwd", f"{T}/bad/releases/web/2/x.p7s")
takes("junk beside the signatures", "--release", "web", "2",
      origin=f"{T}/bad")
equal(len(os.listdir(f"{store}/releases/web/2")), 2, "is not copied")
with open(bad, "a", encoding="ascii") as f:
    f.write("description=x\n")
code, out, err = install("--release", "web", "2", origin=f"{T}/bad")
ok(code == 1 and f"release: {where(2)}: {KEY(1, 0)}: " in err,
   "a manifest with one more line", err)
with open(bad, "wb") as f:
    f.write(b"\xff" * 100)
code, out, err = install("--release", "web", "2", origin=f"{T}/bad")
ok(code == 1 and f"release: {where(2)}: {KEY(1, 0)}: " in err,
   "nothing is parsed that nobody signed", err)

# Only releases, and only those of the policy's name.
ONLY = "policy: expected a release of web, which is all that it boots, found "
refuses("an image", f"{ONLY}image {one}", "--image", one)
refuses("another name", f"{ONLY}release other 1", "--release", "other", "1")


# Too old.
def state(floor, generation=1):
    """A state record by hand, twice."""
    text = ("format=rootwright-state-1\n"
            f"generation={generation}\nname=web\nfloor={floor}\n"
            "tries_left=0\n").encode().ljust(4096 - 72, b"\n")
    record = f"sha256={hashlib.sha256(text).hexdigest()}\n".encode() + text
    with open(f"{store}/state", "wb") as f:
        f.write(record * 2)


def old(floor, found, version=1):
    return (f"release: {where(version)}: expected a rollback_index of {floor} "
            f"or more, found {found}")


policy(*WEB, "rollback_floor=2", release="a")
refuses("below the policy's floor", old(2, 1), "--release", "web", "1")
takes("at the floor", "--release", "web", "2")
policy(*WEB, release="a")
state(2)
refuses("below the stored floor", old(2, 1), "--release", "web", "1",
        fresh=False)
state(3)
err = takes("a stored floor that no release reaches is ignored", "--release",
            "web", "1", fresh=False)
has(err, f"{store}: the stored floor 3 is above every release there: ignored\n",
    "which it says")
with open(f"{store}/state", "wb") as f:
    f.write(b"junk")
takes("a state that is none is ignored", "--release", "web", "1", fresh=False)

# Images, under the other policies.
shutil.rmtree(f"{source}/releases")
place = f"signatures/{one}.p7s"
policy("trust=signature", "store=LABEL=x", image="i")
err = takes("a signed image", "--image", one)
has(err, f'{source}: image {one}: signed by "key i" (', "and who signed")
ok(os.path.exists(f"{store}/{place}"), "its signature is there")
refuses("an unsigned image",
        f"signatures/{two}.p7s: expected a signature, found none", "--image",
        two)
policy("trust=signature", "store=LABEL=x", image="a", release="i")
code, out, err = install("--image", one)
ok(code == 1 and "signature: " in err and place in err,
   "a key for releases does not count for images", err)
policy("trust=signature", "store=LABEL=x", image="ai", revoked="i")
code, out, err = install("--image", one)
ok(code == 1 and "revoked" in err, "a key that is revoked", err)
policy("trust=digest", "store=LABEL=x", f"image={two}")
refuses("another image than the policy's",
        f"policy: expected its image {two}, found {one}", "--image", one)
takes("the policy's image", "--image", two)
policy("trust=digest", "store=LABEL=x")
takes("any image, where the command line will say which", "--image", one)
policy("trust=signature", "store=LABEL=x")
code, out, err = install("--image", one)
ok(code == 1 and "policy: trust=signature: expected a certificate in keys.d, "
   "found none" in err, "a policy that would not boot", err)

shutil.rmtree(T)
done()
