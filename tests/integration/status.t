#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright status: a record beside a /proc that agrees with it, and beside
one that does not."""
import copy
import json
import os
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()
DIGEST = "0123456789abcdef" * 4
KEY = {"file": "images.pem", "subject": "Example images", "id": "ab" * 32,
       "development": False}
RECORD = {
    "format": "rootwright-boot-1", "version": "0.1.0",
    "trust": "digest+signature", "trust_from": "policy",
    "rollback_protection": "none", "init": "/sbin/init",
    "weakened": [], "arguments": [],
    "image": {"algorithm": "sha256", "digest": DIGEST,
              "named_by": "command line", "from": "store",
              "verified_in": "file", "loop": False, "signed_by": KEY},
    "store": {"named": "LABEL=rootwright", "device": "/dev/vda1",
              "fstype": "ext4", "path": "/composefs",
              "journal_replayed": True},
    "preflight": {"files": 12, "bytes": 3456},
    "microseconds": {"total": 1}}
ROOT = ("31 1 0:27 / / ro,relatime - overlay overlay ro,redirect_dir=on,"
        "lowerdir+=/proc/self/fd/9,datadir+=/proc/self/fd/8,metacopy=on,"
        "verity=require")
MOUNTS = [ROOT, "32 31 0:28 / /proc rw - proc proc rw",
          "33 31 0:29 / /run rw,nosuid - tmpfs run rw,mode=755",
          "34 31 0:29 /machine-id /etc/machine-id ro - tmpfs tmpfs rw",
          "35 31 0:30 / /var rw - tmpfs tmpfs rw",
          "36 31 0:31 / /mnt/a\\040b rw - tmpfs tmpfs rw"]
# Everything that a boot with releases adds.
RELEASE = dict(
    RECORD, trust="release", kernel={"release": "6.12.0-test",
                                           "erofs_from_file": True,
                                           "fsverity": True},
    release={"name": "web", "version": "2.0", "sequence": 20,
             "rollback_index": 15, "signed_by": [KEY]},
    candidates=[{"version": "3.0", "sequence": 30, "result": "tries-used",
                 "sentence": "release: web 3.0: no try is left\x1b[2J"},
                {"version": "2.0", "sequence": 20, "result": "booted",
                 "sentence": None},
                {"version": "1.0", "sequence": 10, "result": "older",
                 "sentence": None}],
    floor={"active": 15, "baked": 10, "stored": 15, "source": "state"},
    state={"trouble": "state: on fire", "blessed": "1.0", "tries_left": 2},
    objects={"mode": "measure", "files": 1234},
    mounts=[{"target": "/etc", "type": "overlay", "source": "/dev/vdb",
             "options": "rw,nosuid,nodev"}], unverified=["/etc"],
    writable={"device": "/dev/vdb", "path": "/state",
              "reset": "state.reset-1", "trouble": None})
del RELEASE["rollback_protection"]


def write(path, text):
    os.makedirs(os.path.dirname(f"{T}/{path}"), exist_ok=True)
    with open(f"{T}/{path}", "w", encoding="utf-8") as f:
        f.write(text)


def status(record, mounts=None, cmdline=f"quiet composefs={DIGEST}",
           kernel="6.12.0-test", mode=0o644, extra=()):
    """Runs it; returns code, the JSON document, the words and stderr."""
    write("boot.json", json.dumps(record))
    os.chmod(f"{T}/boot.json", mode)
    write("proc/self/mountinfo", "".join(x + "\n" for x in mounts or MOUNTS))
    write("proc/cmdline", cmdline + "\n")
    write("proc/sys/kernel/osrelease", kernel + "\n")
    call = (ROOTWRIGHT, "status", "--boot-record", f"{T}/boot.json",
            "--proc", f"{T}/proc", *extra)
    code, out, err = run(*call)
    again, text, same = run(*call, "--json")
    equal((again, same), (code, err), "--json: the same code and words")
    return code, json.loads(text), out, err


def changed(record, **members):
    record = copy.deepcopy(record)
    for path, value in members.items():
        *outer, last = path.split("__")
        place = record
        for name in outer:
            place = place[name]
        place[last] = value
    return record


if os.geteuid() != 0:
    skip_all("the record has to be root's")

# --- as recorded ----------------------------------------------------------

code, doc, out, err = status(RECORD)
equal((code, err), (0, ""), "as recorded: exit code 0")
equal(doc["status"], "verified", "verified")
equal(doc["record"], RECORD, "the record is in the document")
equal(out, f"""\
status        verified
trust         digest+signature, from the policy; rootwright-boot 0.1.0
image key     "Example images" (abababababababab), images.pem
roll-back     none: whatever was once signed boots
image         sha256:{DIGEST}
              named by the command line, from the store, verified in its file
