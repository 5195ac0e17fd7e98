#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails while rootwright build fills a store: whatever the moment,
every object that has its name is whole and has fs-verity, and the next build
makes the rest.

A guest builds onto ext4, with and without fs-verity (whose own writes would
hide a sync that is not there), on disks that keep nothing for sure until they
are flushed; QEMU logs each write and each flush (blklogwrites). Afterwards the
disk is made again as it may have been at many moments: all writes before the
last flush, and any of those after it, in any number. e2fsck plays the journal
back, and the content of every named object is compared with its name; some
disks are also given to a second guest, whose kernel recovers and reads them.

POWER_CUTS=N tries N moments of each disk (15); POWER_CUT_SEED=N another draw.
"""
import os
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from guest import make_initrd, nvme, run_guest
from tap import *
from writelog import FLUSH, disk_at, log_writes, read_log

CUTS = int(os.environ.get("POWER_CUTS", "15"))
DRAW = random.Random(int(os.environ.get("POWER_CUT_SEED", "1")))
MIB = 1 << 20
SIZE = 48 * MIB
VERITY_FLAG = 0x100000
KERNEL_CUTS = 6  # what the second guest recovers

# Few file descriptors make small batches. The last part is what must be
# noticed: objects copied to their names, with no sync before.
FILL = r"""
ulimit -n 260
for disk in 0 1; do
	mount -t ext4 $(drive $disk) /disk || echo "no disk"
	step build$disk rootwright build --use-epoch --threads 2 \
		--store /disk/store /tree
	echo >/disk/done
	sync
	cp -r /disk/store/objects /disk/careless
	dd if=/dev/zero of=/disk/other count=1 conv=fsync 2>/dev/null
	umount /disk
done
"""
DISKS = (("sealed", "verity"), ("plain", "^verity"))
RECOVER = r"""
for disk in 0 1 2 3 4 5; do
	mount -t ext4 $(drive $disk) /disk || echo "no disk"
	[ ! -e /disk/store/meta.json ] ||
		step check$disk rootwright check /disk/store
	step build$disk rootwright build --use-epoch --store /disk/store /tree
	step again$disk rootwright check /disk/store
	umount /disk
done
"""


def debugfs(disk, *commands):
    script = f"{T}/debugfs"
    with open(script, "w", encoding="ascii") as f:
        f.writelines(c + "\n" for c in commands)
    return run("/sbin/debugfs", "-f", script, disk)[1]


def recover(disk, out):
    """Plays the journal back, and copies what the disk has to out."""
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    code, said, err = run("/sbin/e2fsck", "-y", "-E", "journal_only", disk)
    if code > 1:
        return said + err
    debugfs(disk, f"rdump /store /careless /done {out}")
    return ""


def objects(top):
    """ab/cdef... of each file with an object's name."""
    return [f"{a}/{b}" for a in sorted(os.listdir(top)) if len(a) == 2
            for b in sorted(os.listdir(f"{top}/{a}"))] \
        if os.path.isdir(top) else []


def torn(top):
    """Objects whose content is not what their name says, by rootwright
    measure, which knows no store."""
    names = objects(top)
    if not names:
        return []
    said = run(ROOTWRIGHT, "measure", *[f"{top}/{n}" for n in names])[1]
    return [n for n, d in zip(names, said.splitlines(), strict=True)
            if d != n.replace("/", "")]


def unsealed(disk, names):
    """Objects that have no fs-verity on the disk."""
    said = debugfs(disk, *[f"stat /store/objects/{n}" for n in names])
    flags = re.findall(r"Flags: (0x[0-9a-f]+)", said)
    return [n for n, f in zip(names, flags, strict=True)
            if not int(f, 16) & VERITY_FLAG]


def examine_moment(disk, moment, sealed):
    """Looks into the disk of this moment; returns its faults and a remark."""
    fault = recover(disk, OUT)
    if fault:
        return [("the journal cannot be played", moment, fault)], None
    store, faults = f"{OUT}/store", []
    names = objects(f"{store}/objects")
    faults += [("torn", moment, n) for n in torn(f"{store}/objects")]
    if sealed:
        faults += [("unsealed", moment, n) for n in unsealed(disk, names)]
    if os.path.exists(f"{store}/meta.json"):
        checked = run(ROOTWRIGHT, "check", store)
        if checked[:2] != (0, ""):
            faults.append(("check", moment, checked))
    code, said, err = run(ROOTWRIGHT, "build", "--use-epoch", "--store",
                          store, tree)
    if (code, said) != (0, want):
        faults.append(("the next build", moment, err))
    # What build had told to be done was done.
    if os.path.exists(f"{OUT}/done"):
        if " 0 objects new" not in err:
            faults.append(("not all was there", moment, err))
        return faults, "after"
    return faults, "midst" if 0 < len(names) < 253 else None


