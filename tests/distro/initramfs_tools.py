# SPDX-License-Identifier: MIT
"""A Debian with initramfs-tools: what is true of each, as suite.py has it for
dracut. Whole boots, and boots that must not come to anything."""
import os
import shutil

import cpio
import distro
import hostile
import suite
from tap import done, ok, skip_all

CONF = "etc/initramfs-tools/conf.d/rootwright"
# Only what this machine's disk needs, so that emulation does not take long.
SMALL = "MODULES=list\n"
# Of no concern to the initramfs, or there to be hidden from it.
HIDDEN = ("root=/dev/vda1 rootfstype=ext4 rootdelay=600 boot=nfs ip=dhcp "
          "nfsroot=10.0.2.2:/x debug netconsole=x panic=0 blacklist=erofs "
          "resume=/dev/vda1 init=/bin/bash drop_capabilities=cap_sys_admin "
          "initramfs.runsize=1 fsck.mode=force ubi.mtd=0")
GUARDS = ("init", "usr/sbin/run-init", "usr/bin/run-init",
          "usr/sbin/switch_root")
FAILED = hostile.FAILED


class Tools(distro.Distro):
    """Its update-initramfs makes the initramfs."""

    maker = "update-initramfs"
    failures = ("E: ",)

    def __init__(self, suite_name):
        super().__init__(suite_name, f"{suite_name}-initramfs-tools",
                         "initramfs-tools")
        # It looks there how the kernel's initramfs may be compressed.
        config = f"config-{self.release}"
        shutil.copy(f"{os.path.dirname(self.vmlinuz)}/{config}",
                    f"{self.tree}/boot/{config}")
        self.settings()

    def settings(self, text=""):
        distro.write(f"{self.tree}/{CONF}", "BOOT=rootwright\n" + SMALL + text)

    def initramfs(self, name, *env):
        code, out, err = self.chroot(
            "env", *env, "update-initramfs", "-c", "-k", self.release, "-b",
            "/run/out")
        made = f"{self.dir}/initrd.img-{self.release}"
        if os.path.exists(made):
            os.rename(made, f"{self.dir}/{name}")
        return code, out + err

    def unpacked(self, initrd):
        target = f"{initrd}.d"
        shutil.rmtree(f"{self.dir}/{target}", ignore_errors=True)
        code, out, err = self.chroot("unmkinitramfs", f"/run/out/{initrd}",
                                     f"/run/out/{target}")
        if code:
            raise RuntimeError(f"unmkinitramfs {initrd}: {out}{err}")
        main = f"{self.dir}/{target}/main"
        return main if os.path.exists(main) else f"{self.dir}/{target}"


def start(name):
    """The Debian of a suite, or this test is skipped."""
    why = distro.missing(name, "initramfs-tools")
    if why:
        skip_all(why)
    return Tools(name)


def refused_builds(d):
    """What it refuses besides: another shell, no module for the store."""
    suite.refused_builds(d)
    d.settings("BUSYBOX=n\n")
    suite.refused(d, "klibc's shell", "E: rootwright: initramfs: /bin/sh: "
                  "expected busybox, found another shell")
    d.policy(distro.CONF.replace("store=", "store_fstype=f2fs\nstore="))
    modules = f"{d.tree}/usr/lib/modules/{d.release}"
    os.rename(modules, modules + ".away")
    shutil.copytree(modules + ".away", modules, symlinks=True,
                    ignore=shutil.ignore_patterns("f2fs.ko*"))
    distro.run("depmod", "-b", d.tree, d.release)
    suite.refused(d, "no module for the store", f"E: rootwright: kernel "
                  f"{d.release}: expected f2fs, found neither a module nor a "
                  "built-in")
    shutil.rmtree(modules)
    os.rename(modules + ".away", modules)
    d.policy(distro.CONF)
    d.settings()


