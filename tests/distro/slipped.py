# SPDX-License-Identifier: MIT
"""What a hypervisor, firmware or a boot loader may tell systemd besides the
kernel's command line: credentials, which newer versions make units, drop-ins,
mounts and users of. Neither the initramfs nor the system may have them."""
import base64

import tap

SAY = "echo PWN''ED >/dev/kmsg; touch /run/slipped-unit"
PULL = "[Unit]\nWants=slipped.service\n"
CREDENTIALS = {
    "systemd.extra-unit.slipped.service":
    "[Unit]\nDefaultDependencies=no\n"
    f"[Service]\nType=oneshot\nExecStart=/bin/sh -c \"{SAY}\"\n",
    **{f"systemd.unit-dropin.{unit}": PULL for unit in (
        "initrd.target", "sysinit.target", "multi-user.target")},
    "systemd.unit-dropin.rootwright.service~slipped":
    "[Service]\nExecStart=\nExecStart=/bin/true\n",
    "fstab.extra": "tmpfs /mnt tmpfs\n"
                   "/dev/vda1 /sysroot ext4 x-initrd.mount 0 0\n",
    "tmpfiles.extra": "f /run/slipped-file - - - - x\n",
    "sysctl.extra": "kernel.domainname=slipped\n",
    "sysusers.extra": "u slipped 4711\n",
    "passwd.plaintext-password.root": "slipped",
    "ssh.authorized_keys.root": "ssh-ed25519 AAAA slipped\n",
    "udev.rules.slipped":
    f'KERNEL=="null", RUN+="/bin/sh -c \'{SAY}\'"\n',
    "system.hostname": "slipped",
    "system.machine_id": "5" * 32,
}

# By the kernel's command line, too; the initramfs does not see that, and the
# system does not look there, when the initramfs was systemd's own.
ARGUMENTS = "systemd.set_credential=tmpfiles.extra:x " \
            "systemd.import_credentials=yes"

# Sourced by the witness: what of it can be seen.
STEPS = """\
step credentials sh -c 'find /run/credentials/@*'
step slipped sh -c '
	ls -d /run/slipped-* /run/systemd/generator*/slipped* \\
		/run/systemd/generator*/*.d/*credential* \\
		/root/.ssh/authorized_keys /run/udev/rules.d/*
	systemctl show --value -p LoadState slipped.service | grep -v not-found
	grep -r slipped /etc/passwd /etc/hostname /proc/sys/kernel/domainname \\
		/proc/sys/kernel/hostname
	grep 5555555555555555 /etc/machine-id
	findmnt /mnt'
step end pgrep rootwright-end
"""


def machine():
    """What QEMU hands over, in both ways that it has."""
    argv = []
    for name, text in CREDENTIALS.items():
        data = base64.b64encode(text.encode()).decode()
        argv += ["-smbios", "type=11,value=io.systemd.credential.binary:"
                 f"{name}={data}"]
    return argv + ["-fw_cfg", "name=opt/io.systemd.credentials/"
                   "tmpfiles.extra,string=f /run/slipped-file - - - - x"]


def judge(name, out, saw):
    """Nothing of that has come to anything."""
    tap.equal(saw.get("credentials"), (0, "/run/credentials/@system"),
              f"{name}: the system has got no credentials")
    words = (saw.get("slipped") or (0, "nothing"))[1]
    left = [line for line in words.splitlines()
            if "No such file or directory" not in line]
    tap.equal(left, [], f"{name}: and nothing was made of them")
    tap.ok("PWNED" not in out.console, f"{name}: nor did one of them run")
    tap.equal(saw.get("end"), (1, ""),
              f"{name}: the initramfs' deadline is over")
