#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails while a device is updated: it installs release 2, boots it,
declares it good, removes release 1 and collects what nothing needs. Whatever
the moment, what rootwright-boot starts then is a valid release; no try is used
for ever; and the store is whole and sealed.

As in power-cut.t, the disk is made again as it may have been at each moment of
QEMU's log of its writes. The disks become partitions of one, in a second
guest: its kernel replays each journal, and rootwright-boot boots each of them
up to its hand-off, over and over until it is the release that was declared
good. Of each kind of disk one is then booted wholly, to its init.

POWER_CUTS=N makes N different disks, at most 128 (120); POWER_CUT_SEED=N
another draw.
"""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import cpio  # noqa: E402
import tap  # noqa: E402
import vm  # noqa: E402
from cases.release import RELEASE, case, taken  # noqa: E402
from releases import Releases  # noqa: E402
from stores import add_program  # noqa: E402
from writelog import FLUSH, disk_at, log_writes, read_log  # noqa: E402

CUTS = int(os.environ.get("POWER_CUTS", "120"))
DRAW = random.Random(int(os.environ.get("POWER_CUT_SEED", "1")))
MIB = 1 << 20
PARTITIONS = 128  # of a GPT
TRIES, BOOTS_MAX = 2, 6
CONF = RELEASE + f"tries={TRIES}\n"
COMMAND_LINE = "console=ttyS0 quiet panic=-1 no_timer_check"
STEPS = ("install", "boot", "bless", "remove", "gc")
# Marks lie between the table and the partition; nothing caches or flushes
# them, and so the log tells what was done by then.
MARK = 64 * 4096
BEGIN = """\
#!/bin/busybox sh
exec >/dev/ttyS1 2>&1
/bin/busybox --install -s /bin
export PATH=/bin
boot() {
	rootwright-boot.real || echo "FAILED rootwright-boot: $?"
	echo "RECORD $1 $(tr -d '\\n' </run/rootwright/boot.json)"
	umount /sysroot/etc /sysroot/var /sysroot || echo "FAILED umount"
}
"""
UPDATE = BEGIN + """
step() {
	name=$1
	shift
	"$@" || echo "FAILED $name: $?"
	printf "mark %-4091s" "$name" >/mark
	dd if=/mark of=/dev/vda bs=4096 count=1 seek=64 oflag=direct \\
		conv=notrunc 2>/dev/null
}
store=/mnt/composefs
mount -t ext4 /dev/vda1 /mnt
step begin true
step install rootwright install --store $store --release demo 2 /export
umount /mnt
step boot boot update
mount -t ext4 /dev/vda1 /mnt
step bless rootwright bless --store $store
step remove rootwright release remove --store $store demo 1
step gc rootwright gc --store $store
umount /mnt
echo DONE
poweroff -f
"""
AGAIN = BEGIN + r"""
value() {
	tr -d '\n' </run/rootwright/boot.json |
		sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'
}
for n in $(seq %d); do
	sed "s|^store=.*|store=/dev/vda$n|" /etc/rootwright/boot.conf >/conf
	cp /conf /etc/rootwright/boot.conf
	for i in $(seq %d); do
		boot $n
		version=$(value 'release":{"name":"demo","version')
		[ "$version" = "$(value blessed)" ] && break
	done
