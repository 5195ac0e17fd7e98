#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright status and watch in a system that was really booted: verified;
weaker, once something lies over /usr or the store's image is asked for
elsewhere; and an object that the kernel finds damaged when it is read."""
import json
import os
import re
import shutil
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import vm  # noqa: E402
from attack import Disk  # noqa: E402
from tap import (B, ROOTWRIGHT, done, equal, has, kernel, ok,
                 skip_all)  # noqa: E402

INIT = """#!/bin/sh
exec >/dev/ttyS1 2>&1 </dev/null
step() { echo "begin $1"; name=$1; shift; "$@"; echo "end $name $?"; }
step words rootwright status
step json rootwright status --json
mkdir /run/store
mount -t ext4 -o ro,nosymfollow /dev/vda1 /run/store
step store rootwright status --json --store /run/store/composefs
step nothing rootwright status --store /run
mount -t tmpfs tmpfs /usr/share
step usr rootwright status --json
umount /usr/share
umount /run/store
rootwright watch --on-damage reboot >/run/watch 2>&1 &
step read cat /data/victim
sleep 3
step watch cat /run/watch
step again rootwright status
step bless rootwright bless
mount -t ext4 -o ro,nosymfollow /dev/vda1 /run/store
step state cat /run/store/composefs/state
step blessed rootwright bless --store /run/store/composefs
chmod 666 /run/rootwright/boot.json
step writable rootwright status
poweroff -f
"""

why = base.missing()
if why:
    skip_all(why)
T = base.DIR
shutil.rmtree(T, ignore_errors=True)
TREE = f"{T}/tree"
for name in ("proc", "sys", "dev", "run", "tmp", "etc", "bin", "sbin",
             "usr/share", "data"):
    os.makedirs(f"{TREE}/{name}")
shutil.copy("/bin/busybox", f"{TREE}/bin/busybox")
for name in ("sh", "mount", "umount", "mkdir", "chmod", "poweroff", "cat",
             "sleep"):
    os.symlink("busybox", f"{TREE}/bin/{name}")
shutil.copy(ROOTWRIGHT, f"{TREE}/bin/rootwright")
for library in set(re.findall(r"(/\S+) \(0x", base.run("ldd", ROOTWRIGHT))):
    os.makedirs(TREE + os.path.dirname(library), exist_ok=True)
    shutil.copy(library, TREE + library)
with open(f"{TREE}/sbin/init", "w", encoding="ascii") as f:
    f.write(INIT)
os.chmod(f"{TREE}/sbin/init", 0o755)

VICTIM = bytes(range(256)) * 800
with open(f"{TREE}/data/victim", "wb") as f:
    f.write(VICTIM)
victim = base.object_path(base.verity_digest(VICTIM))

store, config = f"{T}/store", f"{T}/config"
os.makedirs(f"{config}/keys.d")
digest = base.run(ROOTWRIGHT, "build", "--for-boot", "--store", store,
                  TREE).strip()
base.run("keys/make-key", "--name", "Example images", f"{T}/images")
base.run(ROOTWRIGHT, "sign", "--key", f"{T}/images.key", "--cert",
         f"{T}/images.pem", "--store", store, digest)
shutil.copy(f"{T}/images.pem", f"{config}/keys.d/")


def boot(name, conf, cmdline):
    """Lays the store onto a disk with one damaged object, boots it, and
    returns what the steps of its init said, and the outcome."""
    disk, initrd = f"{T}/{name}.img", f"{T}/{name}.initrd"
    base.run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)
    Disk(disk).flip(victim, 50000)
    with open(f"{config}/boot.conf", "w", encoding="ascii") as f:
        f.write(f"{conf}\nstore=LABEL=rootwright\nfailure_delay=0\n")
    vmlinuz, modules = kernel()
    base.run("initrd/mkinitrd", "--modules", modules, "--config", config,
             "--boot", f"{B}/rootwright-boot", "--launcher",
             f"{B}/rootwright-launch", "--drivers", "virtio_pci virtio_blk",
             "--output", initrd)
    out = vm.boot(vmlinuz, initrd, "console=ttyS0 panic=-1 no_timer_check "
                  f"quiet {cmdline}", [disk])
    with open(f"{B}/status-{name}.console", "w", encoding="utf-8") as f:
        f.write(out.console + out.witness)
    return {m[1]: (int(m[3]), m[2]) for m in re.finditer(
        r"^begin (\S+)\n(.*?)^end \1 (\d+)$", out.witness,
        re.M | re.S)}, out


STEPS, out = boot("digest", "trust=digest+signature", f"composefs={digest}")


def step(name):
    return STEPS.get(name, (None, out.console[-2000:] + out.witness))


def document(name, end):
    code, said = step(name)
    try:
        doc = json.loads(said.splitlines()[0])
    except (ValueError, IndexError):
        ok(False, f"{name}: a document", said)
        return {"status": None, "checks": []}
    equal((code, doc["status"]), end, f"{name}: {end[1]}")
    return doc


def result(doc, name):
    return [(c["result"], c["message"]) for c in doc["checks"]
            if c["name"] == name]


code, said = step("words")
equal(code, 0, "after the boot: exit code 0")
has(said, "status        verified\n", "verified")
has(said, 'image key     "Example images" (', "the key")
has(said, f"image         sha256:{digest}\n", "the image")
has(said, "store         /dev/vda1 (LABEL=rootwright), ext4, /composefs",
    "the store")
has(said, "root          same: overlay, read-only, every object verified when "
    "it is opened\n", "the root")
has(said, "command line  same: names this image\n", "the command line")
ok("weaker" not in said, "nothing is weaker", said)
equal(len(said.splitlines()) <= 24, True, "it fits on one screen")
doc = document("json", (0, "verified"))
equal(doc["record"]["image"]["digest"], digest, "the record is in it")
doc = document("store", (0, "verified"))
equal(result(doc, "image"), [
    ("same", "the kernel measures the recorded digest in "
     "/run/store/composefs")], "the kernel measures the image")
code, said = step("nothing")
equal(code, 1, "a store without the image: exit code 1")
has(said, f"image         weaker: /run/objects/{digest[:2]}/{digest[2:]}: No "
    "such file or directory\n", "the sentence")
doc = document("usr", (1, "weaker"))
equal(result(doc, "mounts"), [
    ("weaker", "expected nothing mounted at /usr/share but what is recorded, "
     "found tmpfs")], "what lies over /usr")
code, said = step("read")
ok(code and "Input/output error" in said, "a damaged file cannot be read",
   said[-300:])
equal(step("watch"), (0, f"""\
rootwright: {victim[len("/composefs/"):]}: DAMAGED: expected to read it again, \
found: Input/output error
rootwright: no release was booted: there is none to mark as bad
"""), "watch says which object it is, and that there is nothing to mark")
equal(step("again")[0], 0, "when it is gone: exit code 0")
code, said = step("bless")
equal((code, said), (0, "rootwright: no release was booted "
                     "(trust=digest+signature): there is nothing to declare "
                     "good\n"), "bless: nothing to declare good")
code, said = step("writable")
equal(code, 1, "a record that all can write: exit code 1")
has(said, "boot record   weaker: expected a file that only root can write",
    "the sentence")
equal(out.end, "poweroff", "the system ends as it should")

# --- the same with a release ------------------------------------------------

os.rename(f"{config}/keys.d", f"{config}/release-keys.d")
base.run(ROOTWRIGHT, "release", "create", "--store", store, "--name", "web",
         "--version", "1", "--sequence", "10", "--rollback-index", "5",
         "--image", digest)
base.run(ROOTWRIGHT, "release", "sign", "--key", f"{T}/images.key", "--cert",
         f"{T}/images.pem", "--store", store, "web", "1")
STEPS, out = boot("release", "trust=release\nrelease=web\nrollback_floor=2",
                  "")
code, said = step("words")
equal(code, 0, "release: exit code 0")
for words in (
        "status        verified\n", 'release key   "Example images" (',
        "release       web 1: sequence 10, rollback_index 5\n",
        "roll-back     floor 2 (stored 0): against mistakes; floor 2, in the "
        "initramfs: against whoever writes the disk\n",
        "state         none was declared good; 2 tries left of this one\n",
        "named by the release, from the store, verified in its file\n",
        "command line  same: names no image, as recorded\n",
        "root          same: overlay, read-only"):
    has(said, words, f"release: {words[:40].strip()}")
ok("skipped" not in said and "TROUBLE" not in said and "weaker" not in said,
   "release: nothing else", said)
document("json", (0, "verified"))
code, said = step("watch")
has(said, "rootwright: release web 1: not marked as bad: there is no older one "
    "to go back to\n", "watch: no release to go back to, and no reboot")
equal(step("bless"), (0, "rootwright: release web 1: declared good: roll-back "
                      "floor 5\n"), "bless: on the device")
code, said = step("state")
records = [r for r in re.split(r"^sha256=[0-9a-f]{64}\n", said, flags=re.M)
           if r.strip("\0\n")]
newest = max(records, key=lambda r: int(re.search(r"generation=(\d+)", r)[1]),
             default="")
equal(newest.split(), ["format=rootwright-state-1", "generation=3", "name=web",
                       "blessed=1", "floor=5", "tries_left=0"],
      "the state that the boot and then bless have written")
code, said = step("blessed")
ok(code, "the store is read-only again", said)
has(said, "state: cannot be written: Read-only file system", "the sentence")
equal(out.end, "poweroff", "the system ends as it should")
done()
