#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright mount, as far as a kernel without fs-verity goes; the boots test
the rest (tests/boot/mount.t). All in a mount namespace of its own."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import ROOTWRIGHT, done, equal, has, ok, run, skip_all  # noqa: E402

if "ALONE" not in os.environ:
    if run("unshare", "-m", "true")[0] != 0:
        skip_all("mounting takes root")
    os.execvp("unshare", ["unshare", "-m", "env", "ALONE=yes", sys.executable,
                          sys.argv[0]])

T = tempfile.mkdtemp()
os.chmod(T, 0o755)
run("mount", "-t", "tmpfs", "none", T)
os.chmod(T, 0o755)
tree, store, target, image = (f"{T}/{x}" for x in
                              ("tree", "store", "target", "image.cfs"))
FAILED, USAGE = 1, 2


def listing(top):
    """Every entry, with all that a mount has to give back."""
    form = "%P %y %m %U %G %T@ %l %n"
    return sorted(run("find", top, "-mindepth", "1", "(", "-type", "d",
                      "-printf", form + "\n", ")", "-o", "-printf",
                      form + " %s\n")[1].splitlines())


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return [line.split()[4] for line in f]


def loops():
    """The loop devices of this test's files."""
    return [line for line in run("losetup", "-nO", "BACK-FILE")[1].splitlines()
            if "image" in line and "deleted" not in line or T in line]


def mount(*argv, **kwargs):
    return run(ROOTWRIGHT, "mount", *argv, **kwargs)


before = mounts(), loops()


def refused(name, sentence, *argv, code=FAILED, hint=None,
            program=(ROOTWRIGHT,), **kwargs):
    """This sentence, this code, and nothing is mounted."""
    got, out, err = run(*program, "mount", *argv, **kwargs)
    lines = err.replace(T, "T").splitlines()
    equal((got, out, lines[:1]), (code, "", [sentence]), name)
    if hint:
        equal(lines[1:2], [f"hint: {hint}"], f"{name}: the hint")
    if (mounts(), loops()) != before:
        ok(False, f"{name}: nothing is mounted", f"{mounts()} {loops()}")


def mounted(name, *argv, words="", at=target):
    code, out, err = mount(*argv, at)
    return (ok((code, out) == (0, "") and at in mounts(), name, err)
            and equal(err.replace(T, "T"), words, f"{name}: what is said"))


def unmount(at=target):
    code, _, err = run("umount", at)
    ok(code == 0 and (mounts(), loops()) == before, "umount undoes all",
       f"{err}{mounts()} {loops()}")


def make():
    os.makedirs(f"{tree}/d/e")
    os.mkdir(target)
    for size in (0, 5, 64, 65, 4096, 100000):
        with open(f"{tree}/d/{size}", "wb") as f:
            f.write(os.urandom(size))
    os.symlink("d/65", f"{tree}/link")
    os.link(f"{tree}/d/4096", f"{tree}/d/e/other name")
    os.mkfifo(f"{tree}/fifo")
    os.chown(f"{tree}/d/5", 1, 2)
    os.chmod(f"{tree}/d/5", 0o4751)
    digest = run(ROOTWRIGHT, "build", "--store", store, "--output", image,
                 tree)[1].strip()
    for name in ("one", "two"):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{T}/{name}.key", "-out", f"{T}/{name}.pem")
    run(ROOTWRIGHT, "sign", "--key", f"{T}/one.key", "--cert", f"{T}/one.pem",
        "--store", store, digest)
    return digest


