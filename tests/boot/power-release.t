#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails while releases are made, signed, declared good and removed:
whatever the moment, each release that is listed is whole, the state of the
device has a record that counts, and what a command had reported done is done.

As in power-cut.t, the disk is made again as it may have been at many moments
of QEMU's log of its writes. After each command the guest writes a mark behind
the file system, past its caches and without a flush: so the log says what was
done by then.

POWER_CUTS=N tries N moments (60); POWER_CUT_SEED=N another draw.
"""
import glob
import hashlib
import lzma
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from guest import make_initrd, run_guest
from tap import *
from writelog import FLUSH, disk_at, log_writes, read_log

CUTS = int(os.environ.get("POWER_CUTS", "60"))
DRAW = random.Random(int(os.environ.get("POWER_CUT_SEED", "1")))
MIB = 1 << 20
FS, SIZE = 32 * MIB, 33 * MIB
RECORD = 4096

# Each is one command; what is true after it: {version: signatures}, blessed.
STEPS = [
    ("build", "build --store /disk/store /tree >/digest", {}, None)]
for version, before in (("1", {}), ("2", {"1": 1}), ("3", {"2": 1})):
    blessed = str(int(version) - 1) if before else None
    STEPS += [
        (f"create{version}", f"release create --store /disk/store --name web "
         f"--version {version} --sequence {version} --rollback-index 1 "
         "--image $(cat /digest)", {**before, version: 0}, blessed),
        (f"sign{version}", "release sign --key /key.key --cert /key.pem "
         f"--store /disk/store web {version}", {**before, version: 1},
         blessed),
        (f"bless{version}", f"bless --store /disk/store --boot-record "
         f"/boot{version}.json", {**before, version: 1}, version)]
    if before:
        STEPS.append((f"remove{blessed}", "release remove --store /disk/store "
                      f"web {blessed}", {version: 1}, version))
# The state alone, over and over; the release is there.
for i in range(6):
    STEPS.append((f"again{i}", f"bless --store /disk/store --boot-record "
                  f"/{'other' if i % 2 == 0 else 'boot3'}.json",
                  {"3": 1}, "3"))
MARK = (f"dd if=/mark of=/dev/vda bs=4096 count=1 seek={FS // 4096} "
        "oflag=direct conv=notrunc 2>/dev/null")
GUEST = "insmod /virtio_blk.ko\nmount -t ext4 /dev/vda /disk || echo 'no disk'\n" + "".join(
    f"step {name} sh -c 'rootwright {command}'\n"
    f"printf {i:04d} >/mark; dd if=/dev/zero bs=4092 count=1 2>/dev/null >>"
    f"/mark\n{MARK}\n" for i, (name, command, _, _) in enumerate(STEPS)
) + f"""
cp /disk/store/state /disk/careless
printf 9999 >/mark; dd if=/dev/zero bs=4092 count=1 2>/dev/null >>/mark
{MARK}
umount /disk
"""


def recover(disk):
    """Plays the journal back, and copies the store to OUT."""
    shutil.rmtree(OUT, ignore_errors=True)
    os.mkdir(OUT)
    code, said, err = run("/sbin/e2fsck", "-y", "-E", "journal_only", disk)
    if code > 1:
        return said + err
    with open(f"{T}/debugfs", "w", encoding="ascii") as f:
        f.write(f"rdump /store /careless {OUT}\n")
    run("/sbin/debugfs", "-f", f"{T}/debugfs", disk)
    return ""


def releases():
    """{version: signature files}, by looking, or None: no store yet."""
    top = f"{OUT}/store/releases/web"
    if not os.path.isdir(top):
        return {}
    return {v: len([n for n in os.listdir(f"{top}/{v}")
                    if n.endswith(".p7s")])
            for v in os.listdir(top) if not v.startswith(".tmp-")}


def state():
    """The record that counts: {key: value}, {} none; None: no file."""
    path = f"{OUT}/store/state"
    if not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        data = f.read()
    found = []
    for at in range(0, 2 * RECORD, RECORD):
        record = data[at:at + RECORD]
        line, body = record[:72], record[72:]
        if len(data) == 2 * RECORD and line == b"sha256=%s\n" % \
                hashlib.sha256(body).hexdigest().encode():
            found.append(dict(x.split("=", 1) for x in
                              body.decode().split() if "=" in x))
    return max(found, key=lambda r: int(r["generation"]), default={})


def look(moment, done):
    """The faults of the disk in CUT; done: the last step that was marked."""
    fault = recover(CUT)
    if fault:
        return [(moment, "the journal cannot be played", fault)]
    faults, store = [], f"{OUT}/store"
    now = (releases(), (state() or {}).get("blessed"))
    may = [(r, b) for _, _, r, b in STEPS[max(done, 0):done + 2]]
    if done >= 0 and now not in may:
        faults.append((moment, "expected one of", may, "found", now))
    if state() == {}:
        faults.append((moment, "no record of the state counts"))
    if os.path.exists(f"{store}/meta.json"):
        for call in (("release", "list", "--store", store),
                     ("check", store)):
            code, _, err = run(ROOTWRIGHT, *call)
            if code:
                faults.append((moment, *call, err))
        # And the next writer goes on from there.
        for version in now[0]:
            code, _, err = run(ROOTWRIGHT, "release", "remove", "--force",
                               "--store", store, "web", version)
            if code:
                faults.append((moment, "remove", version, err))
        if now[0] and os.path.exists(f"{store}/releases/web"):
            faults.append((moment, "left", os.listdir(
                f"{store}/releases/web")))
    return faults


def examine(base, image):
    log = read_log(f"{image}.log")
    marks = {}  # index in the log: the step that was done
    for i, (offset, data, _) in enumerate(log):
        if offset == FS and data:
            marks[i] = int(data[:4])
    writes = [i for i in range(len(log)) if i not in marks]
    flushes = [i for i in writes if log[i][2] & FLUSH]
    note(f"{len(log)} writes, {len(flushes)} flushes, {len(marks)} marks")
    equal(sorted(marks.values()), [*range(len(STEPS)), 9999], "all marks")
    first = min(i for i in marks if marks[i] == 0)
    last = max(i for i in marks if marks[i] < 9999)
    # Right after each mark, and in between.
    moments = {i + 1 for i in marks if marks[i] < 9999} | {
        first + (last - first) * i // CUTS for i in range(CUTS)}
    faults = []
    for moment in sorted(moments):
        done = max((marks[i] for i in marks if i < moment
                    and marks[i] < 9999), default=-1)
        disk_at(base, log, moment, DRAW, CUT)
        faults += look(moment, done)
    equal(faults, [], f"{len(moments)} moments: what is listed is whole, and "
          "what was done is done")
    # This way of looking notices what nobody synced.
    seen = 0
    end = min(i for i in marks if marks[i] == 9999) + 1
    for _ in range(8):
        disk_at(base, log, end, DRAW, CUT)
        recover(CUT)
        seen += os.path.exists(f"{OUT}/careless")
    ok(seen < 8, f"what was copied without a sync is there {seen} times of 8")


if not kernel():
    skip_all("no kernel: run make deps")
T = tempfile.mkdtemp()
CUT, OUT, IMAGE = f"{T}/cut.img", f"{T}/out", f"{T}/disk.img"
os.makedirs(f"{T}/root/tree")
for n in range(10):
    with open(f"{T}/root/tree/{n}", "wb") as f:
        f.write(DRAW.randbytes(5000))
equal(run("keys/make-key", "--name", "releases", f"{T}/root/key")[0], 0,
      "a key")
for name, v, active in (("boot1", "1", 0), ("boot2", "2", 1),
                        ("boot3", "3", 1), ("other", "3", 0)):
    with open(f"{T}/root/{name}.json", "w", encoding="ascii") as f:
        f.write('{"format":"rootwright-boot-1","release":{"name":"web",'
                f'"version":"{v}","sequence":{v},"rollback_index":'
                f'{1}}},"floor":{{"active":{active}}}}}')
MODULES = glob.glob(f"{kernel()[1]}/**/virtio_blk.ko.xz", recursive=True)
equal(len(MODULES), 1, "the kernel has virtio_blk")
with lzma.open(MODULES[0]) as f:
    DRIVER = f.read()
with open(f"{T}/root/virtio_blk.ko", "wb") as f:
    f.write(DRIVER)
ok(make_initrd(T, GUEST, ("disk",)), "the initramfs is made")
with open(IMAGE, "wb") as f:
    f.truncate(SIZE)
equal(run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-J", "size=4", "-E",
          "lazy_itable_init=0,lazy_journal_init=0", IMAGE,
          str(FS // 4096))[0], 0, "a file system, smaller than its disk")
with open(IMAGE, "rb") as f:
    BASE = f.read()
console, steps = run_guest(T, log_writes(IMAGE, 0, "virtio-blk-pci"))
with open(f"{B}/power-release.console", "w", encoding="utf-8") as f:
    f.write(console)
has(console, "all done", "the guest came to its end")
for name, _, _, _ in STEPS:
    code, said = steps.get(name, (None, console))
    equal(code, 0, f"{name}: {said.strip()[-120:]}")
examine(BASE, IMAGE)
shutil.rmtree(T)
done()
