#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A device with 32 MiB of RAM, with a clock that stands at 1970 and with a
partition on which two copies of its system have no room: it gets its second
release, and drops the first.

Debian's kernel does not start in 32 MiB; the one of make small-kernels does.
Where that has not been built, Debian's has more memory. On either, what works in
the guest is held to 12 MiB by a control group: its memory, the page cache that
it uses and what the kernel has for it."""
import json
import lzma
import os
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from guest import add_program, make_initrd, nvme, run_guest
from tap import *

SMALL = kernel("small-x86_64")
LIMIT = 12 << 20
MODULES = ("nvme-core", "nvme")
SCRIPT = r"""
ulimit -n 260
for module in /modules/*.ko; do
	insmod $module
done
mount -t ext4 $(drive 0) /disk || mount -t ext4 $(drive 0)p1 /disk ||
	echo "no disk"
mount -t ext4 -o ro $(drive 1) /tools || echo "no tools"
export PATH=/tools/bin:/bin
store=/disk/composefs
device()
{
	rootwright "$@" --store $store --config /tools/policy
}
step memory cat /proc/meminfo
group=/sys/fs/cgroup/small
mount -t cgroup2 cgroup /sys/fs/cgroup
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
echo LIMIT >$group/memory.max
echo $$ >$group/cgroup.procs
step date date -u +%Y
step dry device install --dry-run --json /tools/export
step install device install /tools/export
step check rootwright check $store
step again device install /tools/export
step full dd if=/dev/zero of=/disk/full bs=64k
step nospace rootwright install --unverified --store $store --image HUGE /tools/more
rm /disk/full
step remove rootwright release remove --store $store web 1
step gc rootwright gc --store $store --json
step left rootwright check $store
step list rootwright release list --store $store --json
step peak cat $group/memory.peak
step events cat $group/memory.events
step killed dmesg
""".replace("LIMIT", str(LIMIT))


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def must(*argv):
    code, out, err = run(*argv)
    if code:
        raise RuntimeError(f"{argv}: {code} {out}{err}")
    return out.strip()


def tree(where, version):
    """Of 2,000 files, and one that is larger than the memory; a tenth of the
    files differs from version to version."""
    for n in range(2000):
        draw = random.Random(f"{n} {version if n % 10 == 0 else 0}")
        write(f"{where}/usr/{n % 50}/{n}", draw.randbytes(
            draw.randrange(100, 9000)))
    write(f"{where}/usr/large", random.Random(0).randbytes(16 << 20))


def releases():
    """The device's disk with release 1, and an export of release 2."""
    must("keys/make-key", "--name", "small", f"{T}/small")
    for version in "1", "2":
        tree(f"{T}/tree{version}", version)
        store = f"{T}/store{version}"
        digest = must(ROOTWRIGHT, "build", "--store", store,
                      f"{T}/tree{version}")
        must(ROOTWRIGHT, "release", "create", "--store", store, "--name",
             "web", "--version", version, "--sequence", version, "--image",
             digest)
        must(ROOTWRIGHT, "release", "sign", "--store", store, "--key",
             f"{T}/small.key", "--cert", f"{T}/small.pem", "web", version)
    must(ROOTWRIGHT, "disk", "--store", f"{T}/store1", "--size", "56M",
         "--output", f"{T}/disk.img")
    write(f"{T}/huge/huge", bytes(64 << 10) * 64)
    write(f"{T}/huge/more", b"more" * (16 << 10) * 64)
    huge = must(ROOTWRIGHT, "build", "--store", f"{T}/store2",
                f"{T}/huge")
    must(ROOTWRIGHT, "export", "--store", f"{T}/store2", "--release", "web",
         "2", f"{T}/tools/export")
    must(ROOTWRIGHT, "export", "--store", f"{T}/store2", "--image", huge,
         f"{T}/tools/more")
    return huge


def tools():
    """A disk with the program, its libraries, the policy and the export: on
    a device they lie in the root, which is page cache, too."""
    add_program(f"{T}/tools")
    for name in "lib", "lib64", "usr":
        os.symlink(f"tools/{name}", f"{T}/root/{name}")
    write(f"{T}/tools/policy/boot.conf",
          b"trust=release\nrelease=web\nstore=LABEL=rootwright\n")
    os.mkdir(f"{T}/tools/policy/release-keys.d")
    shutil.copy(f"{T}/small.pem", f"{T}/tools/policy/release-keys.d")
    with open(f"{T}/tools.img", "wb") as f:
        f.truncate(128 << 20)
    must("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", f"{T}/tools",
         f"{T}/tools.img")


def modules():
    for n, name in enumerate(MODULES):
        for where, _, files in os.walk(kernel()[1]):
            if f"{name}.ko.xz" in files:
                with lzma.open(f"{where}/{name}.ko.xz", "rb") as f:
                    write(f"{T}/root/modules/{n}.ko", f.read())


def step(name, words, code=0):
    got, said = STEPS.get(name, (None, CONSOLE[-3000:]))
    ok(got == code and words in said, f"{name}: {words.strip()}",
       f"{got} {said}")
    return said


def document(said):
    """The JSON among what a step says."""
    return json.JSONDecoder().raw_decode(said[said.index("{"):])[0]


def judge():
    has(CONSOLE, "all done", "the guest came to its end")
    step("date", "1970")
    plan = document(step("dry", '"dry_run":true'))
    ok(plan["fetch_bytes"] < plan["bytes"] / 8,
       "the two releases share most of their objects", plan)
    ok(plan["fetch_bytes"] < plan["space"] < plan["space_free"],
       "the space for the update is said beforehand", plan)
    ok(plan["space_free"] < plan["bytes"],
       "a second copy of the system would have no room", plan)
    step("install", "release web 2 is installed")
    step("check", " 0 without fs-verity, 0 faults")
    step("again", " 0 of ")
    step("nospace", " bytes free for ", 1)
    step("remove", "removed release web 1")
    step("gc", '"removed":{"images":1,"objects":201,')
    step("left", " 0 without fs-verity, 0 faults")
    listed = document(step("list", '"releases"'))["releases"]
    equal([r["version"] for r in listed], ["2"], "release 2 is left")
    ok("Out of memory" not in CONSOLE + STEPS["killed"][1] and
       "oom-kill" not in STEPS["killed"][1], "nothing ran out of memory",
       STEPS["killed"][1][-2000:])
    total = int(re.search(r"MemTotal: +(\d+) kB", step(
        "memory", "MemTotal"))[1])
    if SMALL:
        ok(total < 32 << 10, "the guest has less than 32 MiB", total)
    else:
        skip("the guest has less than 32 MiB",
             "no kernel small-x86_64: run make small-kernels")
    peak = int(step("peak", ""))
    ok(1 << 20 < peak <= LIMIT, "the group was held to its limit", peak)
    for name in "oom", "oom_kill":
        step("events", f"\n{name} 0\n")
    note(f"at most {peak >> 10} KiB of {total}")


if not SMALL and not kernel():
    skip_all("no kernel: run make deps")
T = tempfile.mkdtemp(prefix="rw-small-")
try:
    os.mkdir(f"{T}/root")
    os.mkdir(f"{T}/tools")
    HUGE = releases()
    tools()
    if not SMALL:
        modules()
    ok(make_initrd(T, SCRIPT.replace("HUGE", HUGE), ("disk", "tools"), False),
       "the initramfs is made")
    CONSOLE, STEPS = run_guest(
        T, [*nvme(f"{T}/disk.img", 0), *nvme(f"{T}/tools.img", 1), "-rtc",
            "base=1970-01-01"], *((32, SMALL[0]) if SMALL else ()))
    judge()
finally:
    shutil.rmtree(T)
done()
