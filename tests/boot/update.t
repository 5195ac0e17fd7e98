#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A device that is updated, boot after boot on one disk that keeps what is
written: a new release gets its tries and falls back, one that is blessed
stays and outlaws the older one."""
import os
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import tap  # noqa: E402
import vm  # noqa: E402
from attack import Disk  # noqa: E402
from cases.release import RELEASE, case, none, taken  # noqa: E402
from releases import Releases  # noqa: E402

why = base.missing()
if why:
    tap.skip_all(why)
releases = Releases()
disk = f"{base.DIR}/device.img"
initrd = f"{base.DIR}/initrd"
shutil.copy(releases.disk, disk)


def boot(name, expect):
    """One boot of the device as it is now; returns the record."""
    what = case(name, expect, conf=RELEASE + "tries=2\n")
    releases.initrd(initrd, what)
    outcome = vm.boot(tap.kernel()[0], initrd,
                      "console=ttyS0 quiet panic=-1 no_timer_check", [disk],
                      snapshot=False)
    problems = expect(outcome, releases.words)
    if not tap.ok(not problems, name, "\n".join(problems)):
        tap.note(outcome.console[-4000:])
    return "\n".join(outcome.said("RECORD"))


boot("2 is new: its first try", taken("2", {"2": "booted"}, {
    "state.tries_left": 1, "state.blessed": "1"}))
boot("its last try", taken("2", {"2": "booted"}, {"state.tries_left": 0}))
for _ in range(2):
    boot("never blessed: back to 1, and it stays there", taken(
        "1", {"2": "tries-used", "1": "booted"}))

# It was installed again.
fresh = f"{base.DIR}/state"


def on_device(name, record, *command):
    """What a command of the device makes of its record and state."""
    with open(f"{base.DIR}/boot.json", "w", encoding="ascii") as f:
        f.write(record)
    with open(f"{releases.store}/state", "wb") as f:
        f.write(Disk(disk).peek("/composefs/state"))
    code, _, said = tap.run(tap.ROOTWRIGHT, *command, "--store",
                            releases.store, "--boot-record",
                            f"{base.DIR}/boot.json")
    tap.ok(code == 0, name, said)
    Disk(disk).install("/composefs/state", f"{releases.store}/state")
    return said


# An object of it is damaged: watch, which the kernel tells, marks it as bad.
Disk(disk).install("/composefs/state", fresh)
record = boot("2 again, before watch", taken("2", {"2": "booted"}, {
    "state.tries_left": 1}))
two = f"{releases.store}/images/{releases.words['two']}"
damaged = f"{releases.store}/objects/" + tap.run(
    tap.ROOTWRIGHT, "objects", two)[1].split()[0]
os.rename(damaged, f"{damaged}.whole")
os.mkfifo(damaged)
with open(f"{base.DIR}/kmsg", "w", encoding="ascii") as f:
    f.write("3,100,200,-;fs-verity (vda1, inode "
            f"{os.stat(damaged).st_ino}): FILE CORRUPTED! pos=0\n")
said = on_device("watch takes the record", record, "watch", "--on-damage",
                 "bad", "--kmsg", f"{base.DIR}/kmsg")
tap.ok("release demo 2: marked as bad: 1 is booted next time" in said,
       "2 is marked as bad", said)
os.rename(f"{damaged}.whole", damaged)
boot("2 is marked as bad: 1", taken("1", {"2": "tries-used", "1": "booted"}, {
    "state": {"trouble": None, "blessed": "1", "tries_left": 0}}))

# It was installed once more, and this time it is good.
Disk(disk).install("/composefs/state", fresh)
record = boot("2 once more", taken("2", {"2": "booted"}, {
    "state.tries_left": 1}))
on_device("bless takes the record", record, "bless")
for _ in range(3):
    boot("2 is blessed: it needs no tries", taken("2", {"2": "booted"}, {
        "state": {"trouble": None, "blessed": "2", "tries_left": 0},
        "floor": {"active": 2, "baked": 0, "stored": 2}}))
Disk(disk).flip(releases.words["image_two"], 1024)
boot("2 is damaged: 1 is too old", none(
    ("2", "image-mismatch"), ("1", "rollback"), floor=2))
code, said, _ = tap.run("e2fsck", "-fn", f"{disk}?offset={Disk(disk).start}")
tap.ok(code == 0, "the file system is as it should be", said)
os.unlink(disk)
tap.done()