def examine(name, base, image):
    """All moments of one disk; returns some disks for the second guest."""
    log = read_log(f"{image}.log")
    with open(image, "rb") as f:
        final = f.read()
    whole = bytearray(base)
    for offset, data, _ in log:
        whole[offset:offset + len(data)] = data
    ok(whole == final, f"{name}: the log has all that was written")
    flushes = [i for i, entry in enumerate(log) if entry[2] & FLUSH]
    note(f"{name}: {len(log)} writes, {len(flushes)} flushes")
    ok(len(flushes) > 8, f"{name}: several batches were synced")

    remarks, faults, kept = [], [], []
    places = [len(log) * i // CUTS for i in range(CUTS)]
    for moment in places:
        disk_at(base, log, moment, DRAW, CUT)
        if moment in places[2::max(1, CUTS // KERNEL_CUTS)]:
            kept.append(f"{T}/{name}{moment}.img")
            run("cp", "--sparse=always", CUT, kept[-1])
        fault, remark = examine_moment(CUT, moment, name == "sealed")
        faults += fault
        remarks.append(remark)
    equal(faults, [], f"{name}: {CUTS} moments, each object is whole, and the "
          "next build makes the rest")
    ok(remarks.count("midst") > CUTS // 6 and "after" in remarks,
       f"{name}: {remarks.count('midst')} moments in the midst of it, "
       f"{remarks.count('after')} after its end")

    # This way of looking finds what is torn, where nobody synced before.
    for moment in [i + 1 for i in reversed(flushes)]:
        disk_at(base, log, moment, DRAW, CUT)
        if not recover(CUT, OUT) and torn(f"{OUT}/careless"):
            break
    else:
        moment = None
    ok(moment, f"{name}: objects copied without a sync are found torn")
    return kept


if not kernel():
    skip_all("no kernel: run make deps")
T = tempfile.mkdtemp()
CUT, OUT = f"{T}/cut.img", f"{T}/out"
tree = f"{T}/root/tree"
os.makedirs(tree)
for i in range(250):
    with open(f"{tree}/{i}", "wb") as f:
        f.write(DRAW.randbytes(65 + DRAW.randrange(16384)))
for name in ("large", "larger"):
    with open(f"{tree}/{name}", "wb") as f:
        f.write(DRAW.randbytes(1500000))
want = run(ROOTWRIGHT, "build", "--use-epoch", tree)[1]
ok(make_initrd(T, FILL, ("disk",)), "the initramfs is made")
base, drives = {}, []
for i, (name, feature) in enumerate(DISKS):
    image = f"{T}/{name}.img"
    with open(image, "wb") as f:
        f.truncate(SIZE)
    equal(run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", feature, "-J",
              "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0",
              image)[0], 0, f"{name}: a file system")
    with open(image, "rb") as f:
        base[name] = f.read()
    drives += log_writes(image, i)
console, steps = run_guest(T, drives)
has(console, "all done", "the guest came to its end")
kept = []
for i, (name, _) in enumerate(DISKS):
    code, said = steps.get(f"build{i}", (None, console))
    ok(code == 0 and said.endswith(want)
       and ("fs-verity is not enabled" in said) == (name == "plain"),
       f"{name}: it builds", said)
    disks = examine(name, base[name], f"{T}/{name}.img")
    kept += disks[:KERNEL_CUTS] if name == "sealed" else []

# The kernel recovers it too, and reads by fs-verity.
ok(make_initrd(T, RECOVER, ("disk",)), "another initramfs")
console, steps = run_guest(
    T, [x for i, image in enumerate(kept) for x in nvme(image, i)])
has(console, "all done", "the guest came to its end")
for i in range(len(kept)):
    if f"check{i}" in steps:
        code, said = steps[f"check{i}"]
        ok(code == 0 and " 0 without fs-verity, 0 faults" in said,
           f"kernel, disk {i}: all whole", said)
    code, said = steps.get(f"build{i}", (None, console))
    ok(code == 0 and said.endswith(want),
       f"kernel, disk {i}: the next build makes the rest", said)
    code, said = steps.get(f"again{i}", (None, console))
    ok(code == 0 and " 0 without fs-verity, 0 faults" in said,
       f"kernel, disk {i}: and all is whole", said)

shutil.rmtree(T)
done()