def usage():
    S = ("--store", store)
    rest = "hint: rootwright mount --help"
    for sentence, *argv in (
            ("expected an image and a directory",),
            ("expected an image and a directory", *S, image),
            ("expected at most 128 images, found 129", *S, *[digest] * 129,
             target),
            ("expected at most 100 times --store", *S * 101, digest, target),
            ("expected one image with --digest or --signature, found 2", *S,
             "--digest", digest, image, image, target),
            ("expected one image with --digest or --signature, found 2", *S,
             "--cert", image, "--signature", image, digest, digest, target),
            ("expected --upperdir or --volatile, found both", *S, "--volatile",
             "--upperdir", T, "--workdir", T, image, target),
            ("T/image.cfs: expected --digest or --cert for an image that is a "
             "file (--insecure mounts it unverified)", *S, digest, image,
             target),
            ("expected --store", image, target),
            ("--store: expected an argument, found none", "--store"),
            ("--what: expected an option, found something else", "--what"),
            ("expected both --upperdir and --workdir, or neither", *S,
             "--insecure", "--upperdir", T, image, target),
            ("expected both --upperdir and --workdir, or neither", *S,
             "--insecure", "--workdir", T, image, target),
            ("expected --digest for an image that is a file, found the digest "
             "of one in the store", *S, "--digest", digest, digest, target),
            ("12: expected a digest of 64 or 128 lower-case hex digits, found "
             "something else", *S, "--digest", "12", image, target),
            ("expected --cert with --signature", *S, "--signature", image,
             digest, target),
            ("expected at most 16 times --cert", *["--cert", "x"] * 17),
            ("T/image.cfs: expected --digest or --cert for an image that is a "
             "file (--insecure mounts it unverified)", *S, image, target)):
        refused(f"usage: {sentence}", f"rootwright mount: {sentence}", *argv,
                code=USAGE)
        has(mount(*argv)[2], rest, "and where help is")
    code, out, err = mount("--help")
    ok(code == 0 and out.startswith("usage: rootwright mount") and not err,
       "--help", out + err)


