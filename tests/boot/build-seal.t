#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build and check where the kernel has fs-verity: objects are
sealed before they get their names, and what is not sealed is noticed. The
host's own kernel may have none, so this runs in a virtual machine."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from guest import make_initrd, nvme, run_guest
from tap import *

GUEST = r"""
mount -t ext4 $(drive 0) /sealed || echo "no disk"
mount -t ext4 $(drive 1) /plain || echo "no disk"
mount -t ext4 $(drive 2) /small || echo "no disk"

store=/sealed/store
step build rootwright build --store $store /tree
step check rootwright check $store
step again rootwright build --store $store /tree
object=$store/objects/$(cd $store/objects && echo */* | cut -d ' ' -f 1)
step write sh -c "echo x >>$object"
step write-meta sh -c "echo x >>$store/meta.json"

# The right content without fs-verity: noticed, and sealed by a build.
cp $object /sealed/copy && rm $object && cp /sealed/copy $object
step check-unsealed rootwright check $store
step reseal rootwright build --store $store /tree
step check-resealed rootwright check $store

# The right size, and other content.
size=$(stat -c %s $object)
rm $object && head -c "$size" /dev/zero >$object
step check-other rootwright check $store
step other rootwright build --store $store /tree
step check-other-still rootwright check $store
rm $object

# Other content, sealed: the kernel's digest is not the name.
head -c "$size" /dev/zero >/sealed/zero
rm -rf /zero && mkdir /zero && cp /sealed/zero /zero/zero
rootwright build --store /sealed/zeros /zero >/dev/null 2>&1
rm -f /sealed/zero
for zero in /sealed/zeros/objects/*/*; do
	[ "$(stat -c %s $zero)" != "$size" ] || ln $zero $object
done
step sealed-other rootwright build --store $store /tree
step check-sealed-other rootwright check $store
rm $object

# Two at once, one of them into what the other makes.
rootwright build --store /sealed/two /tree >/one 2>&1 &
step two rootwright build --store /sealed/two /tree
wait $!
step one cat /one
step check-two rootwright check /sealed/two

step plain rootwright build --store /plain/store /tree
step check-plain rootwright check /plain/store
step small rootwright build --store /small/store /tree
step check-small rootwright check /small/store

# The files themselves as objects.
cp -r /tree /sealed/tree
ln /sealed/tree/65 /sealed/tree/name
step links-digest rootwright build --use-epoch /sealed/tree
step links rootwright build --hardlink --use-epoch --store /sealed/links \
	/sealed/tree
step check-links rootwright check /sealed/links
for file in /sealed/tree/*; do stat -c '%i %h' $file; done >/files
for object in /sealed/links/objects/*/*; do stat -c '%i %h' $object; done \
	>/objects
step links-same grep -vxcFf /files /objects
step links-write sh -c "echo x >>/sealed/tree/65"
step links-remove rm /sealed/tree/65
step links-again rootwright build --hardlink --use-epoch --store \
	/sealed/links /sealed/tree
cp -r /tree /sealed/busy
sleep 100 3>>/sealed/busy/65 &
step links-busy rootwright build --hardlink --store /sealed/busy-store \
	/sealed/busy
kill $!
step links-other rootwright build --hardlink --store /sealed/other /tree
step links-plain rootwright build --hardlink --store /plain/other /tree
step links-made sh -c 'ls /sealed/other/objects /plain/other/objects'

umount /sealed /plain /small
"""

DISKS = (("sealed", "-b 4096 -O verity"), ("plain", "-b 4096 -O ^verity"),
         ("small", "-b 1024 -O verity"))

if not kernel():
    skip_all("no kernel: run make deps")
T = tempfile.mkdtemp()
tree = f"{T}/root/tree"
os.makedirs(tree)
for size in (65, 4096, 4097, 1 << 20, (1 << 20) + 1, 3 << 20):
    with open(f"{tree}/{size}", "wb") as f:
        f.write(os.urandom(size))
for i in range(40):
    with open(f"{tree}/small{i}", "wb") as f:
        f.write(b"%d" % i * 100)
ok(make_initrd(T, GUEST, ("sealed", "plain", "small")),
   "the initramfs is made")
drives = []
for i, (name, options) in enumerate(DISKS):
    with open(f"{T}/{name}.img", "wb") as f:
        f.truncate(64 << 20)
    equal(run("mke2fs", "-q", "-t", "ext4", *options.split(),
              f"{T}/{name}.img")[0], 0, f"{name}: a file system")
    drives += nvme(f"{T}/{name}.img", i)

console, steps = run_guest(T, drives)
with open(f"{B}/build-seal.console", "w", encoding="utf-8") as f:
    f.write(console)
has(console, "all done", "the guest came to its end")


def step(name):
    return steps.get(name, (None, "it did not run"))


def is_clean(name, what, unsealed=0):
    """check found nothing, and this many objects without fs-verity."""
    code, text = step(name)
    ok(code == 0 and f" {unsealed} without fs-verity, 0 faults" in text, what,
       text)


