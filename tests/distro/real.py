# SPDX-License-Identifier: MIT
"""What real trees have besides plain files, put into one; and a tree without
systemd."""
import os
import shutil

import distro
from tap import ROOTWRIGHT, equal, has, ok

HERE = "usr/lib/rootwright-test"
BIG = (4 << 30) + 12345  # the size of a file, a hole but for its end
FILES = 60000
LABEL = "system_u:object_r:shadow_t:s0"
# Sourced by the witness; nobody is 65534.
STEPS = f"""\
cd /{HERE}
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
step files sh -c 'find many -type f | wc -l'
step file cat many/599/99
step setuid $nobody ./setuid-cat secret
step plain $nobody ./cat secret
step capable $nobody ping -c 1 -W 5 127.0.0.1
step getcap getcap /usr/bin/ping
step label getfattr -n security.selinux labelled
step links cmp hard-a hard-b
step node stat -c '%F %t:%T' node
step fifo stat -c %F fifo
step size stat -c %s big
step first sh -c ': <big'
step tail tail -c 4 big
step middle sh -c 'tail -c 1000000000 big 2>/dev/null | head -c 1000000 |
	tr -d "\\0" | wc -c'
"""


def put_in(tree):
    """Makes all of it below /usr/lib/rootwright-test."""
    here = f"{tree}/{HERE}"
    for n in range(FILES // 100):
        os.makedirs(f"{here}/many/{n}")
        for m in range(100):
            # One in ten is an object, the others fit into the image.
            text = f"{n} {m}\n" * (1 if m % 10 else 40)
            with open(f"{here}/many/{n}/{m}", "w", encoding="ascii") as f:
                f.write(text)
    distro.write(f"{here}/secret", "for root only\n" * 10, 0o600)
    for name, mode in (("cat", 0o755), ("setuid-cat", 0o4755)):
        shutil.copy(f"{tree}/usr/bin/cat", f"{here}/{name}")
        os.chmod(f"{here}/{name}", mode)
    distro.run("setcap", "cap_net_raw+ep", f"{tree}/usr/bin/ping")
    # Sockets for pings of unprivileged users would do without it.
    distro.write(f"{tree}/etc/sysctl.d/no-ping.conf",
                 "net.ipv4.ping_group_range = 1 0\n")
    distro.write(f"{here}/labelled", "labelled\n" * 20)
    os.setxattr(f"{here}/labelled", "security.selinux", LABEL.encode())
    distro.write(f"{here}/hard-a", "one file, two names\n" * 10)
    os.link(f"{here}/hard-a", f"{here}/hard-b")
    os.mknod(f"{here}/node", 0o020600, os.makedev(1, 3))
    os.mkfifo(f"{here}/fifo")
    with open(f"{here}/big", "wb") as f:
        f.truncate(BIG - 4)
        f.seek(BIG - 4)
        f.write(b"END\n")
    distro.write(f"{here}/steps/real", STEPS, 0o755)


def judge(out):
    """What the witness saw of it."""
    saw = distro.steps(out)

    def step(name):
        return saw.get(name, (None, "nothing"))

    equal(step("files"), (0, str(FILES)), f"{FILES} files")
    equal(step("file"), (0, "599 99"), "the last of them")
    has(step("setuid")[1], "for root only", "a setuid program works")
    ok(step("plain")[0] == 1, "the same one without the bit does not",
       step("plain"))
    equal(step("capable")[0], 0, "ping works by its file capability")
    has(step("getcap")[1], "cap_net_raw", "which can be seen")
    has(step("label")[1], f'security.selinux="{LABEL}"', "a security label")
    equal(step("links")[0], 0, "two names of one file")
    equal(step("node"), (0, "character special file 1:3"), "a device node")
    equal(step("fifo"), (0, "fifo"), "a FIFO")
    equal(step("size"), (0, str(BIG)), "a file of more than 4 GiB")
    # Linux 6.12's overlayfs opens an object for the first time without
    # O_LARGEFILE, to have its fs-verity loaded: with more than 2 GiB that
    # fails (and is done), and so does the open; the next one does not.
    ok(step("first")[0] == 0 or "Input/output error" in step("first")[1],
       "it can be opened, the second time at least", step("first"))
    equal(step("tail"), (0, "END"), "its end")
    equal(step("middle"), (0, "0"), "and its middle")


INITTAB = "::sysinit:/etc/witness\n::shutdown:/bin/true\n"
WITNESS = """\
#!/bin/sh
exec >/dev/ttyS1 2>&1 </dev/null
step() { echo "begin $1"; name=$1; shift; "$@"; echo "end $name $?"; }
step init cat /proc/1/comm
step root grep ' / ' /proc/mounts
step write touch /written
step over true
poweroff -f
"""


def busybox(d, initrd):
    """A tree with a static busybox and nothing else, by the same initramfs."""
    tree, store = f"{d.dir}/busybox", f"{d.dir}/busybox.store"
    os.makedirs(f"{tree}/bin")
    shutil.copy("/bin/busybox", f"{tree}/bin/busybox")
    for name in ("sh", "cat", "grep", "touch", "true", "poweroff"):
        os.symlink("busybox", f"{tree}/bin/{name}")
    os.makedirs(f"{tree}/sbin")
    os.symlink("../bin/busybox", f"{tree}/sbin/init")
    # systemd switches to no root without it.
    distro.write(f"{tree}/etc/os-release", "ID=busybox\nNAME=Busybox\n")
    distro.write(f"{tree}/etc/inittab", INITTAB)
    distro.write(f"{tree}/etc/witness", WITNESS, 0o755)
    digest = distro.run(ROOTWRIGHT, "build", "--for-boot", "--store", store,
                        tree).strip()
    disk = f"{d.dir}/busybox.img"
    distro.run(ROOTWRIGHT, "disk", "--store", store, "--output", disk)
    out = d.boot(initrd, f"composefs={digest}", disk=disk)
    saw = distro.steps(out)
    equal(saw.get("init"), (0, "init"), "busybox: its init is PID 1")
    has(saw.get("root", (0, ""))[1], "overlay", "busybox: on the overlay")
    ok(saw.get("write", (0, ""))[0], "busybox: which cannot be written",
       out.console[-2000:] + out.witness)
    equal(out.end, "poweroff", "busybox: the machine powers off")
