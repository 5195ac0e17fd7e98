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

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro", "tests/uki"]
import tap  # noqa: E402
import uki  # noqa: E402
from attack import Disk  # noqa: E402

why = uki.missing()
if why or os.geteuid():
    tap.skip_all(why or "dracut in a chroot: needs root")
DISK = f"{uki.DIR}/out/disk.img"
ESP = f"{DISK}@@1M"
VERIFIED = "rootwright-boot: verified root: release web "
REFUSED = "rootwright-boot: refused ["
# Version 2 keeps /var on the disk's third partition; lockdown=yes wants to
# hear that this is meant.
KEEPS = """\
trust=release
release=web
store=PARTLABEL=web
lockdown=yes
state=PARTLABEL=state
state_trusted=yes
var=bind
"""


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
    """Versions 2 to 4: one that works, with an initramfs by dracut, one that
    finds itself bad, and one that will be damaged."""
    old = set(os.listdir(f"{uki.DIR}/out/store/objects"))
    uki.version(2, {"etc/issue": "The second version. " * 10,
                    "etc/rootwright/boot.conf": KEEPS})
    tap.ok(old, "there is a store")
    uki.dracut(2, "initrd-2.img")
    said = uki.follow("7. An update", [("initrd.img", "initrd-2.img")],
                      ROLLBACK_INDEX="2")
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
    tap.has(machine.console, "Running in initrd",
            "systemd is in the initramfs of version 2")
    tap.equal([words for words in machine.said("VAR") if words[0] == "2"],
              ["2 ext4 1"], "and its /var is on the third partition")
    tap.equal(machine.said("FAILED"), [], "no unit has failed")
    tap.ok("CREDENTIALS\n" in machine.witness and
           "CREDENTIALS/" not in machine.witness,
           "and nothing came of a credential from SMBIOS", machine.witness)


def booted(machine, versions):
    if not tap.equal(machine.said("BOOT"), versions,
                     f"the versions that came up: {' '.join(versions)}"):
        tell(machine)


def uki_file(n):
    return f"{uki.DIR}/out/uki/web_{n}.efi"


def to_esp(disk, path, *targets):
    """Copies a file onto the ESP."""
    for target in targets:
        for n in range(2, len(target.split("/"))):
            tap.run("mmd", "-D", "s", "-i", f"{disk}@@1M",
                    "::" + "/".join(target.split("/")[:n]))
        uki.run("mcopy", "-o", "-i", f"{disk}@@1M", path, f"::{target}")


def fall_back(store):
    """Two updates that are no good: the image of 4 is damaged, and 3 finds
    itself bad when it is up. Nobody touches the machine."""
    for n in (3, 4):
        to_esp(DISK, uki_file(n), f"/EFI/Linux/web_{n}+1.efi")
    to_esp(DISK, f"{uki.DIR}/slipped.cred", "/loader/credentials/a.cred",
           "/EFI/Linux/web_2.efi.extra.d/tmpfiles.extra.cred")
    image = digest(4)
    disk = Disk(DISK)
    disk.start = store["start"] * 512
    disk.flip(f"/composefs/objects/{image[:2]}/{image[2:]}", 5000)
    uki.plan("[ $version != 2 ] || systemctl poweroff\n")
    machine = uki.boot([DISK], f"{uki.DIR}/variables")
    said = machine.console
    tap.has(said, "release 4 skipped [image-mismatch]",
            "the damaged version is refused")
    tap.has(said, f"{REFUSED}release-none]", "and nothing in its place")
    tap.ok(f"{VERIFIED}4," not in said, "it never gets so far as to start")
    tap.has(said, f"{VERIFIED}3, image {digest(3)}",
            "the one that finds itself bad is verified and comes up")
    tap.has(said, "check.service", "and finds itself bad")
    booted(machine, ["2"])
    tap.equal(machine.said("UKI")[-4:], [
        "2 web_1.efi", "2 web_2.efi", "2 web_3+0-1.efi", "2 web_4+0-1.efi"],
        "both have used up their tries")
    tap.equal([words for words in machine.said("VAR") if words[0] == "2"],
              ["2 ext4 2"], "what was in /var is still there")
    tap.ok("CREDENTIALS\n" in machine.witness and
           "CREDENTIALS/" not in machine.witness,
           "and nothing came of credentials on the ESP", machine.witness)


def addon(name, words, signed):
    path = f"{uki.DIR}/{name}.addon.efi"
    argv = ["ukify", "build", "--cmdline", words, "--output", path, "--stub",
            f"{uki.DIR}/ukify/usr/lib/systemd/boot/efi/addonx64.efi.stub"]
    if signed:
        argv += ["--secureboot-private-key", "secrets/secure-boot.key",
                 "--secureboot-certificate", "secrets/secure-boot.pem"]
    uki.run(f"{uki.DIR}/bin/{argv[0]}", *argv[1:], env=uki.environment())
    return path


