#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails while a device installs a release, removes the one before
and collects what nothing needs: whatever the moment, there is a release, each
release that is listed is whole and sealed, and the same commands complete it.

A guest works on a disk that `rootwright disk` made; what a power cut leaves
of it is made from QEMU's log of its writes (writelog.py). Some of those disks
are given to a second guest, whose kernel recovers them and goes on.

POWER_CUTS=N tries N moments (30); POWER_CUT_SEED=N another draw.
"""
import glob
import json
import lzma
import os
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from disk import MIB
from guest import make_initrd, nvme, run_guest
from writelog import FLUSH, disk_at, log_writes, read_log
from release import build, release
from tap import *

CUTS = int(os.environ.get("POWER_CUTS", "30"))
DRAW = random.Random(int(os.environ.get("POWER_CUT_SEED", "1")))
VERITY_FLAG = 0x100000
KERNEL_CUTS = 4
UPDATE = r"""
ulimit -n 260
insmod /virtio_blk.ko
mount -t ext4 /dev/vda1 /disk || echo "no disk"
store=/disk/composefs
step install rootwright install --unverified --store $store --release web 2 \
	/export
echo >/disk/installed
sync
step remove rootwright release remove --store $store web 1
echo >/disk/removed
sync
step gc rootwright gc --store $store --json
echo >/disk/collected
sync
step check rootwright check $store
rm $store/objects/*/*
step repair rootwright repair --store $store /export
step repaired rootwright check $store
step full dd if=/dev/zero of=/disk/full bs=1M
step nospace rootwright install --unverified --store $store --release web 3 \
	/export
step whole rootwright check $store
umount /disk
"""
RECOVER = r"""
for disk in 0 1 2 3; do
	mount -t ext4 $(drive $disk) /disk || echo "no disk"
	step check$disk rootwright check /disk/composefs
	step install$disk rootwright install --unverified \
		--store /disk/composefs --release web 2 /export
	step again$disk rootwright check /disk/composefs
	umount /disk
done
"""


def files(seed, n):
    """The content of a tree; from the same seed the same."""
    draw = random.Random(seed)
    return {f"{seed}-{i}": "x" * draw.randrange(65, 9000) +
            str(draw.random()) for i in range(n)}


def recover(disk, out):
    """Plays the journal back, and copies what the disk has to out."""
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    code, said, err = run("/sbin/e2fsck", "-y", "-E", "journal_only", disk)
    for name in "/composefs", "/installed", "/removed", "/collected":
        run("/sbin/debugfs", "-R", f"rdump {name} {out}", disk)
    return "" if code <= 1 else said + err


def unsealed(disk, names):
    """Objects that have no fs-verity on the disk."""
    script = f"{T}/debugfs"
    with open(script, "w", encoding="ascii") as f:
        f.writelines(f"stat /composefs/{n}\n" for n in names)
    said = run("/sbin/debugfs", "-f", script, disk)[1]
    flags = re.findall(r"Flags: (0x[0-9a-f]+)", said)
    return [n for n, f in zip(names, flags, strict=True)
            if not int(f, 16) & VERITY_FLAG]


def objects(store):
    return [f"objects/{a}/{b}" for a in sorted(os.listdir(f"{store}/objects"))
            if len(a) == 2 for b in sorted(os.listdir(f"{store}/objects/{a}"))]


def program(*args):
    """What it says where it fails, else nothing."""
    code, said, err = run(ROOTWRIGHT, *args)
    return f"{args}: {code} {said}{err}" if code else ""


def examine(disk):
    """The faults of one disk, and the last marker that it has."""
    fault = recover(disk, OUT)
    if fault:
        return [fault], None
    store, faults = f"{OUT}/composefs", []
    marks = [m for m in ("installed", "removed", "collected")
             if os.path.exists(f"{OUT}/{m}")]
    said = run(ROOTWRIGHT, "release", "list", "--store", store, "--json")[1]
    listed = json.loads(said)["releases"]
    versions = sorted(r["version"] for r in listed)
    if any(r.get("fault") for r in listed) or not versions:
        faults.append(f"releases: {said}")
    if marks and "2" not in versions or "removed" in marks and \
            "1" in versions or "1" not in versions and not marks:
        faults.append(f"{marks}: releases {versions}")
    for version in versions:
        faults.append(program("check", store, IMAGES[version]))
    faults.append(program("check", store))
    faults += unsealed(disk, objects(store))
    mark = marks[-1] if marks else "before"
    if mark == "before" and versions == ["1"] and \
            len(objects(store)) > len(OBJECTS["1"]):
        mark = "midst"
    if "collected" in marks and objects(store) != OBJECTS["2"]:
        faults.append("not all was collected")
    # The same commands once more.
    faults.append(program("install", "--unverified", "--store", store,
                          "--release", "web", "2", f"{T}/root/export"))
    if "1" in versions and not program(
            "release", "remove", "--store", store, "web", "1"):
        versions.remove("1")
    faults.append(program("gc", "--store", store))
    faults.append(program("check", store))
    if objects(store) != OBJECTS["2"]:
        faults.append(f"after all: {len(objects(store))} objects")
    return [f for f in faults if f], mark


if not kernel():
    skip_all("no kernel: run make deps")
T = tempfile.mkdtemp()
CUT, OUT = f"{T}/cut.img", f"{T}/out"
source, first = f"{T}/source", f"{T}/first"
os.mkdir(f"{T}/root")
shared = files("shared", 40)
one = build(first, f"{T}/1", {**shared, **files("one", 60)})
release(first, "web", "1", 1, one)
two = build(source, f"{T}/2", {**shared, **files("two", 120),
                               "large": "large" * 400000})
three = build(source, f"{T}/3", {"huge": "huge" * 6000000})
release(source, "web", "2", 2, two)
release(source, "web", "3", 3, three)
IMAGES = {"1": one, "2": two}
OBJECTS = {v: sorted(
    {f"objects/{d[:2]}/{d[2:]}"} | {f"objects/{o}" for o in run(
        ROOTWRIGHT, "objects", f"{s}/objects/{d[:2]}/{d[2:]}")[1].split()})
    for v, d, s in (("1", one, first), ("2", two, source))}
equal(program("export", "--store", source, f"{T}/root/export"), "",
      "two releases to install")
image = f"{T}/disk.img"
equal(program("disk", "--store", first, "--size", "32M", "--output", image),
      "", "a disk with another")
with open(image, "rb") as f:
    base = f.read()[MIB:]
MODULES = glob.glob(f"{kernel()[1]}/**/virtio_blk.ko.xz", recursive=True)
equal(len(MODULES), 1, "the kernel has virtio_blk")
with open(f"{T}/root/virtio_blk.ko", "wb") as f:
    f.write(lzma.open(MODULES[0]).read())
