#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A device whose state is kept from boot to boot, reset to what it was when it
was made, and cut from power at the writes of both: what was there before a
reset is never lost, and the next boot has a state again.

As in power-cut.t, the device is made again as it may have been at moments of
QEMU's log of its writes. POWER_CUTS=N looks into N moments of each of the two
boots (20) and boots from some; POWER_CUT_SEED=N another draw.
"""
import os
import random
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import tap  # noqa: E402
import vm  # noqa: E402
from cases.writable import BOTH, kept  # noqa: E402
from expect import Case  # noqa: E402
from states import Disk  # noqa: E402
from writelog import disk_at, log_writes, read_log  # noqa: E402

CUTS = int(os.environ.get("POWER_CUTS", "20"))
DRAW = random.Random(int(os.environ.get("POWER_CUT_SEED", "1")))
RESET = "rootwright.factory_reset"
FILES = ("/etc/machine-id", "/etc/added", "/var/kept")
NEW = ["FILE /etc/machine-id: ", *(f"FILE {x}: No such file or directory"
                                   for x in FILES[1:])]
OLD = [f"FILE {x}: left" for x in FILES]

why = base.missing()
if why:
    tap.skip_all(why)
device = base.Base()
STATE, CUT = f"{base.DIR}/state.img", f"{base.DIR}/cut.img"
base.run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-L", "state",
         "-E", "lazy_itable_init=0,lazy_journal_init=0", STATE, "16M")
initrd = f"{base.DIR}/initrd"
device.initrd(initrd, Case("", None, conf=BOTH + "factory_reset=yes\n"))


def boot(name, state, guest, words="", reset=None, kernel="bookworm-6.12"):
    """One boot with this state, which keeps what is written; returns the log
    of its writes."""
    expect = kept(record={"writable.reset": reset}, guest=guest)
    outcome = vm.boot(
        tap.kernel(kernel)[0], initrd, "console=ttyS0 quiet panic=-1 no_timer_check "
        f"composefs={device.words['one']} {words}", [device.disk],
        extra=log_writes(state, 9))
    problems = expect(outcome, device.words)
    if not tap.ok(not problems, name, "\n".join(problems)):
        tap.note(outcome.console[-3000:] + outcome.witness[-3000:])
    return read_log(f"{state}.log")


def content(path):
    """What a file of CUT holds; None: there is none."""
    try:
        Disk(CUT).debugfs(f"stat {path}", write=False)
    except RuntimeError:
        return None
    return Disk(CUT).peek(path)


def recover():
    """Plays CUT's journal back. Returns what e2fsck finds then."""
    tap.run("e2fsck", "-y", "-E", "journal_only", CUT)
    code, said, _ = tap.run("e2fsck", "-fn", CUT)
    return said if code else ""


def cut(name, before, log, look):
    """Looks into moments of a boot, and boots from the first of each kind."""
    faults, kinds = [], {}
    moments = sorted({len(log) * i // CUTS for i in range(CUTS)})
    for moment in moments:
        disk_at(before, log, moment, DRAW, CUT)
        fault = recover()
        kind = look()
        if fault or kind is None:
            faults.append((moment, fault, kind))
        elif kind not in kinds:
            kinds[kind] = f"{base.DIR}/{len(kinds)}.img"
            shutil.copy(CUT, kinds[kind])
    tap.equal(faults, [], f"{name}: cut at {len(moments)} of {len(log)} writes")
    for kind, disk in kinds.items():
        boot(f"{name}: cut, it had {kind}", disk,
             OLD[:1] if kind == "the old state" else [])
    return set(kinds)


def read():
    """The bytes of the state device."""
    with open(STATE, "rb") as f:
        return f.read()


def half_made():
    """A first boot's: nothing, or a part of what it makes."""
    if content("/a/state/etc/upper/machine-id"):
        return "all of it"
    return "a part of it" if content("/a") is not None else "nothing"


def moved():
    """A reset's: the old state under one of both names, never under none."""
    upper = "etc/upper/machine-id"
    if content(f"/a/state.reset-1/{upper}") == b"left\n":
        return "the old state moved"
    if content(f"/a/state/{upper}") == b"left\n":
        return "the old state"
    return None


empty = read()
first = boot("the first boot makes what it needs", STATE, NEW)
boot("the second one finds it", STATE, OLD)
old = read()
log = boot("a factory reset", STATE, NEW, RESET, "state.reset-1")
boot("after it", STATE, OLD)
boot("another one", STATE, NEW, RESET, "state.reset-2")
shutil.copy(STATE, CUT)
tap.equal(recover(), "", "the file system is whole")
tap.equal([content(f"/a/state.reset-{n}/{f}") for n in (1, 2, 3)
           for f in ("etc/upper/machine-id", "var/kept")],
          [b"left\n"] * 4 + [None] * 2, "what was there has other names")
found = cut("the first boot", empty, first, half_made)
tap.ok("nothing" in found and len(found) > 1, "before and after", str(found))
found = cut("a factory reset", old, log, moved)
tap.equal(found, {"the old state", "the old state moved"}, "before and after")

# Filled by the system itself, which has to start again to make room.
with open(STATE, "wb") as f:
    f.write(empty)
Disk(STATE).tree("/a", "/a/state", "/a/state/var")
Disk(STATE).put("/a/state/var/fill", b"")
FULL = [f"LEAVE {x}: No space left on device" for x in FILES]
for name in "a system that fills its state", "starts again", "and again":
    boot(name, STATE, FULL)

# Other file systems.
for kernel, fs, *make in (
        ("bookworm-6.12", "btrfs", "114M", "mkfs.btrfs", "-q", "-L", "state"),
        ("bookworm-6.12-generic", "f2fs", "64M", "mkfs.f2fs", "-q", "-l",
         "state")):
    size, *make = make
    os.unlink(STATE)
    base.run("truncate", "-s", size, STATE)
    base.run(*make, STATE)
    device.initrd(initrd, Case(
        "", None, conf=BOTH + f"state_fstype={fs}\n", kernel=kernel,
        modules=f"ext4+{fs}"))
    boot(f"{fs}: the first boot makes what it needs", STATE, NEW,
         kernel=kernel)
    boot(f"{fs}: the second one finds it", STATE, OLD, kernel=kernel)
tap.done()