store         /dev/vda1 (LABEL=rootwright), ext4, /composefs, journal replayed
init          /sbin/init; 12 files of 3456 bytes were read before it
boot record   same: only root can write it
kernel        unknown: 6.12.0-test; the record does not say which one booted
command line  same: names this image
root          same: overlay, read-only, every object verified when it is opened
image         unknown: its file is out of reach: --store says where its store is mounted
""", "the words")

below = dict(RECORD["image"], digest="fe" * 32)
has(status(dict(RECORD, images=[RECORD["image"], below]))[2], f"""
              named by the command line, from the store, verified in its file
              it may replace whatever is below it
over          sha256:{'fe' * 32}
its key       "Example images" (abababababababab), images.pem
store """, "each image of a stack, with its key")
has(status(dict(RECORD, stores=[
    dict(RECORD["store"], device=None, named="LABEL=updates"),
    RECORD["store"]]))[2], f"""
store         not there (LABEL=updates), ext4, /composefs, journal replayed
store         /dev/vda1 (LABEL=rootwright), ext4, /composefs, journal replayed
init """, "each store")
limited = dict(RECORD["image"], paths="/opt /srv", signed_by=None)
STACK = dict(RECORD, image=limited, images=[limited, below, RECORD["image"]])
BOTH = f"composefs={DIGEST} composefs={'fe' * 32}"
code, doc, out, err = status(STACK, cmdline=BOTH)
has(out, f"""
              it has nothing beside /opt /srv
over          sha256:{'fe' * 32}
              it may replace whatever is below it
