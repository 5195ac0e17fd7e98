#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real Debian 13, with systemd, whose /etc and /var are kept: the first boot
gives it a machine ID, and the next one has the same; where they are in memory,
each boot has another. No unit fails over what is mounted where. What a boot
loader says on the side (credentials) comes to nothing."""
import base64
import os
import re
import sys

sys.path[:0] = ["tests/lib", "tests/boot"]
import base  # noqa: E402
import vm  # noqa: E402
from tap import B, CACHE, ROOTWRIGHT, done, equal, kernel, note, ok, skip_all

if os.geteuid() != 0:
    skip_all("the tree has files of other owners: needs root")
if base.missing() or not os.path.exists(f"{CACHE}/trixie-demo.tar"):
    skip_all(base.missing() or f"no tree in {CACHE}: make deps fetches it")

T = base.DIR
TREE, STORE, STATE = f"{T}/tree", f"{T}/store", f"{T}/state.img"
SLIPPED = base64.b64encode(b"f /run/slipped - - - - x\n").decode()
UNIT = """\
[Unit]
After=multi-user.target
[Service]
Type=idle
StandardOutput=tty
TTYPath=/dev/ttyS1
ExecStart=/bin/sh -c 'echo "ID $(cat /etc/machine-id)"; \
echo "NEW $(ls /var/new /etc/new)"; touch /var/new /etc/new; \
echo "FAILED $(systemctl --failed --plain --no-legend | cut -d " " -f 1)"; \
echo CREDENTIALS $(find /run/credentials/@* /run/slipped); \
findmnt -n -o TARGET,FSTYPE,OPTIONS /etc /var; sync; \
systemctl --force --force poweroff'
"""

base.run("rm", "-rf", T)
os.makedirs(TREE)
base.run("tar", "-C", TREE, "--numeric-owner", "-xpf",
         f"{CACHE}/trixie-demo.tar")
units = f"{TREE}/etc/systemd/system"
with open(f"{units}/tell.service", "w", encoding="ascii") as f:
    f.write(UNIT)
os.makedirs(f"{units}/multi-user.target.wants", exist_ok=True)
os.symlink("../tell.service", f"{units}/multi-user.target.wants/tell.service")
# It has no kernel modules, and nobody logs in.
for unit in "systemd-modules-load.service", "serial-getty@ttyS0.service":
    os.symlink("/dev/null", f"{units}/{unit}")
digest = base.run(ROOTWRIGHT, "build", "--store", STORE, "--for-boot",
                  TREE).strip()
base.run(ROOTWRIGHT, "disk", "--store", STORE, "--output", f"{T}/disk.img")
base.run("rm", "-rf", TREE, STORE)
base.run("mke2fs", "-q", "-t", "ext4", "-L", "state", STATE, "64M")


def boot(name, conf, pid1=False):
    """One boot; returns the machine ID."""
    os.makedirs(f"{T}/config", exist_ok=True)
    with open(f"{T}/config/boot.conf", "w", encoding="ascii") as f:
        f.write(base.CONF + conf)
    vmlinuz, modules = kernel()
    base.run("initrd/mkinitrd", "--force", "--modules", modules, "--boot",
             f"{B}/rootwright-boot", "--launcher",
             f"{B}/rootwright-{'load' if pid1 else 'launch'}",
             "--config", f"{T}/config", "--drivers", "virtio_pci virtio_blk",
             *["--pid1"] * pid1,
             "--output", f"{T}/initrd")
    out = vm.boot(vmlinuz, f"{T}/initrd", "console=ttyS0 quiet panic=-1 "
                  f"no_timer_check systemd.log_level=err composefs={digest} "
                  "systemd.set_credential_binary=tmpfiles.extra:" + SLIPPED,
                  [f"{T}/disk.img"], extra=[
                      "-drive", f"file={STATE},if=none,id=s,format=raw",
                      "-device", "virtio-blk-pci,drive=s"])
    found = out.said("ID")
    if not ok(found and re.fullmatch("[0-9a-f]{32}", found[0]),
              f"{name}: it has a machine ID", out.witness):
        note(out.console[-4000:])
    equal(out.said("FAILED"), [""], f"{name}: no unit failed")
    equal(out.said("CREDENTIALS"), ["/run/credentials/@system"],
          f"{name}: no credentials")
    return found, out.said("NEW")


KEPT = "etc=overlay\nvar=bind\nstate=LABEL=state\n"
first, new = boot("the first boot", KEPT)
equal(new, [""], "nothing was kept yet")
equal(boot("the second boot", KEPT), (first, ["/etc/new"]),
      "it has the same, and what was written")
other, _ = boot("in memory, without busybox", "", pid1=True)
ok(other != first, "another one", str(other))
base.run("rm", "-rf", T)
done()
