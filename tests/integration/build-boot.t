#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build --for-boot: what is changed in the image, and said."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

T = tempfile.mkdtemp()
OLD = (1000000000, 1000000000)


def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)
    os.chmod(path, mode)


def age(top):
    """All of a tree is as old."""
    for at, dirs, files in os.walk(top, topdown=False):
        for name in dirs + files:
            os.utime(os.path.join(at, name), OLD, follow_symlinks=False)
    os.utime(top, OLD)


def build(*argv):
    return run(ROOTWRIGHT, "build", *argv)


def everything(top):
    """Names and times below a directory."""
    return sorted((os.path.join(at, name),
                   os.lstat(os.path.join(at, name)).st_mtime_ns)
                  for at, dirs, files in os.walk(top)
                  for name in dirs + files)


def libraries(program):
    """What the loader of this machine says that it maps."""
    return sorted(set(re.findall(r"(/\S+) \(0x", run("ldd", program)[1])))


# A tree with a program of this machine as init, its libraries where the
# loader finds them, and none of the mount points.
tree = f"{T}/tree"
program = "/bin/true"
needed = libraries(program)
os.makedirs(f"{tree}/usr/sbin")
os.symlink("usr/sbin", f"{tree}/sbin")
os.symlink("../lib/the-init", f"{tree}/usr/sbin/init")
write(f"{tree}/usr/lib/the-init", open(program, "rb").read(), 0o755)
for path in needed:
    write(tree + path, open(path, "rb").read(), 0o755)
if os.path.exists("/etc/ld.so.conf"):
    shutil.copytree("/etc/ld.so.conf.d", f"{tree}/etc/ld.so.conf.d")
    shutil.copy("/etc/ld.so.conf", f"{tree}/etc/ld.so.conf")
write(f"{tree}/etc/machine-id", b"0123456789abcdef0123456789abcdef\n", 0o444)
write(f"{tree}/etc/fstab", b"# / is not here\n\nproc /proc proc defaults 0 0\n")
write(f"{tree}/boot/vmlinuz", b"kernel" * 100)
write(f"{tree}/boot/grub/grub.cfg", b"x")
write(f"{tree}/run/lock/x", b"x")
age(tree)
before = everything(tree)

store = f"{T}/store"
code, out, err = build("--for-boot", "--store", store, tree)
equal(code, 0, "build --for-boot")
digest = out.strip()
is_added = [line[len("rootwright: for boot: "):] for line in err.splitlines()
            if line.startswith("rootwright: for boot: ")]
equal(is_added, [f"/{name}: added" for name in
                 ("dev", "proc", "sys", "sysroot", "tmp", "var")] + [
    "/boot: emptied, 2 entries left out",
    "/run: emptied, 1 entries left out",
    "/etc/machine-id: emptied",
    f"/usr/lib/rootwright/preflight: {len(needed) + 1} files that /sbin/init "
    "needs to start; what it opens by dlopen or executes cannot be known"],
    "it says all that it changes")
equal(everything(tree), before, "and leaves the tree alone")
ok(build(tree)[1].strip() != digest, "the image is another than without")

# The same changes made by hand give the same image, so that is what is in it.
lines = sorted(needed + ["/usr/lib/the-init"])
for name in ("dev", "proc", "sys", "sysroot", "tmp", "var"):
    os.mkdir(f"{tree}/{name}", 0o755)
os.chmod(f"{tree}/tmp", 0o1777)
shutil.rmtree(f"{tree}/boot")
os.mkdir(f"{tree}/boot")
shutil.rmtree(f"{tree}/run")
os.mkdir(f"{tree}/run")
os.truncate(f"{tree}/etc/machine-id", 0)
write(f"{tree}/usr/lib/rootwright/preflight",
      "".join(f"{line}\n" for line in lines).encode())
age(tree)
equal(build(tree)[1].strip(), digest, "it is as if made by hand, and the list "
      "is what ldd says and init")
code, out, err = build("--for-boot", "--store", store, tree)
equal(out.strip(), digest, "once more changes nothing")
equal([line for line in err.splitlines() if "for boot" in line],
      [f"rootwright: for boot: /usr/lib/rootwright/preflight: "
       f"{len(needed) + 1} files that /sbin/init needs to start; what it opens "
       "by dlopen or executes cannot be known"], "and there is less to say")
equal(run(ROOTWRIGHT, "check", store)[:2], (0, ""), "check agrees")


def refused(name, change, sentence, hint=""):
    """A copy of the tree with a change that makes it unfit."""
    shutil.rmtree(f"{T}/copy", ignore_errors=True)
    shutil.copytree(tree, f"{T}/copy", symlinks=True)
    change(f"{T}/copy")
    made = f"{T}/made"
    code, out, err = build("--for-boot", "--store", made, f"{T}/copy")
    equal((code, out), (1, ""), f"{name}: refused")
    equal([line for line in err.splitlines() if "for boot" not in line],
          [f"rootwright: {T}/copy{sentence}"]
          + ([f"hint: {hint}"] if hint else []), f"{name}: its sentence")
    ok(not os.path.exists(f"{made}/images"), f"{name}: no image in the store")


def systemd(top):
    os.unlink(f"{top}/usr/sbin/init")
    shutil.copy(f"{top}/usr/lib/the-init", f"{top}/usr/lib/systemd")
    os.symlink("../lib/systemd", f"{top}/usr/sbin/init")


refused("an fstab line for /",
        lambda top: write(f"{top}/etc/fstab",
                          b"#\nproc /proc proc\nUUID=1 / ext4 ro 0 1\n"),
        ": /etc/fstab:3: expected no line for / or /usr, found: UUID=1 / ext4 "
        "ro 0 1", "remove the line: the boot program has mounted the verified "
        "root already")
refused("an fstab line for /usr",
        lambda top: write(f"{top}/etc/fstab", b"\tLABEL=u\t/usr\text4"),
        ": /etc/fstab:1: expected no line for / or /usr, found: "
        "?LABEL=u?/usr?ext4", "remove the line: the boot program has mounted "
        "the verified root already")
refused("no init", lambda top: os.unlink(f"{top}/usr/lib/the-init"),
        ": /sbin/init: expected a file, found none")
libc = [path for path in needed if "libc." in path][0]
refused("no libc", lambda top: os.unlink(top + libc),
        f": /usr/lib/the-init: expected the library {os.path.basename(libc)} "
        "that it needs, found none")
refused("/proc is a file",
        lambda top: (os.rmdir(f"{top}/proc"), write(f"{top}/proc", b"")),
        ": /proc: expected a directory, found something else")
refused("/tmp leads nowhere",
        lambda top: (os.rmdir(f"{top}/tmp"), os.symlink("x", f"{top}/tmp")),
        ": /tmp: expected a directory, found something else")
refused("systemd without os-release", systemd,
        ": expected /etc/os-release or /usr/lib/os-release, found neither: "
        "systemd does not switch to a root without it")


# systemd and no machine-id: an empty one is added.
shutil.copytree(tree, f"{T}/systemd", symlinks=True)
systemd(f"{T}/systemd")
write(f"{T}/systemd/etc/os-release", b"ID=test\n")
os.unlink(f"{T}/systemd/etc/machine-id")
code, out, err = build("--for-boot", f"{T}/systemd")
equal(code, 0, "systemd with an os-release")
has(err, "rootwright: for boot: /etc/machine-id: added, empty\n",
    "a machine-id is added")

shutil.rmtree(T)
done()
