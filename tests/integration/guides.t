#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands that README.md shows work as pasted: each block is run, after
those before it, in one directory. Every page with commands has a test, this
one or another, and no block is left out.

In place of what a test cannot have stand small scripts in PATH: Debian's
mirror (mmdebstrap unpacks a tree of the cache), the running kernel (uname
names one of the cache), and a device with its policy and its boot record."""
import glob
import os
import re
import shlex
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from blocks import blocks  # noqa: E402
from ocilayout import Layout, d, layer, tar  # noqa: E402
from tap import (B, CACHE, done, equal, has, kernel, ok, run,  # noqa: E402
                 skip_all)

# Which test runs the blocks of a page: its text names the page.
PAGES = {"README.md": "tests/integration/guides.t",
         "docs/guide-device.md": "tests/boot/device.t",
         "docs/guide-flash.md": "tests/boot/budget.t",
         "keys/README.md": "tests/integration/keys.t",
         "yocto/meta-rootwright/README.md": "tests/integration/yocto.t",
         "docs/guide-secure-boot.md": "tests/uki/uki.py",
         "docs/operations.md": "tests/integration/operations.t"}
# README.md: what is no command, and what runs in other places, by the first
# line of the block.
PICTURES = ("build machine", "src/core/ ")
ELSEWHERE = {
    "make deps demo ": ("tests/boot/demo.t", "scripts/demo"),
    "make deps-cross": ("Makefile", "scripts/deps cross"),
    "rootwright mount --cert ": ("tests/boot/mount.t",
                                 "src/tool/rootwright-mount.1"),
    "rootwright mount --volatile ": ("tests/integration/mount-stack.t",
                                     "--volatile"),
}
TREE = f"{CACHE}/trixie-demo.tar"
HERE = os.getcwd()
PROGRAM = os.path.abspath(f"{B}/rootwright")


def script(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nset -eu\n" + text)
    os.chmod(path, 0o755)


def stand_ins(where):
    """Before everything else in PATH."""
    modules = kernel()[1]
    os.mkdir(where)
    script(f"{where}/mmdebstrap", f"""
for tree; do :; done
mkdir "$tree"
tar -C "$tree" --numeric-owner -xpf {shlex.quote(TREE)}
""")
    script(f"{where}/uname", f"echo {os.path.basename(modules)}\n")
    script(f"{where}/rootwright-initrd", f"""
[ "$1 $2" = "--kernel {os.path.basename(modules)}" ] || exit 9
shift 2
exec {HERE}/initrd/mkinitrd --boot {HERE}/{B}/rootwright-boot \\
	--launcher {HERE}/{B}/rootwright-launch --modules {modules} "$@"
""")
    script(f"{where}/rootwright", f"""
case $1 in
initrd) shift && exec rootwright-initrd "$@" ;;
install) set -- "$@" --config policy ;;
bless) set -- "$@" --store device --boot-record boot.json ;;
esac
exec {PROGRAM} "$@"
""")


# What a reader has at each place, by the first line of the block.
BEFORE = {
    "# 1. the tree": f"cp -r {HERE}/keys keys",
    "rootwright build --layers ": """
set -- $(rootwright build --layers --store store oci:dir:tag)
top=$1
base=$2
whole=$(rootwright build oci:dir:tag)
[ "$(rootwright merge --store store "$top" "$base")" = "$whole" ]
""",
    "rootwright ls image": """
cp store/images/"$digest" image
cp image old
echo 'Another release' >tree/etc/issue
new=$(rootwright build --for-boot --store store tree)
cp store/images/"$new" new
""",
    "# where it is built": """
keys/make-key --name 'Example Ltd. releases' release
mkdir -p policy/release-keys.d
cp release.pem policy/release-keys.d/
printf '%s\\n' trust=release release=web store=LABEL=rootwright >policy/boot.conf
rootwright release create --store store --name web --version 1 \\
	--sequence 1 --image "$digest"
