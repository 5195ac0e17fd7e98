# SPDX-License-Identifier: MIT
"""What is true of each Debian with its dracut: refused builds, a whole boot,
and boots that must not come to anything."""
import json
import os
import re
import shutil
import struct

import distro
import hostile
import slipped
from tap import done, equal, has, ok, run, skip_all

# Of no concern to the initramfs, or there to be hidden from it.
HIDDEN = ("root=/dev/vda1 rootfstype=ext4 rd.systemd.mask=rootwright.service "
          "rd.systemd.wants=debug-shell.service init=/bin/bash rd.lvm=0 "
          "systemd.gpt_auto=1 resume=/dev/vda1 rd.luks=0 rd.shell=0 "
          + slipped.ARGUMENTS)
SYSTEMD = ("systemd systemd-initrd dracut-systemd systemd-udevd "
           "systemd-journald systemd-tmpfiles systemd-ask-password "
           "systemd-battery-check systemd-modules-load systemd-pcrphase "
           "systemd-sysctl systemd-sysusers systemd-sysext systemd-networkd "
           "dbus dbus-daemon dbus-broker systemd-hostnamed systemd-emergency")


def start(suite):
    """The Debian of a suite, or this test is skipped."""
    why = distro.missing(suite)
    if why:
        skip_all(why)
    return distro.Distro(suite)


def built(d, name, *args):
    """An initramfs that has to work."""
    code, said = d.initramfs(name, *args)
    ok(code == 0, f"{d.maker} builds {name}", said)
    ok(not any(words in said for words in d.failures),
       f"{name}: without an error", said)


def interpreter(path):
    """Does this ELF program ask for a loader? None: it is no ELF program."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:5] != b"\x7fELF\x02":
        return None
    at, n = struct.unpack_from("<Q", data, 32)[0], \
        struct.unpack_from("<H", data, 56)[0]
    return any(struct.unpack_from("<I", data, at + 56 * i)[0] == 3
               for i in range(n))


def inspected(d, initrd, guards=("init", "usr/sbin/sulogin",
                                 "usr/bin/dracut-emergency")):
    """What can be executed before /init, and what shells have become."""
    top, found = d.unpacked(initrd), []
    for where, _, names in os.walk(top):
        for name in names:
            path = f"{where}/{name}"
            if (not os.path.islink(path) and os.path.isfile(path)
                    and os.stat(path).st_mode & 0o111
                    and ".so" not in name
                    and interpreter(path) is False):
                found.append(path[len(top):])
    equal(sorted(found), ["/usr/bin/rootwright-boot",
                          "/usr/lib/rootwright/guard"],
          f"{initrd}: only these need no loader")
    loader = os.path.realpath(f"{top}/usr/lib/rootwright/loader")
    if not loader.startswith(os.path.realpath(top)):
        loader = top + os.readlink(f"{top}/usr/lib/rootwright/loader")
    equal(oct(os.stat(loader).st_mode & 0o777), "0o644",
          f"{initrd}: and the loader cannot be executed")
    guard = os.path.realpath(f"{top}/usr/lib/rootwright/guard")
    for name in guards:
        equal(os.path.realpath(f"{top}/{name}"), guard,
              f"{initrd}: /{name} is the guard")
    shutil.rmtree(top)


def refused(d, what, sentence, *args):
    """The maker fails, says why, and leaves no initramfs."""
    code, said = d.initramfs("refused", *args)
    ok(code != 0, f"{what}: {d.maker} fails", said)
    has(said, sentence, f"{what}: the sentence")
    ok(not os.path.exists(f"{d.dir}/refused"), f"{what}: no initramfs")


def refused_builds(d):
    """What a boot would refuse, a development key, no number."""
    d.policy("trust=digest\nstore=LABEL=x\nno_such_key=1\n")
    refused(d, "a bad policy", "rootwright: policy: /etc/rootwright: refused "
            "by rootwright-boot --check-config")
    d.policy("trust=signature\nstore=LABEL=x\n")
    refused(d, "no key", "keys.d")
    keys = f"{d.tree}/etc/rootwright/keys.d"
    os.makedirs(keys)
    equal(run("keys/make-key", "--development", f"{d.dir}/dev")[0], 0,
          "a development key")
    os.rename(f"{d.dir}/dev.pem", f"{keys}/dev.pem")
    refused(d, "a development key", "rootwright: keys: /etc/rootwright: "
            "expected no development key, found one")
    d.settings("allow_development_key=yes\n")
    code, said = d.initramfs("dev")
    ok(code == 0 and "trusts a DEVELOPMENT key" in said,
       "allow_development_key=yes: built, and said", said)
    os.unlink(f"{keys}/dev.pem")
    os.rmdir(keys)
    d.policy(distro.CONF)
    d.settings("rootwright_deadline=soon\n")
    refused(d, "no number", "rootwright: rootwright_deadline: expected "
            "seconds, found 'soon'")
    d.settings()


def static_busybox(d):
    """dracut's own busybox, where that needs no loader."""
    shutil.copy("/bin/busybox", f"{d.tree}/usr/bin/busybox")
    refused(d, "a static busybox", "bin/busybox: expected a dynamic program, "
            "found no loader", "--add", "busybox")
    os.unlink(f"{d.tree}/usr/bin/busybox")