def unasked(d):
    """Without BOOT=rootwright there is nothing of it in the initramfs."""
    distro.write(f"{d.tree}/{CONF}", SMALL)
    code, said = d.initramfs("plain")
    ok(code == 0, "update-initramfs builds one that is not asked for", said)
    top = d.unpacked("plain")
    ok(not os.path.exists(f"{top}/usr/lib/rootwright")
       and os.path.isfile(f"{top}/init"), "with nothing of rootwright in it")
    shutil.rmtree(f"{d.dir}/plain.d")
    d.settings()


def static_busybox(d):
    """An initramfs with this machine's busybox, that needs no loader."""
    busybox = f"{d.tree}/usr/bin/busybox"
    os.rename(busybox, f"{d.dir}/busybox")
    shutil.copy("/bin/busybox", busybox)
    suite.built(d, "initrd.static")
    os.rename(f"{d.dir}/busybox", busybox)


def script(stage, text):
    """Files that make a script the only one of its stage."""
    return {f"scripts/{stage}": cpio.directory(),
            f"scripts/{stage}/ORDER": cpio.file(f"/scripts/{stage}/test\n"),
            f"scripts/{stage}/test": cpio.file("#!/bin/sh\n" + text, 0o755)}


# name: (files that are replaced, arguments, sentence, how it ends)
BROKEN = {
    "break= asks for a shell": (
        {}, "break=top,modules,premount,mount,mountroot,bottom,init",
        "rootwright-guard: command line: break=top,modules,premount,mount,"
        "mountroot,bottom,init: there is no shell in this initramfs: reboot "
        "in 1 s", "reboot"),
    "the boot program is killed": (
        {hostile.BOOT: cpio.file("#!/bin/sh\nkill -KILL $$\n", 0o755)}, "",
        "rootwright-guard: /usr/bin/rootwright-boot: killed by signal 9: "
        "reboot in 1 s", "reboot"),
    "a script calls panic": (
        script("local-top", ". /scripts/functions\npanic 'a shell, please'\n"),
        "", FAILED, "reboot"),
    "the boot script is missing": (
        {"scripts/rootwright": cpio.link("/nonexistent")}, "", FAILED,
        "reboot"),
    "a script hangs": (
        script("init-premount", "while :; do sleep 60; done\n")
        | hostile.SOON, "", hostile.LATE, "reboot"),
    "something is mounted over the root": (
        script("init-bottom", "mount -t tmpfs x /sysroot\n"), "",
        "rootwright-guard: /sysroot: expected the verified root, found "
        "something else: reboot in 1 s", "reboot"),
    "rdinit=/bin/sh": (
        {}, "rdinit=/bin/sh", "Failed to execute /bin/sh", "panic"),
}


def broken(d, initrd, only=None):
    """Boots what is broken, with somebody at the console."""
    for n, (name, (files, words, sentence, end)) in enumerate(BROKEN.items()):
        if only and name not in only:
            continue
        patched = d.patched(initrd, f"{initrd}.broken-{n}", files)
        out = d.boot(patched, "composefs={digest} loglevel=7 root=/dev/vda1 "
                     + words, typing=("Run /init", 0, hostile.KEYS))
        os.unlink(f"{d.dir}/{patched}")
        hostile.judge(f"{initrd}: {name}", out, sentence, end)


def told(d, initrd):
    """An initramfs whose own configuration asks for shells, another root and
    what was in memory: it boots the verified root all the same."""
    name = d.patched(initrd, f"{initrd}.told", {
        "conf/conf.d": cpio.directory(),
        "conf/conf.d/zz": cpio.file(
            "BOOT=local\nROOT=/dev/vda1\nRESUME=/dev/vda1\nIP=dhcp\n"
            "break=top,modules,premount,mount,mountroot,bottom,init\n"
            "rootmnt=/root\ninit=/bin/sh\npanic=\n")})
    return suite.good(d, name)


def short(name):
    """A whole test: to multi-user.target, and some of what must not boot."""
    d = start(name)
    suite.built(d, "initrd")
    suite.inspected(d, "initrd", GUARDS)
    d.build()
    suite.good(d, "initrd", "composefs={digest} " + HIDDEN)
    broken(d, "initrd", ("a script calls panic",
                         "the boot script is missing"))
    done()