its key       "Example images" (abababababababab), images.pem
over          sha256:{DIGEST}
its key """, "what each may have")

code, doc, out, err = status(
    RELEASE, MOUNTS + ["40 31 0:40 / /etc rw - overlay overlay rw"],
    cmdline="quiet")
equal((code, doc["status"]), (1, "weaker"),
      "the command line named the image, and does not any more")
release = changed(RELEASE, image__named_by="release")
code, doc, out, err = status(
    release, MOUNTS + ["40 31 0:40 / /etc rw - overlay overlay rw"],
    cmdline="quiet")
equal((code, err, doc["status"]), (0, "", "verified"), "a release: verified")
for words in (
        'release key   "Example images" (abababababababab), images.pem',
        "release       web 2.0: sequence 20, rollback_index 15",
        "roll-back     floor 15 (stored 15): against mistakes; floor 10, in "
        "the initramfs: against whoever writes the disk",
        "skipped       3.0 [tries-used]: release: web 3.0: no try is left?[2J",
        "state         release 1.0 was declared good; 2 tries left of this one",
        "TROUBLE       state: on fire",
        "objects       measure: 1234 checked before the hand-off",
        "writable      /etc: overlay, /dev/vdb, rw,nosuid,nodev",
        "              a factory reset: what was there is state.reset-1 now",
        "unverified    /etc",
        "kernel        same: 6.12.0-test",
        "command line  same: names no image, as recorded"):
    has(out, words + "\n", words)
equal(out.count("skipped"), 1, "what was booted was not skipped, nor what is older")

transient = changed(release, mounts=[
    {"target": "/", "type": "overlay", "source": "memory", "options": "rw"}])
code, doc, out, err = status(
    transient, ["31 1 0:27 / / rw - overlay rootwright rw,index=off"],
    cmdline="quiet")
equal(code, 0, "root=transient: exit code 0")
has(out, "root          unknown: an overlay in memory, as recorded; the "
    "verified root is below it, out of reach\n", "it cannot be asked")

weak = changed(RECORD, weakened=["a development key is trusted"],
               development_key=dict(KEY, development=True),
               arguments=["init=/bin/sh"])
code, doc, out, err = status(weak)
equal((code, doc["status"]), (0, "weakened"),
      "weakened, as recorded: exit code 0")
for words in ("status        weakened, as the boot recorded",
              "WARNING       a DEVELOPMENT key is trusted: whoever has the "
              "source can sign for this system",
              "weakened      a development key is trusted",
              "arguments     init=/bin/sh"):
    has(out, words + "\n", words)
code, doc, out, err = status(
    changed(RECORD, weakened=["composefs=?: x"]),
    [ROOT.replace(",verity=require", "")])
equal((code, doc["status"]), (0, "weakened"),
      "objects that are not verified, as recorded")

# --- weaker ---------------------------------------------------------------


def weaker(name, check, sentence, *args, **kwargs):
    code, doc, out, err = status(*args, **kwargs)
    equal((code, doc["status"]), (1, "weaker"), f"{name}: exit code 1")
    equal(err, f"rootwright: status: {check}: {sentence}\n",
          f"{name}: the sentence")
    ok({"name": check, "result": "weaker", "message": sentence}
       in doc["checks"], f"{name}: in the document", json.dumps(doc))
    has(out, "status        WEAKER than the boot recorded: do not trust this "
        "system\n", f"{name}: the first line")
    has(out, f"{check:13} weaker: {sentence}\n", f"{name}: its line")


weaker("a record that others can write", "boot record",
       "expected a file that only root can write, found one that others can",
       RECORD, mode=0o666)
weaker("another kernel (kexec)", "kernel",
       "expected 6.12.0-test, as recorded, found 6.13.0", release,
       MOUNTS, "quiet", "6.13.0")
weaker("another kernel than the one recorded", "kernel",
       "expected 6.11.1, as recorded, found 6.12.0-test",
       changed(RECORD, kernel={"release": "6.11.1"}))
other = "f" * 64
weaker("another image on the command line", "command line",
       f"expected composefs={DIGEST}, as recorded, found {other}", RECORD,
       cmdline=f"composefs={other}")
weaker("none", "command line",
       f"expected composefs={DIGEST}, as recorded, found none", RECORD,
       cmdline="quiet")
weaker("a command line that nobody boots with", "command line",
       f"cmdline: composefs=: expected different images, found '{DIGEST}' "
       "(64 characters)", RECORD,
       cmdline=f"composefs={DIGEST} composefs={DIGEST}")
weaker("a root without verity", "root",
       "expected verity=require at /, found ro,metacopy=on", RECORD,
       ["31 1 0:27 / / ro - overlay overlay ro,metacopy=on"])
weaker("verity=on is not require", "root",
       "expected verity=require at /, found ro,verity=on", RECORD,
       ["31 1 0:27 / / ro - overlay overlay ro,verity=on"])
weaker("a root that can be written", "root",
       "expected / to be read-only, found it writable", RECORD,
       ["31 1 0:27 / / rw - overlay overlay rw,verity=require"])
weaker("another file system", "root",
       "expected an overlay of the image and its objects at /, found ext4",
       RECORD, ["31 1 8:1 / / ro - ext4 /dev/sda1 ro"])
weaker("something over the root", "root",
       "expected one mount at /, found tmpfs over it", RECORD,
       MOUNTS + ["50 31 0:50 / / rw - tmpfs tmpfs rw"])
weaker("no root at all", "root",
       f"expected a mount at / in {T}/proc/self/mountinfo, found none",
       RECORD, MOUNTS[1:])
for at in ("/usr", "/usr/lib/modules", "/etc", "/bin", "/etc/systemd/system"):
    weaker(f"something over {at}", "mounts",
           f"expected nothing mounted at {at} but what is recorded, found "
           "tmpfs", RECORD, MOUNTS + [f"50 31 0:50 / {at} rw - tmpfs tmpfs rw"])
weaker("something over the /etc that the boot mounted", "mounts",
       "expected nothing mounted at /etc but what is recorded, found tmpfs",
       release, MOUNTS + ["40 31 0:40 / /etc rw - overlay overlay rw",
                          "41 40 0:50 / /etc rw - tmpfs tmpfs rw"], "quiet")
code, doc, out, err = status(
    RECORD, MOUNTS + ["50 31 0:50 / /usrlocal rw - tmpfs tmpfs rw"])
equal(code, 0, "/usrlocal is not /usr")
weaker("a record without the image", "image",
       "expected its digest in the record, found none",
       changed(RECORD, image__digest="x", image__named_by="policy"),
       cmdline="quiet")

os.makedirs(f"{T}/store/objects/01")
path = f"objects/01/{DIGEST[2:]}"
weaker("no image in the store", "image",
       f"{T}/store/{path}: No such file or directory", RECORD,
       extra=("--store", f"{T}/store"))
stack = dict(RECORD, images=[RECORD["image"], below])
weaker("none in two stores", "image",
       f"{T}/other/{path}: No such file or directory", RECORD,
       extra=("--store", f"{T}/store", "--store", f"{T}/other"))
weaker("other images below", "command line",
       f"expected composefs={'fe' * 32}, as recorded, found none", stack)
weaker("one more", "command line",
       f"expected no other composefs=, as recorded, found {'fe' * 32}",
       RECORD, cmdline=BOTH)
has(status(stack, cmdline=BOTH)[2],
    "command line  same: names these images\n", "the command line names both")
write(f"store/{path}", "x")
code, doc, out, err = status(RECORD, extra=("--store", f"{T}/store"))
equal(code, 1, "an image without fs-verity in the store: exit code 1")
has(err, f"image: {T}/store/{path}: expected fs-verity, found none: ",
    "the sentence")

# --- no record ------------------------------------------------------------

os.unlink(f"{T}/boot.json")
code, out, err = run(ROOTWRIGHT, "status", "--boot-record", f"{T}/boot.json")
equal((code, out), (1, ""), "no record: exit code 1")
equal(err.splitlines()[0], f"rootwright: {T}/boot.json: expected the record "
      "of a verified boot, found no file", "the sentence")
write("boot.json", '{"format":"rootwright-boot-1","format":"x"}')
code, out, err = run(ROOTWRIGHT, "status", "--boot-record", f"{T}/boot.json")
equal((code, out), (1, ""), "a key twice: exit code 1")
code, out, err = run(ROOTWRIGHT, "status", "nonsense")
equal(code, 2, "an argument: exit code 2")
run("rm", "-rf", T)
done()