def good(d, initrd, cmdline="composefs={digest}", **kwargs):
    """A boot to multi-user.target, and what the system is like then."""
    out = d.boot(initrd, cmdline, extra=slipped.machine(), **kwargs)
    saw = distro.steps(out)

    def step(name):
        return saw.get(name, (None, out.console[-300:] + out.witness[-300:]))

    def name(words):
        return f"{initrd}: {words}"

    equal(step("running"), (0, "running"), name("is-system-running"))
    equal(step("failed"), (0, ""), name("no unit has failed"))
    root = step("root")[1].split(" ")
    ok(root[1:2] == ["overlay"], name("findmnt / is the overlay"), root)
    ok("ro," in root[-1] and "verity=require" in root[-1],
       name("read-only, verified"), root)
    # Of /var, which may be kept, the state is seen.
    words = re.sub(r"(?m)^/var ext4.*\n", "", step("mounts")[1])
    equal(words.count("\n/ ") + words.startswith("/ "), 1, name("one root"))
    ok("ext4" not in words and "erofs" not in words, name(
        "neither store nor image is mounted where the system sees it"), words)
    equal(step("df")[0], 0, name("df"))
    words = step("cmdline")[1]
    ok(cmdline.format(digest=d.digest) in words
       and "rd.emergency" not in words,
       name("the system sees the kernel's command line"), words)
    equal(step("masked"), (1, "0"), name("nothing is mounted over it"))
    has(step("init")[1], "/usr/lib/systemd/systemd", name("PID 1"))
    code, words = step("write")
    ok(code and "Read-only file system" in words,
       name("the root cannot be written"), words)
    try:
        record = json.loads(step("record")[1])
    except ValueError:
        record = {}
    equal(record.get("image", {}).get("digest"), d.digest, name("boot record"))
    has(step("status")[1], "status        verified", name("status"))
    has(out.console, f"rootwright-boot: verified root: {d.said}image "
        f"{d.digest}", name("the line of success"))
    slipped.judge(initrd, out, saw)
    ok("over" in saw, name("the witness came to its end"),
       out.console[-3000:] + out.witness)
    equal(out.end, "poweroff", name("the machine powers off"))
    for words in ("Failed to unmount", "Failed unmounting", "Cannot finalize"):
        ok(words not in out.console, name(f"it does not say: {words}"),
           out.console[-3000:])
    has(out.console, "systemd-shutdown[1]: All filesystems unmounted.",
        name("everything is unmounted in the end"))
    return out


def rdinit(d, initrd):
    """The kernel starts what rdinit= says: nothing that it can be is there.
    What it cannot even look up it passes over, for root=."""
    for program, words in (("/bin/sh", "Failed to execute /bin/sh"),
                           ("/sbin/init", "VFS: Unable to mount root fs")):
        out = d.boot(initrd, "composefs={digest} rdinit=" + program)
        hostile.judge(f"{initrd}: rdinit={program}", out, words, "panic")


def short(suite, prepare=None, judge=None, cmdline="composefs={digest}"):
    """A whole test: to multi-user.target, and some of what must not boot."""
    d = start(suite)
    if prepare:
        prepare(d)
    built(d, "initrd")
    inspected(d, "initrd")
    d.build()
    out = good(d, "initrd", f"{cmdline} {HIDDEN}", snapshot=False)
    if judge:
        judge(d, distro.steps(out))
    d.clean_disks()
    hostile.run(d, "initrd", only=("the boot program is killed",
                                   "the unit is masked", "another unit fails",
                                   "emergency.service is started"))
    done()
