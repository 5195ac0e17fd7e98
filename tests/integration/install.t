#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright export and install: from a store to another, through plain
files and disks; what is refused, and what is left when one is interrupted."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *
from release import *

T = tempfile.mkdtemp()
source, out, store = f"{T}/source", f"{T}/out", f"{T}/store"
BIG = "".join(f"{i:08}" for i in range(300000))  # does not fit a buffer
one = build(source, f"{T}/1", {"a": "a" * 1000, "b": "b" * 70000, "c": BIG})
two = build(source, f"{T}/2", {"b": "b" * 70000, "d": "d" * 5000})
os.mkdir(f"{source}/signatures")
for d in one, two:
    with open(f"{source}/signatures/{d}.p7s", "wb") as f:
        f.write(SIGNATURE)
images_only = f"{T}/images"
shutil.copytree(source, images_only, symlinks=True)
release(source, "web", "1", 1, one)
release(source, "web", "2", 2, two, one)


def but_state(top):
    """What install adds for the boot to write to is not of the source."""
    found = contents(top)
    equal(len(found.pop("state", b"")), 8192, "with a state")
    return found



def export(*args):
    return run(ROOTWRIGHT, "export", "--store", source, *args)


def install(origin, *args, to=store, policy=("--unverified",)):
    return run(ROOTWRIGHT, "install", *policy, "--store", to, *args, origin)


def whole(top, name):
    code, text, err = run(ROOTWRIGHT, "check", top)
    ok(code == 0, name, text + err)


def lists(path):
    with open(f"{out}/lists/{path}", encoding="ascii") as f:
        return f.read()


def list_of(*files):
    return "format=rootwright-list-1\n" + "".join(
        f"{os.path.getsize(f'{out}/{f}')} {f}\n" for f in sorted(files))


def objects_of(*images):
    found = set()
    for d in images:
        path = f"objects/{d[:2]}/{d[2:]}"
        found.add(path)
        found |= {f"objects/{o}" for o in run(
            ROOTWRIGHT, "objects", f"{source}/{path}")[1].split()}
    return found


# Export.
code, text, err = export("--release", "web", "1", "--json", out)
equal((code, json.loads(text)),
      (0, {"objects": 4, "bytes": sum(
          os.path.getsize(f"{source}/{o}") for o in objects_of(one)),
           "new": 4, "new_bytes": json.loads(text)["bytes"]}),
      "export of a release")
web1 = ["meta.json", f"signatures/{one}.p7s", "releases/web/1/manifest",
        "releases/web/1/0123456789abcdef.p7s", *objects_of(one)]
equal(lists("releases/web/1"), list_of(*web1), "its list names what it needs")
equal(names(out), sorted(web1 + ["lists/releases/web/1"]),
      "and that is what is there")
equal([n for n in names(out) if os.path.islink(f"{out}/{n}")], [],
      "no symbolic links")
before = contents(out)
code, text, err = export("--release", "web", "2", "--json", out)
equal((code, json.loads(text)["new"]), (0, 2), "a second one: only the new")
where = "releases/web/1/manifest"
after = contents(out)
equal({n: after[n] for n in before}, before, "nothing of the first changes")
ok(f"\n6 meta.json" not in lists("releases/web/2") and
   all(o in lists("releases/web/2") for o in objects_of(one, two)),
   "its list has what both images need")
equal(export(out)[0], 0, "all releases once more")
equal(contents(out), after, "changes nothing")
equal(export("--image", two, f"{T}/out2")[0], 0, "export of an image")
equal(sorted(names(f"{T}/out2")),
      sorted(["meta.json", f"lists/images/{two}", f"signatures/{two}.p7s",
              *objects_of(two)]), "without releases")
code, _, err = run(ROOTWRIGHT, "export", "--store", images_only, f"{T}/out3")
equal((code, sorted(os.listdir(f"{T}/out3/lists/images"))),
      (0, sorted([one, two])), "without releases, every image")
whole(out, "an export can be checked")
code, _, err = run(ROOTWRIGHT, "gc", "--store", out)
equal((code, contents(out)), (0, after), "gc keeps all of an export")
shutil.rmtree(f"{T}/out3/lists")
code, _, err = run(ROOTWRIGHT, "gc", "--store", f"{T}/out3")
equal((code, names(f"{T}/out3")), (0, ["meta.json"]),
      "and what no list and no release names goes")

# Install, from everything.
code, _, err = run(ROOTWRIGHT, "disk", "--store", source, "--output",
                   f"{T}/disk")