done
echo DONE
poweroff -f
"""


def run_guest(script, disks=(), extra=(), more=None):
    """Boots the initramfs of a device with a script in rootwright-boot's
    place; returns the outcome."""
    path, what = f"{base.DIR}/initrd", case("", None, conf=CONF)
    entries = {"mnt": cpio.directory(), "bin/rootwright-boot": cpio.file(
        script, 0o755), **(more or {})}
    with open(f"{tap.B}/rootwright-boot", "rb") as f:
        entries["bin/rootwright-boot.real"] = cpio.file(f.read(), 0o755)
    what.initrd, what.via = entries, "busybox"
    releases.initrd(path, what)
    outcome = vm.boot(tap.kernel()[0], path, COMMAND_LINE, disks,
                      extra=extra, snapshot=False)
    said = outcome.said("FAILED")
    if not tap.ok(outcome.witness.endswith("DONE\n") and not said,
                  "the guest came to its end", "\n".join(said)):
        tap.note(outcome.console[-3000:] + outcome.witness[-3000:])
    return outcome


def export():
    """A directory to install from, and a disk with release 1, blessed."""
    first = f"{base.DIR}/first"
    base.run(tap.ROOTWRIGHT, "export", "--store", releases.store,
             f"{base.DIR}/export")
    base.run(tap.ROOTWRIGHT, "install", "--unverified", "--store", first,
             "--release", "demo", "1", f"{base.DIR}/export")
    shutil.copy(f"{base.DIR}/state", f"{first}/state")
    base.run(tap.ROOTWRIGHT, "disk", "--store", first, "--output", IMAGE,
             "--label", "rootwright", "--size", "16M")


def exported():
    """What a guest needs of it, and the programs of a device."""
    entries = {}
    add_program(entries, tap.ROOTWRIGHT)
    for top, _, files in os.walk(f"{base.DIR}/export"):
        entries[os.path.relpath(top, base.DIR)] = cpio.directory()
        for file in files:
            with open(f"{top}/{file}", "rb") as f:
                entries[os.path.relpath(f.name, base.DIR)] = cpio.file(
                    f.read())
    return entries


def moments(log):
    """[(how many of the writes were made, the last step that was marked)],
    after each write."""
    marks = {i: data[5:].split()[0].decode() for i, (offset, data, _) in
             enumerate(log) if offset == MARK and data[:5] == b"mark "}
    tap.equal(list(marks.values()), ["begin", *STEPS], "all marks")
    first, last = min(marks), max(marks)
    writes = [i + 1 for i in range(first, last)
              if log[i][1] and i not in marks] + [last + 1]
    tap.note(f"{len(writes)} writes, "
             f"{sum(1 for x in log[first:last] if x[2] & FLUSH)} flushes")
    return [(moment, [marks[i] for i in sorted(marks) if i < moment][-1])
            for moment in writes]


def make_cuts(before, log):
    """Different disks, as partitions of ALL: [(moment, step, partition)]."""
    cuts, points = {}, moments(log)
    # Once after each write, and then again with other writes that are lost.
    for n in range(10 * len(points)):
        if n >= len(points) and len(cuts) >= CUTS:
            break
        moment, step = points[n % len(points)]
        disk_at(before, log, moment, DRAW, f"{base.DIR}/cut")
        with open(f"{base.DIR}/cut", "rb") as f:
            f.seek(MIB)
            part = f.read(SIZE)
        # One that is the same at two moments has to be right at the later.
        name = hashlib.sha256(part).digest()
        cuts[name] = max(cuts.get(name, (0,)), (moment, step, part))
    cuts = list(cuts.values())
    keep = sorted(DRAW.sample(range(len(cuts)), min(len(cuts), PARTITIONS)))
    table = ["label: gpt"]
    with open(ALL, "wb") as f:
        f.truncate(2 * MIB + SIZE * len(keep))
        for n, i in enumerate(keep):
            f.seek(MIB + n * SIZE)
            f.write(cuts[i][2])
            table.append(f"start={(MIB + n * SIZE) // 512},size={SIZE // 512}")
    subprocess.run(["/sbin/sfdisk", "-q", ALL], input="\n".join(table),
                   text=True, check=True, capture_output=True)
    return [cuts[i] for i in keep]


def released(record):
    """What a boot has to say: its release, what is declared good, and the
    tries that are left."""
    return (record["release"]["version"], record["state"]["blessed"],
            record["state"]["tries_left"])


# What one device may do until it stays with a release: (version, blessed,
# tries that are left), boot by boot.
OLD = [("1", "1", 0)]
NEW = [("2", "1", 1), ("2", "1", 0), ("1", "1", 0)]
GOOD = [("2", "2", 0)]
MAY = {"begin": (OLD, NEW), "install": (NEW, NEW[1:]), "boot": (NEW[1:], GOOD),
       "bless": (GOOD,), "remove": (GOOD,), "gc": (GOOD,)}


def judge(step, records):
    """What is wrong with the boots of one disk."""
    faults, seen = [], [released(r) for r in records]
    if seen not in MAY[step]:
        faults.append(("boots", seen))
    for record in records:
        results = [c["result"] for c in record["candidates"]]
        if not set(results) <= {"booted", "older", "tries-used", "rollback"}:
            faults.append(record["candidates"])
        if record["state"]["trouble"]:
            faults.append(record["state"]["trouble"])
    return faults


def check(n):
    """What is wrong with a disk that was booted: the file system, and the
    store on it."""
    path = f"{base.DIR}/cut"
    with open(ALL, "rb") as f, open(path, "wb") as out:
        f.seek(MIB + n * SIZE)
        out.write(f.read(SIZE))
    return [said for said in (
        tap.run(*command, path) for command in (
            ("e2fsck", "-fn"), (tap.ROOTWRIGHT, "check"))) if said[0]]


def boot_wholly(part, seen):
    """A device, from power on to its init, which powers it off."""
    path, initrd = f"{base.DIR}/cut", f"{base.DIR}/initrd"
    with open(path, "wb") as f:
        f.write(BEFORE[:MIB] + part + BEFORE[MIB + SIZE:])
    for version, blessed, left in seen:
        what = case(f"booted wholly: {version}, {left} tries left",
                    taken(version, record={"state": {
                        "trouble": None, "blessed": blessed,
                        "tries_left": left}}), conf=CONF)
        releases.initrd(initrd, what)
        outcome = vm.boot(tap.kernel()[0], initrd, COMMAND_LINE, [path],
                          snapshot=False)
        problems = what.expect(outcome, releases.words)
        if not tap.ok(not problems, what.name, "\n".join(problems)):
            tap.note(outcome.console[-4000:])


why = base.missing()
if why:
    tap.skip_all(why)
releases = Releases()
IMAGE, ALL = f"{base.DIR}/device.img", f"{base.DIR}/all.img"
export()
with open(IMAGE, "rb") as f:
    BEFORE = f.read()
SIZE = len(BEFORE) - 2 * MIB
log_of = log_writes(IMAGE, 0, "virtio-blk-pci")
updated = run_guest(UPDATE, extra=log_of, more=exported())
tap.has(updated.witness, "release demo 2: declared good: roll-back floor 2",
        "the release was declared good")
cuts = make_cuts(BEFORE, read_log(f"{IMAGE}.log"))
tap.ok(len(cuts) >= 100, f"{len(cuts)} different disks")
again = run_guest(AGAIN % (len(cuts), BOOTS_MAX), [ALL])
records = {}
for said in again.said("RECORD"):
    number, record = said.split(" ", 1)
    records.setdefault(int(number) - 1, []).append(json.loads(record))
faults, kinds = [], {}
for n, (moment, step, part) in enumerate(cuts):
    wrong = judge(step, records.get(n, [])) + check(n)
    faults += [(moment, step, fault) for fault in wrong]
    kinds.setdefault(json.dumps([released(r) for r in records.get(n, [])]),
                     part)
tap.equal(faults, [], f"{len(cuts)} disks, {sum(map(len, records.values()))} "
          "boots of them: a release that may boot, at an end with the one that "
          "is declared good, and everything whole")
tap.equal({json.dumps(x) for may in MAY.values() for x in may} - set(kinds),
          set(), "before, in the midst of and after each step")
for kind, part in kinds.items():
    boot_wholly(part, json.loads(kind)[:1])
shutil.rmtree(base.DIR)
tap.done()
