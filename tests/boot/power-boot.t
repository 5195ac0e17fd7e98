#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails while rootwright-boot uses a try of a new release, which is
the only thing that it writes: whatever the moment, and whatever part of the
record was written, the device boots that release again, and a try that was
used before the hand-off stays used.

As in power-cut.t, the disk is made again as it may have been at each moment of
QEMU's log of its writes; different disks are then booted, by rootwright-boot.

POWER_BOOTS=N boots N of them (6).
"""
import hashlib
import json
import os
import random
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import tap  # noqa: E402
import vm  # noqa: E402
from attack import Disk  # noqa: E402
from cases.release import RELEASE, case, taken  # noqa: E402
from releases import Releases  # noqa: E402
from writelog import FLUSH, disk_at, log_writes, read_log, write_sparse  # noqa: E402

BOOTS = int(os.environ.get("POWER_BOOTS", "6"))
DRAW = random.Random(1)
RECORD = 4096
SECTOR = 512
COMMAND_LINE = "console=ttyS0 quiet panic=-1 no_timer_check"


def record_of(path):
    """The record of the state that counts, as {key: value}; {}: none does."""
    data, found = Disk(path).peek("/composefs/state"), []
    for at in (0, RECORD):
        line, body = data[at:at + 72], data[at + 72:at + RECORD]
        if line == f"sha256={hashlib.sha256(body).hexdigest()}\n".encode():
            found.append(dict(x.split("=", 1) for x in body.decode().split()))
    return max(found, key=lambda r: int(r["generation"]), default={})


def boot(name, disks, extra, left):
    what = case(name, taken("2", {"2": "booted"}, {
        "state": {"trouble": None, "blessed": "1", "tries_left": left}}),
        conf=RELEASE + "tries=2\n")
    releases.initrd(f"{base.DIR}/initrd", what)
    outcome = vm.boot(tap.kernel()[0], f"{base.DIR}/initrd", COMMAND_LINE,
                      disks, extra=extra)
    problems = what.expect(outcome, releases.words)
    if not tap.ok(not problems, name, "\n".join(problems)):
        tap.note(outcome.console[-4000:])


def cuts(whole, log):
    """Disks as they may be: after each write, with or without what no flush
    followed, and with a part of a record's sectors."""
    path = f"{base.DIR}/cut"
    for moment in range(len(log) + 1):
        for _ in range(4):
            disk_at(whole, log, moment, DRAW, path)
            yield moment
    for moment, (offset, data, _) in enumerate(log):
        if data[:7] == b"sha256=":
            for sectors in range(1, RECORD // SECTOR):
                disk = bytearray(whole)
                for at, before, _ in log[:moment]:
                    disk[at:at + len(before)] = before
                part = data[:sectors * SECTOR]
                disk[offset:offset + len(part)] = part
                write_sparse(path, disk)
                yield moment


why = base.missing()
if why:
    tap.skip_all(why)
releases = Releases()
image, cut = f"{base.DIR}/device.img", f"{base.DIR}/cut"
shutil.copy(releases.disk, image)
with open(image, "rb") as f:
    before = f.read()
boot("2 is new, and its try is written", [],
     log_writes(image, 0, "virtio-blk-pci"), 1)
log = read_log(f"{image}.log")
flushes = sum(1 for x in log if x[2] & FLUSH)
tap.note(f"{len(log)} writes, {flushes} flushes")
records = [x for x in log if x[1][:7] == b"sha256="]
tap.equal([len(x[1]) for x in records], [RECORD], "one record is written")
written = log.index(records[0])
tap.ok(any(x[2] & FLUSH for x in log[written:]), "and a flush follows it")

different, faults, moments = {}, [], 0
for at in cuts(before, log):
    moments += 1
    state = record_of(cut)
    # None was used, which the first record does not say; or one of two.
    tries = state.get("tries_left", "2")
    if state.get("blessed") != "1" or tries not in ("1", "2"):
        faults.append((at, state))
    with open(cut, "rb") as f:
        name = hashlib.sha256(f.read()).digest()
    if name not in different:
        different[name] = tries
        os.rename(cut, f"{base.DIR}/cut.{len(different)}")
tap.equal(faults, [], f"{moments} disks, {len(different)} different ones: a "
          "record counts in each")
tap.ok(set(different.values()) == {"1", "2"}, "before the try and after it",
       json.dumps(list(different.values())))
# What is durable when the hand-off begins: all that a flush followed.
disk_at(before, log, len(log), type("", (), {
    "choice": lambda self, x: 0.0, "random": lambda self: 1.0})(), cut)
tap.equal(record_of(cut).get("trying"), "2", "the try is durable")

left = list(different.values())
for i in sorted({len(left) * n // BOOTS for n in range(BOOTS)}):
    boot(f"disk {i + 1} of {len(left)}: {left[i]} tries left",
         [f"{base.DIR}/cut.{i + 1}"], (), int(left[i]) - 1)
shutil.rmtree(base.DIR)
tap.done()
