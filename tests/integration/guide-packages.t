#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packages that docs/guide-secure-boot.md has installed are those that its
commands and the examples come from: none is missing, none is of no use, and
all of them are what make deps gives the test that follows the guide."""
import os
import re
import shutil
import sys
import tarfile

sys.path.insert(0, "tests/lib")
from blocks import blocks  # noqa: E402
from tap import CACHE, done, equal, ok, run, skip_all  # noqa: E402

GUIDE = "docs/guide-secure-boot.md"
TREE = f"{CACHE}/trixie-uki.tar"  # Debian 13's, what this machine may lack
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# "Work where this repository is checked out, after make all": make is there.
BEFORE = {"make"}


def commands(text):
    """Words of a shell script where a command may stand, and what programs
    and files its variables name where nobody sets them."""
    text = re.sub(r"<<-?END\n.*?\n\s*END\n", "\n", text, flags=re.S)
    text = re.sub(r"(?m)(^|\s)#.*$", "", text).replace("\\\n", " ")
    place = r"(?:^|[|;&(]|\bdo\b|\bthen\b|\|\|)[ \t]*([a-z][\w.-]*)"
    return (set(re.findall(place, text, re.M))
            | set(re.findall(r"\$\{[A-Z]+:-([a-z/][\w./-]*)\}", text))
            | set(re.findall(r"/usr/share/[\w./]+", text)))


def owners(tree):
    """Path to package, of a tar with a Debian in it."""
    found = {}
    for member in tree:
        name = re.fullmatch(r"\./var/lib/dpkg/info/([^:]*)(:.*)?\.list",
                            member.name)
        if name:
            for path in tree.extractfile(member).read().decode().split("\n"):
                found.setdefault(path, name[1])
    return found


def package(path, of_tree):
    """Where a file comes from, on this machine or else in the tree."""
    for name in (path, os.path.realpath(path), path.removeprefix("/usr")):
        code, out, _ = run("dpkg-query", "-S", name)
        if code == 0:
            return out.split(":")[0]
    return of_tree.get(path)


def needed(of_tree):
    """Package to one word that wants it; without what each Debian has."""
    text = "".join(b.text for b in blocks(GUIDE) if b.info == "sh")
    for name in ("make-disk", "make-update", "options"):
        with open(f"examples/{name}", encoding="utf-8") as f:
            text += f.read()
    essential = {line.split()[0] for line in run(
        "dpkg-query", "-W", "-f", "${Package} ${Essential}\n")[1].split("\n")
        if line.endswith(" yes")}
    found = {}
    for word in sorted(commands(text) - BEFORE):
        path = word if word[0] == "/" else shutil.which(word, path=PATH)
        name = package(path or f"/usr/bin/{word}", of_tree)
        if name and name not in essential:
            found.setdefault(name, word)
    return found


def installed():
    """What the guide says, and what scripts/deps fetches for it."""
    listed, = (b.text for b in blocks(GUIDE)
               if b.text.startswith("apt-get install "))
    with open("scripts/deps", encoding="utf-8") as f:
        deps = f.read()
    fetched = " ".join(re.findall(r"(?:^PACKAGES='|^UKI_PACKAGES=)[^'\n]*"
                                 r"(?:\n\t[^'\n]*)*", deps, re.M))
    return (set(listed.split()[2:]),
            set(re.split(r"[\s,'=]+", fetched)))


if not os.path.exists(TREE) or not os.path.exists("/usr/share/OVMF"):
    skip_all(f"no {TREE} or no OVMF: make deps fetches them")
with tarfile.open(TREE) as tar:
    OF_TREE = owners(tar)
ok(OF_TREE.get("/usr/bin/ukify") == "systemd-ukify", "Debian 13 has ukify")
WANTED = needed(OF_TREE)
LISTED, FETCHED = installed()
equal(sorted(LISTED - set(WANTED)), [], "no package is listed for nothing")
equal({p: w for p, w in WANTED.items() if p not in LISTED}, {},
      "and none is missing")
equal(sorted(LISTED - FETCHED), [], "make deps installs or unpacks each")
done()