rootwright release sign --key release.key --cert release.pem --store store web 1
rootwright export --store store --release web 1 old-outdir
rootwright install --store device old-outdir
digest=$new
cat >boot.json <<END
{"format":"rootwright-boot-1","trust":"release",
"release":{"name":"web","version":"2","sequence":2,"rollback_index":0},
"floor":{"active":0,"baked":0,"stored":0,"source":"policy"},
"store":{"device":"/dev/none","fstype":"ext4","path":"/composefs"}}
END
""",
}


def first(block):
    return block.text.split("\n", 1)[0]


def readme(place):
    """All blocks as one script, for what one sets the next one needs."""
    text = "trap 'echo \"failed in the block: $block\" >&2' EXIT\n"
    seen = set()
    for block in blocks("README.md"):
        line = first(block)
        if line.startswith(PICTURES):
            continue
        away = [x for x in ELSEWHERE if line.startswith(x)]
        if away:
            seen.add(away[0])
            continue
        # A device has its store in the root; here it is a directory.
        text += f"block={shlex.quote(line)}\n" + "".join(
            before for start, before in BEFORE.items()
            if line.startswith(start) and not seen.add(start))
        text += "\n" + re.sub(r"(?<= )/store\b", "device", block.text)
    text += "trap - EXIT\n"
    equal(sorted(seen), sorted([*ELSEWHERE, *BEFORE]),
          "README.md: the blocks are those that are known here")
    return run("bash", "-eu", "-c", text, cwd=place, env=dict(
        os.environ, PATH=os.pathsep.join(
            [f"{place}/bin", os.path.abspath(B), os.environ["PATH"]])))


def results(place):
    """What the commands of README.md have left behind."""
    code, _, err = run(PROGRAM, "check", f"{place}/disk.img")
    ok(code == 0, "README.md: the disk is whole", err)
    ok(os.path.getsize(f"{place}/initrd.img") > 500000,
       "README.md: there is an initramfs")
    with open(f"{place}/device/state", "rb") as f:
        has(f.read().decode("ascii", "replace"), "\nblessed=2\n",
            "README.md: the device has declared release 2 good")
    equal(os.listdir(f"{place}/device/releases/web"), ["2"],
          "README.md: release 1 is gone from the device")
    code, _, err = run(PROGRAM, "check", f"{place}/device")
    ok(code == 0, "README.md: the device's store is whole", err)
    with open(f"{place}/target/etc/os-release", encoding="utf-8") as f:
        has(f.read(), "trixie", "README.md: a tree was extracted")


def elsewhere():
    for line, (test, words) in ELSEWHERE.items():
        with open(test, encoding="utf-8") as f:
            has(f.read(), words, f"README.md: {line}: {test} runs it")
    with open("src/tool/rootwright-mount.1", encoding="utf-8") as f:
        page = f.read()
    for block in blocks("README.md"):
        if first(block).startswith("rootwright mount"):
            for option in re.findall(r" (--[a-z]+)", block.text):
                has(page, f"Fl {option[1:]}",
                    f"README.md: rootwright mount has {option}")
    for goal in re.findall(r"make deps.* ([a-z]+) +#",
                           blocks("README.md")[0].text):
        has(run("make", "help")[1], f"make {goal} ",
            f"README.md: make {goal} is there")


def pages():
    """Nobody adds commands that no test runs."""
    # Benchmarks are no part of the tests.
    with_commands = [page for pattern in (
        "README.md", "docs/[!b]*.md", "*/README.md", "yocto/*/README.md")
                     for page in glob.glob(pattern) if blocks(page)]
    equal(sorted(with_commands), sorted(PAGES),
          "pages with commands have a test")
    for page, test in PAGES.items():
        with open(test, encoding="utf-8") as f:
            has(f.read(), os.path.basename(page), f"{page}: {test} names it")


if os.geteuid() != 0:
    skip_all("the tree has files of other owners: needs root")
if not os.path.exists(TREE) or not kernel():
    skip_all(f"no tree or kernel in {CACHE}: make deps fetches them")
pages()
elsewhere()
with tempfile.TemporaryDirectory(prefix="rw-guides-") as top:
    stand_ins(f"{top}/bin")
    oci = Layout(f"{top}/dir")
    oci.index(oci.image(layer(d("."), d("usr"), tar("usr/base", bytes(999))),
                        layer(d("."), tar("top", b"top" * 99)), tag="tag"))
    result = readme(top)
    if ok(result[0] == 0, "README.md: works as pasted",
          result[1][-2000:] + result[2][-3000:]):
        results(top)
done()