def refusals():
    S = ("--insecure", "--store", store)
    refused("no fs-verity", "rootwright: store: T/store/objects: expected a "
            "file system with fs-verity, found one without it: Inappropriate "
            "ioctl for device", "--store", store, digest, target)
    refused("another digest", "rootwright: image: T/image.cfs: expected "
            f"fs-verity digest sha256:{'0' * 64}, found sha256:{digest}", *S,
            "--digest", "0" * 64, image, target)
    refused("no such image", f"rootwright: image: T/store/objects/00/{'0' * 62}"
            ": expected the image in the store, found no such file", *S,
            "0" * 64, target)
    refused("no such file", "rootwright: image: T/none: cannot be opened: No "
            "such file or directory", *S, f"{T}/none", target)
    for what in (tree, f"{tree}/fifo"):
        refused("no regular file", f"rootwright: image: {what.replace(T, 'T')}"
                ": expected a regular file, found something else", *S, what,
                target)
    refused("no image", "rootwright: image: expected EROFS that the kernel "
            "mounts, found none: Invalid argument", *S, f"{tree}/d/100000",
            target, hint="the image was changed or damaged, or is none: dmesg "
            "may have the kernel's own words")
    refused("root of a user namespace", "rootwright: mount: expected root of "
            "the machine, found that of a user namespace: Operation not "
            "permitted", *S, image, target,
            program=("unshare", "-Ur", ROOTWRIGHT))
    os.makedirs(f"{T}/chroot/target")
    for name in ("usr", "proc", "dev"):
        os.mkdir(f"{T}/chroot/{name}")
        run("mount", "--bind", f"/{name}", f"{T}/chroot/{name}")
    for name in ("lib", "lib64"):
        os.symlink(f"usr/{name}", f"{T}/chroot/{name}")
    shutil.copy(ROOTWRIGHT, f"{T}/chroot/rootwright")
    shutil.copy(image, f"{T}/chroot/image.cfs")
    shutil.copytree(store, f"{T}/chroot/store")
    global before
    outside, before = before, (mounts(), loops())
    argv = "--insecure", "--store", "/store", "/image.cfs", "/target"
    program = "chroot", f"{T}/chroot", "/rootwright"
    refused("a chroot that is no mount", "rootwright: mount: expected a "
            "private mount namespace, found none: Invalid argument", *argv,
            program=program,
            hint="a chroot has to be a mount: bind it onto itself")
    run("mount", "--rbind", f"{T}/chroot", f"{T}/chroot")
    code, _, err = run(*program, "mount", *argv)
    ok(code == 0 and f"{T}/chroot/target" in mounts(), "in a chroot", err)
    run("umount", "-R", f"{T}/chroot")
    run("umount", *(f"{T}/chroot/{x}" for x in ("usr", "proc", "dev")))
    before = outside
    refused("no target", "rootwright: T/none: expected a directory to mount "
            "at: No such file or directory", *S, image, f"{T}/none")
    refused("a target that is a file", "rootwright: T/image.cfs: expected a "
            "directory to mount at: Not a directory", *S, image, image)
    refused("no store", "rootwright: T/none: cannot be opened as a store: No "
            "such file or directory", "--insecure", "--store", f"{T}/none", image,
            target)
    refused("no user namespace", "rootwright: idmap: T/none: expected the "
            "file of a user namespace: No such file or directory", *S,
            "--idmap", f"{T}/none", image, target)
    for what, why in (("/proc/self/ns/user", "Operation not permitted"),
                      (image, "Invalid argument")):
        refused("none that maps", f"rootwright: idmap: {what.replace(T, 'T')}:"
                " expected the file of a user namespace other than ours: "
                f"{why}", *S, "--idmap", what, image, target)
    refused("no upperdir", "rootwright: upperdir: T/none: expected a "
            "directory: No such file or directory", *S, "--upperdir",
            f"{T}/none", "--workdir", T, image, target)
    refused("an upperdir in the workdir", "rootwright: overlay: expected one "
            "with verity=off and upperdir=T/tree, found none: Invalid "
            "argument", *S, "--upperdir", tree, "--workdir", f"{tree}/d",
            image, target, hint="dmesg may have the kernel's own words")
    shutil.copy(ROOTWRIGHT, f"{T}/rootwright")
    refused("no root", "rootwright: mount: expected root, found user 1 who "
            "may not make a mount namespace: Operation not permitted", *S,
            image, target, program=(f"{T}/rootwright",), user=1,
            hint="run it as root")
    shutil.copytree(store, f"{T}/empty")
    for where, _, files in os.walk(f"{T}/empty/objects"):
        for name in files:
            os.unlink(f"{where}/{name}")
    refused("a store without the objects", "rootwright: 100000: expected "
            "files that can be read, found none among 1, this one the last: "
            "No such file or directory", "--insecure", "--store",
            f"{T}/empty", image, target, hint="the store has none of their "
            "objects: rootwright missing lists them")
    os.rename(f"{store}/meta.json", f"{T}/meta.json")
    refused("no store's meta.json", f"rootwright: {store.replace(T, 'T')}: "
            "expected a store, found a directory without meta.json", *S, image, target)
    os.rename(f"{T}/meta.json", f"{store}/meta.json")