equal(code, 0, f"a disk: {err}")
expected = None
for origin in source, out, f"{T}/disk":
    what = os.path.basename(origin)
    shutil.rmtree(store, ignore_errors=True)
    code, text, err = install(origin, "--release", "web", "1", "--json")
    did = json.loads(text)
    equal((code, did["fetch"], did["objects"], did["verified"],
           did["releases"], did["images"]),
          (0, 4, 4, False,
           [{"name": "web", "version": "1", "sequence": 1}], [one]),
          f"from {what}")
    has(err, f"{store}: 4 of 4 objects to fetch, ", "what it fetches")
    whole(store, "the store is good")
    code, text, err = install(origin, "--release", "web", "2", "--json")
    did = json.loads(text)
    equal((code, did["fetch"], did["objects"]), (0, 2, 6), "only what is new")
    has(err, f"{store}: release web 2 is installed\n", "which it says")
    whole(store, "the store is good")
    got = but_state(store)
    expected = expected or got
    equal(got, expected, "the same as from elsewhere")
    equal(install(origin, "--release", "web", "2")[0], 0, "once more")
    equal(but_state(store), got, "changes nothing")
equal(expected, contents(source), "and all of it is what the source has")

# A dry run.
shutil.rmtree(store)
code, text, err = install(out, "--release", "web", "1", "--dry-run", "--json")
equal((code, json.loads(text)["fetch"], os.path.exists(store)),
      (0, 4, False), "a dry run writes nothing")

# Calls that fail, on a file system that runs full all the same; killed before
# each call that changes something. What is left is good, and a rerun goes on.
def inject(what):
    return subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-e", f"trace={what.split(':')[0]}",
         "-e", f"inject={what}", ROOTWRIGHT, "install", "--unverified",
         "--store", store, "--release", "web", "1", out],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        check=False)


def interrupted(call, how):
    """Tries it at the first call, at the second, until it has no effect.
    Returns how many there were, and what was wrong."""
    wrong = []
    for point in range(1, 1000):
        shutil.rmtree(store, ignore_errors=True)
        p = inject(f"{call}:{how.format(point)}")
        if p.returncode == 0:
            return point - 1, wrong
        at = f"{call} {point}"
        if "error" in how and p.returncode != 1:
            wrong.append(f"{at}: exit code {p.returncode}: {p.stderr}")
        if os.path.exists(f"{store}/meta.json"):
            if run(ROOTWRIGHT, "check", store)[0] != 0:
                wrong.append(f"{at}: check")
            if os.path.exists(f"{store}/{where}") and not (
                    set(want) <= set(names(store))):
                wrong.append(f"{at}: a release that is not whole")
        if install(out, "--release", "web", "1")[0] != 0:
            wrong.append(f"{at}: again")
        elif contents(store) != want:
            wrong.append(f"{at}: other content")
    return 1000, wrong


shutil.rmtree(store, ignore_errors=True)
install(out, "--release", "web", "1")
want = contents(store)
total = 0
for call in ("mkdir", "mkdirat", "write", "fchmod", "linkat", "symlinkat",
             "fsync", "syncfs", "renameat2"):
    n, wrong = interrupted(call, "signal=KILL:when={}")
    equal(wrong, [], f"killed at any {call}")
    total += n
ok(total > 30, "at more than 30 points", f"{total}")
note(f"{total} points")
for call, error in (("write", "ENOSPC"), ("linkat", "ENOSPC"),
                    ("syncfs", "EIO"), ("mkdirat", "EDQUOT")):
    n, wrong = interrupted(call, f"error={error}:when={{}}+")
    equal(wrong, [], f"{error} from any {call} on")
    ok(n, "which happens")

# Two at once, and gc meanwhile.
shutil.rmtree(store)
SLOW = ["strace", "-f", "-o", "/dev/null", "-e", "trace=linkat,symlinkat",
        "-e", "inject=linkat,symlinkat:delay_enter=60000", ROOTWRIGHT,
        "install", "--unverified", "--store", store]
both = [subprocess.Popen([*SLOW, "--release", "web", v, out],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         text=True) for v in "12"]
ends = [(p.communicate()[1], p.returncode)[::-1] for p in both]
equal([code for code, _ in ends], [0, 0], "two installs at once")
whole(store, "leave a good store")
equal(but_state(store), expected, "with both releases")
shutil.rmtree(store)
p = subprocess.Popen([*SLOW, "--release", "web", "2", out],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
runs = 0
while p.poll() is None:
    if os.path.exists(f"{store}/objects"):
        code, _, err = run(ROOTWRIGHT, "gc", "--store", store)
        runs += code == 0
equal(p.returncode, 0, "an install with gc after gc meanwhile")
whole(store, "leaves a good store")
equal(install(out, "--release", "web", "1")[0], 0, "and the rest on top")
equal(but_state(store), expected, "nothing is gone")
ok(runs > 0, "gc has run")

shutil.rmtree(T)
done()
