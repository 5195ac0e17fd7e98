#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The EXAMPLES of the man pages that say absolute paths, or need a network
or the running kernel's modules, work as pasted: in this machine's own root,
with all that they write in memory above it. (Those of mount, status and watch
run in boots: tests/boot/mount.t, tests/boot/status.t.)"""
import fcntl
import glob
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests/lib")
from tap import B, done, equal, kernel, ok, run, skip, skip_all  # noqa: E402

if "ALONE" not in os.environ:
    if run("unshare", "-m", "-n", "true")[0] != 0:
        skip_all("mounting takes root")
    os.execvp("unshare", ["unshare", "-m", "-n", "env", "ALONE=yes",
                          sys.executable, sys.argv[0]])

T = tempfile.mkdtemp()
ROOT = f"{T}/root"


def must(*argv, **kwargs):
    code, out, err = run(*argv, **kwargs)
    if code != 0:
        sys.exit(f"Bail out! {argv}: {out}{err}")
    return out


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def begin():
    """A root that is this one, and a network of its own."""
    must("mount", "-t", "tmpfs", "none", T)
    for name in ("upper", "work", "root"):
        os.mkdir(f"{T}/{name}")
    must("mount", "-t", "overlay", "overlay", "-o",
         f"lowerdir=/,upperdir={T}/upper,workdir={T}/work", ROOT)
    for name in ("dev", "proc", "sys"):
        must("mount", "--rbind", f"/{name}", f"{ROOT}/{name}")
    must("make", "-s", "install", f"DESTDIR={ROOT}", f"B={B}",
         env={k: v for k, v in os.environ.items() if "MAKE" not in k})
    with socket.socket() as s:  # lo is up from now on
        fcntl.ioctl(s, 0x8914, struct.pack("16sH22x", b"lo", 0x49))
    with open(f"{ROOT}/etc/hosts", "a", encoding="ascii") as f:
        f.write("127.0.0.1 updates.example\n")


def examples(page):
    """The literal blocks below EXAMPLES."""
    with open(glob.glob(f"*/**/{page}", recursive=True)[0],
              encoding="utf-8") as f:
        part = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh )", f.read(),
                         re.M | re.S)[1]
    return [(a or b).replace("\\e", "\\") for a, b in re.findall(
        r"^\.Bd -literal.*?\n(.*?)^\.Ed|^\.Dl (.*?\n)", part, re.M | re.S)]


def works(name, script, cwd):
    """Runs it in the root, in a directory of it, as it is pasted."""
    os.makedirs(f"{ROOT}{cwd}", exist_ok=True)
    env = {"PATH": "/shim:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
           "/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
    code, out, err = run("chroot", ROOT, "sh", "-euc", f"cd {cwd}\n{script}",
                         env=env)
    ok(code == 0, f"{name}: works as pasted", f"{script}\n{out}{err}")
    return out


def inside(*argv):
    return run("chroot", ROOT, "rootwright", *argv)


def test_boot_disk():
    """mmdebstrap alone is another: it makes the smallest tree that boots."""
    write(f"{ROOT}/shim/mmdebstrap", f"""#!/bin/sh
set -eu
[ "$*" = '--variant=minbase --include=systemd-sysv,udev trixie tree' ]
mkdir -p tree/sbin tree/etc
cp {os.path.abspath(B)}/rootwright-boot tree/sbin/init
echo ID=example >tree/etc/os-release
""", 0o755)
    works("rootwright.1", examples("rootwright.1")[0], "/boot-disk")
    code, out, err = inside("check", "/boot-disk/disk.img")
    equal((code, out), (0, ""), "and its disk is whole")


def test_bless():
    units = "/usr/lib/systemd/system"
    os.makedirs(f"{ROOT}/blessed/tree{units}")
    for unit in glob.glob(f"{ROOT}{units}/rootwright-*"):
        shutil.copy(unit, f"{ROOT}/blessed/tree{units}")
    works("rootwright-bless.1", examples("rootwright-bless.1")[0], "/blessed")
    links = glob.glob(f"{ROOT}/blessed/tree/etc/systemd/system/*/"
                      "rootwright-bless.service")
    ok(links and all(os.readlink(link) == f"{units}/rootwright-bless.service"
                     for link in links), "and is enabled", links)


def release():
    """Two releases in a store, and the policy of a device that takes them."""
    must("chroot", ROOT, "sh", "-euc", """
        mkdir -p /builder/tree /etc/rootwright/release-keys.d
        cd /builder
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\
            -subj '/CN=releases' -keyout key -out pem 2>/dev/null
        for n in 1 2; do
            head -c 3000000 /dev/urandom >tree/large$n
            echo "$n" >tree/small
            digest=$(rootwright build --store store tree)
            rootwright release create --store store --name web --version $n \\
                --sequence $n --image "$digest"
            rootwright release sign --key key --cert pem --store store web $n
        done
        cp pem /etc/rootwright/release-keys.d/releases.pem
        printf 'trust=release\\nrelease=web\\nstore=/dev/vda1\\n' \\
            >/etc/rootwright/boot.conf
        rootwright install --store /store --release web 1 store
        """)


def test_export_and_install():
    on_server, on_device = examples("rootwright-export.1")
    os.makedirs(f"{ROOT}/srv/www")
    works("rootwright-export.1, on the server", on_server, "/builder")
    with subprocess.Popen(
            ["chroot", ROOT, sys.executable, "-m", "http.server", "80",
             "--directory", "/srv/www"], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True) as server:
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", 80)) == 0:
                    break
            time.sleep(0.05)
        works("rootwright-export.1, on the device", on_device, "/device")
        server.terminate()
        log = server.stderr.read()
    fetched = set(re.findall(r'"GET /web/(\S+) ', log))
    with open(f"{ROOT}/srv/www/web/lists/releases/web/2",
              encoding="ascii") as f:
        listed = {line.split()[1] for line in f.readlines()[1:]}
    have = {path for path in listed if path.startswith("objects/")} - fetched
    equal(len(have), 1, "what the store has is not fetched")
    ok(fetched < listed | {"lists/releases/web/2"}, "and only what is listed",
       fetched)
    equal(inside("check", "/store")[:2], (0, ""), "the store is whole")
    versions = inside("release", "list", "--store", "/store")
    ok(versions[0] == 0 and " 2" in versions[1], "and has the release",
       versions)

    shutil.rmtree(f"{ROOT}/store")
    os.makedirs(f"{ROOT}/media/stick")
    os.rename(f"{ROOT}/srv/www/web", f"{ROOT}/media/stick/web")
    works("rootwright-install.1", examples("rootwright-install.1")[0], "/")
    equal(inside("check", "/store")[:2], (0, ""), "the store is whole")


def test_initrd():
    """The modules are another kernel's: this machine may have none."""
    if not kernel():
        skip("rootwright-initrd.8", "no Debian kernel (make deps)")
        return
    place = f"{ROOT}/lib/modules/{os.uname().release}"
    os.makedirs(place, exist_ok=True)
    must("mount", "--bind", kernel()[1], place)
    works("rootwright-initrd.8", examples("rootwright-initrd.8")[0], "/")
    ok(os.path.getsize(f"{ROOT}/boot/initrd.rootwright") > 100000,
       "the initramfs is there")


begin()
test_boot_disk()
test_bless()
release()
test_export_and_install()
test_initrd()
must("umount", "--lazy", T)
os.rmdir(T)
done()
