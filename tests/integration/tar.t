#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build of a tar: the digest that its directory and its dump have,
by every compression and format; what is refused with which words; that a tar
which is cut anywhere is noticed, and leaves a clean store."""
import gzip
import io
import lzma
import os
import shutil
import stat
import sys
import tarfile
import tempfile

sys.path.insert(0, "tests/lib")
from randomtree import RandomTree, dump
from tap import *

T = tempfile.mkdtemp()
TAR = f"{T}/x.tar"


def build(*argv, **kwargs):
    return run(ROOTWRIGHT, "build", *argv, **kwargs)


def member(name, content=None, **kwargs):
    m = tarfile.TarInfo(name)
    m.type = tarfile.REGTYPE if content is not None else tarfile.DIRTYPE
    m.mode = 0o644 if content is not None else 0o755
    m.size = len(content or b"")
    m.mtime = 1
    for key, value in kwargs.items():
        setattr(m, key, value)
    return m, content


def link(name, target, kind=tarfile.LNKTYPE):
    return member(name, b"", type=kind, linkname=target)


def write(*members, form=tarfile.PAX_FORMAT):
    with tarfile.open(TAR, "w", format=form) as t:
        for m, content in members:
            t.addfile(m, io.BytesIO(content) if content else None)
    with open(TAR, "rb") as f:
        return f.read()


def refused(sentence, why, source=f"tar:{TAR}"):
    code, out, err = build("--store", f"{T}/store", "--output", f"{T}/image",
                           source)
    equal((code, out), (1, ""), f"{why}: refused")
    equal(err.split("\n")[0], f"rootwright: {sentence}", f"{why}: its words")
    equal((os.path.exists(f"{T}/image"), os.path.exists(f"{T}/store/images")),
          (False, False), f"{why}: no image")


def simplify(tree):
    """Takes out what GNU tar or libarchive do not keep: sockets, hard links
    of what is no file, times before 1970."""
    for top, dirs, names in os.walk(tree, topdown=False):
        for path in [top + b"/" + name for name in dirs + names]:
            st = os.lstat(path)
            if stat.S_ISSOCK(st.st_mode) or (
                    not stat.S_ISREG(st.st_mode) and
                    not stat.S_ISDIR(st.st_mode) and st.st_nlink > 1):
                os.unlink(path)
            elif st.st_mtime_ns < 0:
                os.utime(path, ns=(0, 5), follow_symlinks=False)
    if os.stat(tree).st_mtime_ns < 0:
        os.utime(tree, ns=(0, 5))


# One tree by every road.
for seed in range(1, 7):
    tree = f"{T}/tree{seed}"
    os.mkdir(tree)
    if os.geteuid() != 0:
        skip("random trees", "needs root: devices, owners, trusted xattrs")
        break
    RandomTree(seed, False).make(tree)
    simplify(os.fsencode(tree))
    want = build(tree)[1]
    ok(len(want) == 65, f"tree {seed} has a digest")
    with open(f"{T}/dump", "w") as f:
        f.write(dump(tree))
    equal(build(f"dump:{T}/dump")[1], want, "its dump has it, too")
    for how in ("", "-z", "--zstd", "-J")[:4 if seed == 2 else 2]:
        code, _, err = run("tar", "-C", tree, "-cf", TAR, "--sparse",
                           "--format=posix", "--xattrs",
                           "--xattrs-include=*", *([how] if how else []), ".")
        ok(code == 0, "tar", err)
        code, out, err = build(TAR)
        ok(out == want, f"tar {how}: the same digest", err + out)

# Standard input, a store, --for-boot needs it.
write(member("."), member("./usr"), member("./usr/f", b"f" * 3000000))
want = build(TAR)[1]
with open(TAR, "rb") as f:
    equal(build("-", stdin=f)[1], want, "from standard input")
with open(TAR, "rb") as f:
    equal(build("tar:-", stdin=f)[1], want, "and said to be a tar")
equal(build("--store", f"{T}/good", TAR)[1], want, "into a store")
equal(run(ROOTWRIGHT, "check", f"{T}/good")[0:2], (0, ""), "all whole")
code, out, err = build("--for-boot", TAR)
equal((code, out), (1, ""), "--for-boot without a store")
has(err, "expected a directory or a --store, found neither", "says why")
equal(build("--no-hardlinks", TAR)[1], want, "--no-hardlinks: there are none")

# The root's metadata.
write(member("usr", mode=0o711, uid=5, gid=6, mtime=77,
             pax_headers={"SCHILY.xattr.user.a": "b"}), member("f", b"x"))
bare = build(TAR)[1]
write(member(".", mode=0o711, uid=5, gid=6, mtime=77,
             pax_headers={"SCHILY.xattr.user.a": "b"}),
      member("usr", mode=0o711, uid=5, gid=6, mtime=77,
             pax_headers={"SCHILY.xattr.user.a": "b"}), member("f", b"x"))
equal(bare, build(TAR)[1], "a root that is not there is as /usr is")
roots = []
for name in (".", "/", "//"):
    write(member(name, mode=0o700, uid=9), member("usr", mode=0o711),
          member("f", b"x"))
    roots.append(build(TAR)[:2])
equal([roots[0][0], *roots], [0] + roots[:1] * 3, "a root may be called /")
ok(roots[0][1] != bare, "and is as its entry says, and not as /usr is")

# Sparse files, and hard links.
os.makedirs(f"{T}/holes")
with open(f"{T}/holes/f", "wb") as f:
    f.truncate(3 << 20)
    f.seek(1 << 20)
    f.write(b"middle")
run("tar", "-C", f"{T}/holes", "--sparse", "--format=posix", "-cf",
    TAR, ".")
ok(os.path.getsize(TAR) < 100000, "a sparse file takes little room")
equal(build(TAR)[1], build(f"{T}/holes")[1], "its holes are zeros")

# Bad tars. The number and the offset are those of the entry's first header.
for name, words in (
        ("../f", "expected a name without \"..\", found one"),
        ("d/../f", "expected a name without \"..\", found one"),
        ("/f", "expected a relative name, found \"/f\""),
        ("//f", "expected a relative name, found \"//f\""),
        ("/.", "expected a relative name, found \"/.\""),
        ("no/f", "expected its directory on an entry before it, found none"),
        ("f/g", "expected its directory on an entry before it, found another "
         "type"),
        ("f", "expected each name once, found it twice"),
        ("./f", "expected each name once, found it twice"),
        ("n" * 256, "n" * 40 + "...: expected a name of at most 255 bytes, "
         "found 256")):
    write(member("d"), member("f", b"1"), member(name, b"2"),
          form=tarfile.GNU_FORMAT)
    refused(f"{TAR}: entry 3 at offset 1536, {name[:200]}: {words}", name[:9])
write(member("d"), member("d"))
refused(f"{TAR}: entry 2 at offset 512, d/: expected each name once, found it "
        "twice", "a directory twice")
write(member("."), member("."))
refused(f"{TAR}: entry 2 at offset 512, ./: expected each name once, found "
        "the root twice", "the root twice")
write(member("."), member("/"))
refused(f"{TAR}: entry 2 at offset 512, /: expected each name once, found "
        "the root twice", "the root twice, by two names")
write(link("/", "f", tarfile.SYMTYPE))
refused(f"{TAR}: entry 1 at offset 0, /: expected a directory as the root, "
        "found another type", "a link called /")
write(member(".", b"x"))
refused(f"{TAR}: entry 1 at offset 0, .: expected a directory as the root, "
        "found another type", "a root that is a file")
for target, words in (
        ("../f", "expected a name without \"..\", found one"),
        ("/etc/passwd", "expected a relative name, found \"/etc/passwd\""),
        ("later", "expected a hard link to a file before it, found none of "
         "the name \"later\""),
        ("l", "expected a hard link to a file before it, found none of the "
         "name \"l\""),
        ("d", "expected a hard link to a file before it, found the directory "
         "\"d\""),
        ("/", "expected a hard link to a file before it, found the directory "
         "\"\"")):
    write(member("d"), link("l", target), member("later", b"x"))
    refused(f"{TAR}: entry 2 at offset 512, l: {words}", f"link to {target}")
write(link("s", "t" * 4096, tarfile.SYMTYPE), form=tarfile.GNU_FORMAT)
refused(f"{TAR}: entry 1 at offset 0, s: symbolic link: expected a target of "
        "1 to 4095 bytes, found 4096", "a long target")
write(member("f", b"x", pax_headers={
    "SCHILY.acl.access": "user::rw-,user:1:r--,group::r--,mask::r--,"
    "other::r--"}))
code, out, err = build(TAR)
equal((code, out), (1, ""), "an ACL in words is refused")
has(err, "f: expected ACLs as xattrs, found an ACL in words", "its words")

# Numbers and sizes that cannot be.
FIRST = f"{TAR}: entry 1 at offset 0, f: "
for headers, words in (
        ({"uid": "-5"}, "expected an owner of 0 to 4294967295, found -5"),
        ({"gid": "4294967296"}, "expected a group of 0 to 4294967295, found "
         "4294967296")):
    write(member("f", b"x", pax_headers=headers))
    refused(FIRST + words, str(headers))


def header(data, size, name=b"f"):
    """A tar of one file whose header says another size, as bytes."""
    h = bytearray(tarfile.TarInfo(name.decode()).tobuf())
    h[124:136] = size
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h) + data + bytes(-len(data) % 512) + bytes(1024)


for size, words in (
        (b"00000010000\0", FIRST + f"{TAR}: offset 2560: cannot be read as a "
         "tar: Truncated tar archive"),
        (b"00000000100\0", f"{TAR}: offset 1536: cannot be read as a tar: "
         "Damaged tar archive"),
        (b"z" * 12, f"{TAR}: offset 0: cannot be read as a tar: Unrecognized "
         "archive format"),
        (b"\xff" * 12, f"{TAR}: offset 512: cannot be read as a tar: Tar "
         "entry has negative size"),
        (b"\x80" + b"\x7f" * 11, f"{TAR}: offset 512: cannot be read as a "
         "tar: Tar entry size overflow")):
    with open(TAR, "wb") as f:
        f.write(header(b"x" * 1000, size))
    refused(words, f"a size of {size!r}")

# Sparse files that lie. The good one has 5 bytes at 10 of 1000.
for size, blocks, words in (
        ("1000", "10,5", ""),
        ("10", "100,5", "expected a file of 10 bytes, found data behind them"),
        ("1000", "10,3,11,2", "expected the pieces of a sparse file in order, "
         "found one at 11 behind 13"),
        ("1000", "10,500", "expected 500 bytes of data, found 5"),
        ("1000", "10", "expected 1000 bytes of data, found 5"),
        ("1000", "-10,5", "cannot be read whole: something in its headers is "
         "wrong"),
        ("1000", "a,b", "cannot be read whole: something in its headers is "
         "wrong"),
        ("-5", "10,5", "expected a size of 0 to 9223372036854775807, found "
         "-5")):
    write(member(".", mtime=1), member("f", b"hello", pax_headers={
        "GNU.sparse.size": size, "GNU.sparse.map": blocks,
        "GNU.sparse.numblocks": str(max(1, blocks.count(",") // 2 + 1))}))
    if words:
        refused(f"{TAR}: entry 2 at offset 512, f: {words}",
                f"sparse {size} {blocks}")
    else:
        sparse = build(TAR)[1]
        write(member(".", mtime=1),
              member("f", bytes(10) + b"hello" + bytes(985)))
        equal(sparse, build(TAR)[1], "a sparse file is what it says")

# Cut anywhere.
whole = write(member("d"), member("f", b"f" * 700), member("d/g", b"g" * 30))
want = build(TAR)[1]
end = 512 + 512 + 1024 + 512 + 512


def cut(data, n):
    with open(TAR, "wb") as f:
        f.write(data[:n])
    return build("--store", f"{T}/cut", TAR)


bad = [n for n in range(0, end, 64) if cut(whole, n)[:2] != (1, "")]
equal(bad, [], "a tar that is cut is refused")
equal(cut(whole, end)[2].split("\n")[0], f"rootwright: {TAR}: offset {end}: "
      "expected the end mark of a tar, found the end of the file: it was cut",
      "also between its entries")
equal(cut(whole, end + 512)[1], want, "the end mark is enough")
for name, packed in (("gzip", gzip.compress(whole)),
                     ("xz", lzma.compress(whole))):
    equal(cut(packed, len(packed))[1], want, f"{name}: whole")
    bad = [n for n in range(0, len(packed), 3)
           if cut(packed, n)[:2] != (1, "")]
    equal(bad, [], f"{name}: refused when cut")
    equal(cut(packed, len(packed) - 1)[0], 1, f"{name}: by one byte")
equal(run(ROOTWRIGHT, "check", f"{T}/cut")[0:2], (0, ""),
      "the store is clean")
with open(TAR, "wb") as f:
    f.write(b"")
refused(f"{TAR}: expected a tar, found nothing", "an empty file")
with open(TAR, "wb") as f:
    f.write(os.urandom(64) + b"not a tar" * 200)
equal(build(TAR)[0], 1, "something else is refused")
has(build(TAR)[2], f"{TAR}: offset 0: cannot be read as a tar: ", "as such")

shutil.rmtree(T)
done()