def copy(name):
    path = f"{uki.DIR}/{name}.img"
    uki.run("cp", "--sparse=always", DISK, path)
    return path


def bare(name, kernel):
    """A disk that has this as the program that firmware starts."""
    path = f"{uki.DIR}/{name}.img"
    uki.run("/sbin/mkfs.vfat", "-C", "-F", "32", path, "65536")
    uki.run("mmd", "-i", path, "::/EFI", "::/EFI/BOOT")
    uki.run("mcopy", "-i", path, kernel, "::/EFI/BOOT/BOOTX64.EFI")
    return path


def cut(name, change):
    """The UKI of version 2, changed."""
    path = f"{uki.DIR}/{name}.efi"
    with open(uki_file(2), "rb") as f, open(path, "wb") as g:
        g.write(change(f.read()))
    return path


def other_digest(data):
    """Another image in the signed command line."""
    wanted, other = digest(2).encode(), digest(1).encode()
    assert data.count(wanted) == 1
    return data.replace(wanted, other)


def not_signed():
    """Two disks with kernels that nobody signed, before one that boots; and
    arguments from everywhere that can have some."""
    unsigned = f"{uki.DIR}/unsigned.efi"
    uki.run("cp", uki_file(2), unsigned)
    uki.run("sbattach", "--remove", unsigned)
    disk = copy("arguments")
    evil = addon("evil", "init=/bin/sh", False)
    to_esp(disk, evil, "/loader/addons/evil.addon.efi",
           "/EFI/Linux/web_2.efi.extra.d/evil.addon.efi")
    to_esp(disk, uki.write("evil.conf", "title evil\nefi /EFI/Linux/web_2.efi\n"
                           "options init=/bin/sh console=ttyS0\n"),
           "/loader/entries/evil.conf")
    to_esp(disk, uki.write("loader.conf", "timeout 0\ndefault evil.conf\n"),
           "/loader/loader.conf")
    machine = uki.boot(
        [bare("unsigned", unsigned),
         bare("altered", cut("altered", other_digest)), disk],
        f"{uki.DIR}/variables", f"{VERIFIED}2")
    refused = re.findall(r"failed to load Boot\d+ .*Access Denied",
                         machine.console)
    tap.ok(len(refused) == 2, "firmware refuses both", machine.console)
    tap.equal(re.findall(r"Command line: (.*)", machine.console),
              [f"composefs={digest(2)} {uki.ARGUMENTS}"],
              "the kernel's arguments are the signed ones, and no other")
    return disk


def refused(disk, variables, smbios, words, name):
    machine = uki.boot([disk], variables, "rootwright-boot: reboot in",
                       smbios)
    tap.has(machine.console, words, name)
    tap.ok(VERIFIED not in machine.console and REFUSED in machine.console,
           "and no root", machine.console[-4000:])


def let_in(disk):
    """Arguments that get through: systemd's stub takes those of SMBIOS with
    Secure Boot, too, and add-ons that are signed; without it, everything."""
    credentials = "systemd.import_credentials=yes"
    weak = ("release 2 skipped [lockdown]: cmdline: expected nothing that "
            "weakens the system under lockdown=yes, found 'init=/bin/sh', "
            "which is not in the release's kernel_arguments=")
    refused(DISK, f"{uki.DIR}/variables",
            f"io.systemd.stub.kernel-cmdline-extra={credentials}",
            weak.replace("init=/bin/sh", credentials),
            "what SMBIOS adds is refused")
    older = copy("older")
    uki.run("mdel", "-i", f"{older}@@1M", "::/EFI/Linux/web_2.efi")
    refused(older, f"{uki.DIR}/variables", "", "release 1 skipped [rollback]",
            "the first version, after the second was declared good, is")
    signed = copy("signed")
    to_esp(signed, addon("more", f"composefs={digest(1)}", True),
           "/EFI/Linux/web_2.efi.extra.d/more.addon.efi")
    refused(signed, f"{uki.DIR}/variables", "", f"{REFUSED}release-none]",
            "a second image, by an add-on that is signed, is refused")
    for variable in ("PK", "KEK", "db"):
        uki.run("mdel", "-i", f"{disk}@@1M",
                f"::/loader/keys/auto/{variable}.auth")
    uki.run("cp", uki.OVMF % "VARS_4M", "off.fd")
    refused(disk, f"{uki.DIR}/off.fd", "", weak.replace(
        "release 2", "release 4"), "so are a boot entry's, without Secure Boot")


def main():
    parts = build()
    updates()
    first_boots()
    fall_back(parts[1])
    let_in(not_signed())
    tap.done()


main()