code, text = step("build")
digest = text.splitlines()[-1] if text else ""
ok(code == 0 and re.fullmatch("[0-9a-f]{64}", digest), "build", text)
ok("47 objects new" in text, "its objects", text)
ok("fs-verity is not enabled" not in text, "nothing is said of fs-verity",
   text)
is_clean("check", "every object has fs-verity, with its name as digest")
code, text = step("again")
ok(code == 0 and "0 objects new" in text and "47 shared" in text
   and text.endswith(f"{digest}\n"), "again", text)
for name in ("write", "write-meta"):
    code, text = step(name)
    ok(code != 0 and "Operation not permitted" in text,
       f"{name}: nothing can change it", text)

code, text = step("check-unsealed")
ok(code == 1 and re.search(
    r"^objects/\S+: expected fs-verity, as meta.json has it, found none: No "
    "data available$", text, re.M), "an object without it is a fault", text)
ok("1 without fs-verity, 1 fault\n" in text, "the only one", text)
code, text = step("reseal")
ok(code == 0 and "47 shared" in text, "a build seals it", text)
is_clean("check-resealed", "then all is well")

code, text = step("other")
ok(code == 1 and re.search(
    r"^rootwright: /sealed/store/objects/\S+: expected the content that its "
    r"name says, found other content\nhint: rootwright check /sealed/store "
    "lists what is damaged: remove those objects, and build again$", text,
    re.M), "other content of the right size is refused", text)
equal(step("check-other"), step("check-other-still"), "and not touched")
ok("1 without fs-verity, 2 faults" in step("check-other")[1],
   "check names both faults", step("check-other")[1])

code, text = step("sealed-other")
ok(code == 1 and re.search(
    r"^rootwright: /sealed/store/objects/\S+: expected the fs-verity digest "
    r"that its name says, found [0-9a-f]{64}$", text, re.M),
   "another object's sealed bytes are refused", text)
code, text = step("check-sealed-other")
ok(code == 1 and re.search(
    r"^objects/\S+: expected the fs-verity digest that its name says, found "
    "[0-9a-f]{64}$", text, re.M) and " 0 without fs-verity, 2 faults" in text,
   "check says so too", text)

for name in ("one", "two"):
    ok(step(name)[1].endswith(f"{digest}\n"), f"side by side: {name}",
       step(name)[1])
is_clean("check-two", "side by side: all sealed")

code, text = step("plain")
ok(code == 0 and text.endswith(f"{digest}\n"), "without the feature", text)
ok("rootwright: /plain/store: fs-verity is not enabled: that takes a file "
   "system with fs-verity and blocks of 4096 bytes, and a kernel with "
   "fs-verity; rootwright disk sets it in any case\n" in text,
   "the summary says so", text)
is_clean("check-plain", "and check counts them, as no faults", 47)
code, text = step("small")
ok(code == 0 and text.endswith(f"{digest}\n")
   and "fs-verity is not enabled" in text, "blocks of 1024 bytes", text)
is_clean("check-small", "the same there", 47)

digest = step("links-digest")[1].splitlines()[-1]
code, text = step("links")
ok(code == 0 and "47 objects new" in text and text.endswith(f"{digest}\n"),
   "--hardlink: the same digest", text)
is_clean("check-links", "--hardlink: all sealed")
equal(step("links-same"), (0, "1\n"),
      "--hardlink: each object but the image is a file of the tree")
code, text = step("links-write")
ok(code != 0 and "Operation not permitted" in text,
   "--hardlink: nothing can change the file", text)
equal(step("links-remove"), (0, ""), "--hardlink: it can be removed")
code, text = step("links-again")
ok(code == 0 and "1 objects new" in text and text.splitlines()[-1] != digest,
   "--hardlink: once more", text)
code, text = step("links-busy")
ok(code == 1 and "rootwright: /sealed/busy/65: fs-verity cannot be enabled: "
   "Text file busy\n" in text, "--hardlink: a file that is written to", text)
code, text = step("links-other")
ok(code == 1 and re.search(
    "^rootwright: /tree/[^:]*: expected a file on the file system of the store "
    "/sealed/other, found one on another\n"
    "hint: without --hardlink files are copied$", text, re.M),
   "--hardlink: a tree on another file system", text)
code, text = step("links-plain")
ok(code == 1 and "rootwright: /plain/other: --hardlink: expected a file system "
   "and a kernel with fs-verity, found that fs-verity cannot be enabled\n"
   in text, "--hardlink: without fs-verity", text)
ok(not re.search("^[0-9a-f]{2}$", step("links-made")[1], re.M),
   "--hardlink: nothing was put there", step("links-made")[1])
for name, _ in DISKS:
    code, out, err = run("e2fsck", "-fn", f"{T}/{name}.img")
    ok(code == 0, f"{name}: e2fsck finds nothing", out + err)

shutil.rmtree(T)
done()
