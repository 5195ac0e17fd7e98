# SPDX-License-Identifier: MIT
"""A Debian of a suite, as mmdebstrap made it for make deps, with rootwright
installed: its own dracut builds the initramfs inside, rootwright the image,
the store and the disk outside; and boots of that in QEMU.

Everything is made under $B/distro/SUITE, anew in each run."""
import glob
import os
import re
import shutil
import sys

import cpio
import slipped
import tap
import vm

KERNEL = "trixie-6.12"
CONF = """\
trust=digest
store=LABEL=rootwright
on_failure=reboot
failure_delay=1
"""
# Sourced by the witness: journals of how many boots; how it was blessed.
KEPT = """\
step boots sh -c 'journalctl --quiet --list-boots | wc -l'
step var findmnt --raw --noheadings --output FSTYPE,OPTIONS /var
step etc findmnt --raw --noheadings --output FSTYPE /etc
"""
BLESSED = """\
step bless systemctl is-active rootwright-bless.service
step complete systemctl start boot-complete.target
step order sh -c 'for unit in rootwright-bless.service boot-complete.target; do
	systemctl show --value -p ActiveEnterTimestampMonotonic $unit
done | sort -nc'
"""
vm.LIMIT = 1500  # a whole system, emulated, on a busy machine

# What a chroot needs to run dracut in, in a mount namespace of its own.
CHROOT = """\
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/dev"
mknod -m 666 "$1/dev/null" c 1 3
mknod -m 666 "$1/dev/zero" c 1 5
mknod -m 666 "$1/dev/urandom" c 1 9
ln -s /proc/self/fd "$1/dev/fd"
for dir in tmp var/tmp run; do mount -t tmpfs tmpfs "$1/$dir"; done
mkdir "$1/run/out"
mount --bind "$2" "$1/run/out"
chroot=$1
shift 2
exec chroot "$chroot" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


def run(*argv, **kwargs):
    """A command that has to work; returns its stdout."""
    code, out, err = tap.run(*argv, **kwargs)
    if code:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit {code}\n"
                           f"{out}{err}")
    return out


def missing(suite, kind="dracut"):
    """Why this cannot run here, or nothing."""
    if not shutil.which("qemu-system-x86_64"):
        return "no qemu-system-x86_64: make deps installs it"
    if not tap.kernel(KERNEL):
        return f"no kernel {KERNEL} in {tap.CACHE}: make deps fetches it"
    if not os.path.exists(f"{tap.CACHE}/{suite}-{kind}.tar"):
        return (f"no {suite}-{kind}.tar in {tap.CACHE}: make deps could not "
                "fetch it")
    if os.geteuid():
        return "files of other owners: needs root"
    return ""


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


class Distro:
    """A tree with rootwright in it, and what becomes of it."""

    maker = "dracut"
    failures = ("ERROR", "[E]", "FAILED")  # what it says of its own

    def __init__(self, suite, name=None, kind="dracut"):
        self.suite, self.dir = suite, f"{tap.B}/distro/{name or suite}"
        self.state, self.release_name, self.said = None, None, ""
        self.tree = f"{self.dir}/tree"
        self.vmlinuz, modules = tap.kernel(KERNEL)
        self.release = os.path.basename(modules)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.tree)
        run("tar", "-C", self.tree, "--numeric-owner", "--exclude=./dev/*",
            "--xattrs", "--xattrs-include=*",
            "-xpf", f"{tap.CACHE}/{suite}-{kind}.tar")
        shutil.copytree(modules, f"{self.tree}/usr/lib/modules/{self.release}",
                        symlinks=True)
        run("depmod", "-b", self.tree, self.release)
        env = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        run("make", "install", f"DESTDIR={os.path.abspath(self.tree)}",
            env=env)
        self.policy(CONF)
        self.unit("rootwright-test.service")
        os.makedirs(f"{self.tree}/usr/lib/rootwright-test")
        shutil.copy("tests/distro/witness",
                    f"{self.tree}/usr/lib/rootwright-test/witness")
        self.step("slipped", slipped.STEPS)

    def policy(self, conf):
        """/etc/rootwright/boot.conf of the build system."""
        write(f"{self.tree}/etc/rootwright/boot.conf", conf)

    def step(self, name, text):
        """More that the witness looks at."""
        write(f"{self.tree}/usr/lib/rootwright-test/steps/{name}", text,
              0o755)

    def keep(self):
        """/etc and /var are kept, on a disk of their own."""
        self.policy(CONF + "state=LABEL=state\netc=overlay\nvar=bind\n")
        write(f"{self.tree}/etc/systemd/journald.conf.d/keep.conf",
              "[Journal]\nStorage=persistent\n")
        self.step("keep", KEPT)
        self.state = f"{self.dir}/state.img"
        run("mke2fs", "-q", "-t", "ext4", "-L", "state", self.state, "64M")

    def releases(self):
        """Only releases boot, and the system declares them good."""
        run("keys/make-key", "--name", "test releases", f"{self.dir}/key")
        os.makedirs(f"{self.tree}/etc/rootwright/release-keys.d")
        shutil.copy(f"{self.dir}/key.pem",
                    f"{self.tree}/etc/rootwright/release-keys.d")
        self.policy(CONF.replace("trust=digest",
                                 "trust=release\nrelease=web"))
        code, out, err = self.chroot("systemctl", "enable",
                                     "rootwright-bless.service")
        if code:
            raise RuntimeError(f"systemctl enable: {out}{err}")
        self.step("bless", BLESSED)
        self.release_name, self.said = "web", "release web 1, "

    def unit(self, name):
        """Installs and enables a unit of ours."""
        units = f"{self.tree}/etc/systemd/system"
        shutil.copy(f"tests/distro/{name}", units)
        os.makedirs(f"{units}/multi-user.target.wants", exist_ok=True)
        os.symlink(f"../{name}", f"{units}/multi-user.target.wants/{name}")

    def chroot(self, *argv):
        """A command inside; /run/out is our directory."""
        return tap.run("unshare", "--mount", "sh", "-c", CHROOT, "sh",
                       os.path.abspath(self.tree), os.path.abspath(self.dir),
                       *argv)

    def initramfs(self, name, *args):
        """Builds one; returns (exit code, what the maker said). It has what
        this machine's disk needs and no more, or emulation takes long."""
        code, out, err = self.chroot(
            "dracut", "--force", "--no-hostonly", "--reproducible",
            "--kver", self.release, "--compress", "zstd -1",
            "--drivers", "virtio_pci virtio_blk",
            "--add", "rootwright", *args, f"/run/out/{name}")
        return code, out + err

    def settings(self, text=""):
        """What is asked of the maker, in a file of its configuration."""
        write(f"{self.tree}/etc/dracut.conf.d/test.conf", text)

    def unpacked(self, initrd):
        """What is in an initramfs, unpacked; dracut knows its own archives."""
        target = f"{initrd}.d"
        code, out, err = self.chroot(
            "sh", "-c", 'rm -rf "$1" && mkdir "$1" && cd "$1" && '
            'lsinitrd --unpack "$2"', "sh", f"/run/out/{target}",
            f"/run/out/{initrd}")
        if code:
            raise RuntimeError(f"lsinitrd {initrd}: {out}{err}")
        return f"{self.dir}/{target}"

    def build(self):
        """The image, its store and the disk."""
        self.digest = run(tap.ROOTWRIGHT, "build", "--for-boot", "--store",
                          f"{self.dir}/store", self.tree).strip()
        if self.release_name:
            where = ("--store", f"{self.dir}/store")
            run(tap.ROOTWRIGHT, "release", "create", *where, "--name", "web",
                "--version", "1", "--sequence", "1", "--image", self.digest)
            run(tap.ROOTWRIGHT, "release", "sign", *where, "--key",
                f"{self.dir}/key.key", "--cert", f"{self.dir}/key.pem", "web",
                "1")
        self.disk = f"{self.dir}/disk.img"
        run(tap.ROOTWRIGHT, "disk", "--store", f"{self.dir}/store",
            "--output", self.disk)

    def clean_disks(self):
        """What was written to was left as it should be."""
        for name, disk in (("store", f"{self.disk}?offset=1048576"),
                           ("state", self.state)):
            if disk:
                code, out, err = tap.run("e2fsck", "-fn", disk)
                tap.ok(code == 0 and "recover" not in out + err,
                       f"the {name}'s file system is clean afterwards",
                       out + err)

    def patched(self, initrd, name, entries):
        """The initramfs with files replaced: a second archive after it, of
        which the kernel unpacks what is there again over the first."""
        path = f"{self.dir}/{name}"
        shutil.copy(f"{self.dir}/{initrd}", path)
        with open(path, "ab") as f:
            f.write(bytes(-f.tell() % 4) + cpio.write(entries))
        return name

    def boot(self, initrd, cmdline="composefs={digest}", **kwargs):
        """One boot; the console stays in the directory. One processor: with
        two, QEMU 7.2 lets one run code that the other is changing, and the
        kernel ends with an int3 that is not there any more."""
        # A busy machine that emulates another is slow: units may be, too.
        cmdline = ("console=ttyS0 panic=-1 no_timer_check "
                   "systemd.default_timeout_start_sec=15min "
                   + cmdline.format(digest=self.digest))
        out = vm.boot(self.vmlinuz, f"{self.dir}/{initrd}", cmdline,
                      [kwargs.pop("disk", self.disk)]
                      + [self.state] * bool(self.state), memory=1024,
                      **kwargs)
        out.console = plain(out.console)
        with open(f"{self.dir}/console.log", "a", encoding="utf-8") as f:
            f.write(f"=== {initrd} {cmdline}\n{out.console}\n"
                    f"=== witness, {out.end}\n{out.witness}\n")
        return out


def plain(text):
    """A console without terminal codes."""
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[A-Za-z])", "", text)


def steps(out):
    """What the witness saw: {step: (exit code, words)}."""
    return {m[1]: (int(m[3]), m[2].strip()) for m in re.finditer(
        r"^begin (\S+)\n(.*?)^end \1 (\d+)$", out.witness, re.M | re.S)}


def clean():
    """After a run in which all was well: the trees take much room."""
    if "--keep" not in sys.argv:
        for path in glob.glob(f"{tap.B}/distro/*/"):
            shutil.rmtree(f"{path}/tree", ignore_errors=True)