ok(make_initrd(T, UPDATE, ("disk",)), "the initramfs is made")
console, steps = run_guest(T, log_writes(image, 0, "virtio-blk-pci"))
has(console, "all done", "the guest came to its end")
for name, words in (
        ("install", f"{len(OBJECTS['2']) - 40} of {len(OBJECTS['2'])} objects "
         "to fetch"),
        ("install", "release web 2 is installed"),
        ("remove", "removed release web 1"),
        ("gc", f'"removed":{{"images":1,"objects":{len(OBJECTS["1"]) - 40},'),
        ("check", f"{len(OBJECTS['2'])} objects"),
        ("check", " 0 without fs-verity, 0 faults"),
        ("repair", f"{len(OBJECTS['2'])} objects repaired"),
        ("repaired", " 0 without fs-verity, 0 faults"),
        ("whole", " 0 without fs-verity, 0 faults")):
    code, said = steps.get(name, (None, console))
    ok(code == 0 and words in said, f"{name}: {words}", said)
code, said = steps.get("nospace", (None, console))
ok(code == 1 and " bytes free for 2 objects, found " in said,
   "no room is said before anything is written", said)

log = read_log(f"{image}.log")
# Up to the last marker, and without what lies before the partition.
collected = next(i for i, (_, data, _) in enumerate(log)
                 if b"collected" in data)
# One flush comes before the journal's commit, and one makes that durable; a
# write that no flush follows may be lost at the last moment, too.
end = [i for i in range(collected, len(log)) if log[i][2] & FLUSH][1] + 1
log = [(offset - MIB, data, flags) for offset, data, flags in log[:end]]
note(f"{len(log)} writes, {sum(1 for x in log if x[2] & FLUSH)} flushes")
marks, faults, kept = [], [], []
for n in range(CUTS):
    moment = len(log) * n // (CUTS - 1)
    disk_at(base, log, moment, DRAW, CUT)
    if len(kept) < KERNEL_CUTS and n >= CUTS * (len(kept) + 1) // 6:
        kept.append(f"{T}/cut{n}.img")
        shutil.copy(CUT, kept[-1])
    wrong, mark = examine(CUT)
    faults += [(moment, f) for f in wrong]
    marks.append(mark)
equal(faults, [], f"{CUTS} moments: a release, all of them whole, and the same "
      "commands complete it")
note(", ".join(f"{m}: {marks.count(m)}" for m in dict.fromkeys(marks)))
ok({"before", "midst", "installed", "collected"} <= set(marks),
   "moments before, in the midst of it and after", marks)

# The kernel recovers it too, and reads by fs-verity.
ok(make_initrd(T, RECOVER, ("disk",)), "another initramfs")
console, steps = run_guest(
    T, [x for i, path in enumerate(kept) for x in nvme(path, i)])
has(console, "all done", "the guest came to its end")
for i in range(len(kept)):
    for name, words in (("check", " 0 without fs-verity, 0 faults"),
                        ("install", "release web 2 is installed"),
                        ("again", " 0 without fs-verity, 0 faults")):
        code, said = steps.get(f"{name}{i}", (None, console))
        ok(code == 0 and words in said, f"kernel, disk {i}: {name}", said)

shutil.rmtree(T)
done()
