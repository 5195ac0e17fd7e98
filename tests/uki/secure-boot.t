#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/guide-secure-boot.md, followed from the first block to the last, and
then what somebody might do to such a machine: a disk of several partitions,
firmware that enforces Secure Boot, an update that stays, two that come back by
themselves, kernels that are not signed, and arguments that are slipped in."""
import json
import os
import re
import sys

sys.path[:0] = ["tests/lib", "tests/uki"]
import tap  # noqa: E402
import uki  # noqa: E402

why = uki.missing()
if why:
    tap.skip_all(why)
DISK = f"{uki.DIR}/out/disk.img"
ESP = f"{DISK}@@1M"
VERIFIED = "rootwright-boot: verified root: release web "
REFUSED = "rootwright-boot: refused ["


def digest(n):
    """The image of version n."""
    with open(f"{uki.DIR}/out/store/releases/web/{n}/manifest",
              encoding="ascii") as f:
        return re.search(r"images=\"?([0-9a-f]{64})", f.read())[1]


def tell(machine):
    """When something is wrong, what the machine said."""
    tap.note("\n".join(machine.console.splitlines()[-60:]))
    tap.note(machine.witness)


def build():
    uki.prepare()
    for step in ("1. Keys", "2. The policy", "3. The tree",
                 "4. The initramfs", "5. The disk"):
        uki.follow(step)
    table = json.loads(uki.run("/sbin/sfdisk", "--json", DISK))
    parts = table["partitiontable"]["partitions"]
    tap.equal([(p["name"], p["type"]) for p in parts], [
        ("esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"),
        ("web", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"),
        ("state", "0FC63DAF-8483-4772-8E79-3D69D8477DE4")],
        "three partitions, of which only the ESP is of a type of its own")
    code, _, err = tap.run(tap.ROOTWRIGHT, "check", DISK)
    tap.ok(code == 0, "the store on it is whole", err)
    return parts


def updates():
    """Versions 2 to 4: one that works, one that finds itself bad, and one
    that will be damaged."""
    old = set(os.listdir(f"{uki.DIR}/out/store/objects"))
    uki.version(2, {"etc/issue": "The second version. " * 10})
    tap.ok(old, "there is a store")
    said = uki.follow("7. An update")
    new = re.search(r"store: (\d+) objects new", said)
    tap.ok(new and int(new[1]) <= 3,
           "an update adds the objects that are new, and no other", said)
    uki.version(3, {
        "etc/systemd/system/check.service":
        "[Unit]\nFailureAction=reboot\n"
        "[Service]\nType=oneshot\nExecStart=/bin/false\n",
        "etc/systemd/system/rootwright-bless.service.d/check.conf":
        "[Unit]\nRequires=check.service\nAfter=check.service\n"})
    uki.version(4, {"etc/issue": "The fourth version. " * 10})
    for n in (3, 4):
        uki.update(n)


def first_boots():
    """Setup mode; version 1 with Secure Boot; the update; version 2."""
    device = uki.commands("7. An update", "sh device")
    more = "".join(line for line in device.splitlines(True)
                   if not re.search("reboot|/efi|mkdir", line))
    uki.plan(f"""
case $version in
1)
	set -e
	{device} ;;
2)
	mkdir -p /run/store
	{more.replace("web 2", "web 3").replace("--release", "--release web 4 --release", 1)}
	systemctl poweroff ;;
esac
""")
    uki.follow("6. Try it")
    machine = uki.Machine()
    tap.has(machine.console, "Custom Secure Boot keys successfully enrolled",
            "systemd-boot enrolls the keys")
    tap.has(machine.console, "secureboot: Secure boot enabled",
            "then Secure Boot is enforced")
    booted(machine, ["1", "2"])
    tap.equal(machine.said("UKI"), ["1 web_1.efi", "2 web_1.efi",
                                    "2 web_2.efi"],
              "the update needs no tries any more, version 1 is still there")
    tap.ok("LOCKDOWN none [integrity]" in machine.witness,
           "the kernel is locked down")
    for n in (1, 2):
        tap.has(machine.console, f"{VERIFIED}{n}, image {digest(n)}",
                f"version {n} is verified")
    tap.equal(machine.said("FAILED"), [], "no unit has failed")


def booted(machine, versions):
    if not tap.equal(machine.said("BOOT"), versions,
                     f"the versions that came up: {' '.join(versions)}"):
        tell(machine)


def main():
    build()
    updates()
    first_boots()
    tap.done()


main()