def signatures():
    S = ("--insecure", "--store", store)
    one, two = (("--cert", f"{T}/{name}.pem") for name in ("one", "two"))
    words = "rootwright: WARNING: T/target: its files are not verified: " \
            "--insecure\n"
    for name, argv in (("a digest", (digest,)),
                       ("signed", (*one, digest)),
                       ("signed by one of two", (*two, *one, digest)),
                       ("a file's digest", ("--digest", digest, image)),
                       ("a file, signed elsewhere",
                        (*one, "--signature", f"{store}/signatures/"
                         f"{digest}.p7s", image))):
        mounted(name, *S, *argv, words=words)
        equal(listing(target), listing(tree), f"{name}: the tree")
        unmount()
    serial = run("openssl", "x509", "-noout", "-serial", "-in",
                 f"{T}/one.pem")[1].strip().split("=")[1].lower()
    refused("another key", f"rootwright: signature: signatures/{digest}.p7s: "
            "expected one by a trusted key, found one by the certificate with "
            f"serial number {serial}: none of the 1 trusted certificates has "
            "this issuer and number", *S, *two, digest, target,
            hint="sign the image with the key of a certificate that --cert "
            "names")
    refused("no signature", "rootwright: signature: image.cfs.p7s: expected "
            "a signature, found no file", *S, *one, image, target)
    shutil.copy(f"{store}/signatures/{digest}.p7s", f"{image}.p7s")
    mounted("a file, signed beside it", *S, *one, image, words=words)
    unmount()
    sha512 = run(ROOTWRIGHT, "build", "--algorithm", "sha512", "--store",
                 f"{T}/sha512", "--output", f"{T}/512.cfs", tree)[1].strip()
    run(ROOTWRIGHT, "sign", "--key", f"{T}/one.key", "--cert", f"{T}/one.pem",
        "--store", f"{T}/sha512", sha512)
    mounted("a file of SHA-512, signed in its store", "--insecure", "--store",
            f"{T}/sha512", *one, "--signature",
            f"{T}/sha512/signatures/{sha512}.p7s", f"{T}/512.cfs", words=words)
    unmount()
    refused("no certificate", f"rootwright: certificate: T/none: cannot be "
            "read: No such file or directory", *S, "--cert", f"{T}/none",
            digest, target)


def contents():
    S = ("--insecure", "--store", store)
    words = "rootwright: WARNING: T/target: neither its image nor its files " \
            "are verified: --insecure\n"
    mounted("a file of a tmpfs", *S, image, words=words)
    equal(listing(target), listing(tree), "the tree")
    equal(run("diff", "-r", "--no-dereference", f"{tree}/d", f"{target}/d"),
          (0, "", ""), "and its contents")
    has(run("touch", f"{target}/x")[2], "Read-only file system", "read-only")
    os.makedirs(f"{T}/up/w")
    os.makedirs(f"{T}/up/u")
    equal(run("mount", "-t", "overlay", "-o", f"lowerdir={target}/d,upperdir="
              f"{T}/up/u,workdir={T}/up/w", "none", f"{T}/up/u")[0], 0,
          "another overlay can be mounted on top")
    run("umount", f"{T}/up/u")
    unmount()

    os.makedirs(f"{T}/a,b:c\\d/u")
    os.mkdir(f"{T}/a,b:c\\d/w")
    mounted("writable", *S, "--upperdir", f"{T}/a,b:c\\d/u", "--workdir",
            f"{T}/a,b:c\\d/w", image, words=words)
    with open(f"{target}/d/65", "w", encoding="utf-8") as f:
        f.write("new")
    with open(f"{T}/a,b:c\\d/u/d/65", encoding="utf-8") as f:
        equal(f.read(), "new", "what is written is in the upperdir")
    unmount()

    with subprocess.Popen(["unshare", "-U", "sh", "-c", "echo; cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        p.stdout.readline()
        for ids in "uid_map", "gid_map":
            with open(f"/proc/{p.pid}/{ids}", "w", encoding="ascii") as f:
                f.write("0 100000 1000")
        mounted("with owners of another user namespace", *S, "--idmap",
                f"/proc/{p.pid}/ns/user", image, words=words)
        st = os.lstat(f"{target}/d/5")
        equal((st.st_uid, st.st_gid), (100001, 100002), "an owner")
        unmount()
        p.stdin.close()

    os.mkdir(f"{target}/below")
    shutil.move(store, f"{target}/below/store")
    mounted("over its own store", "--insecure", "--store",
            f"{target}/below/store", image, words=words)
    equal(run("cmp", f"{tree}/d/100000", f"{target}/d/100000")[0], 0,
          "which is still read")
    unmount()


digest = make()
usage()
refusals()
signatures()
contents()
run("umount", T)
os.rmdir(T)
done()
