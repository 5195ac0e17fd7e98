#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rootwright build of a composefs dump: how it is named, what is refused with
which words, that a refusal leaves nothing behind, and many entries."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from randomtree import dump
from tap import *

T = tempfile.mkdtemp()
FILE = f"{T}/x.dump"
DIGEST = "aabbccddeeff00112233445566778899" * 2
PATH = DIGEST[:2] + "/" + DIGEST[2:]
ROOT = "/ 0 40755 2 0 0 0 1.0 - - -\n"


def build(*argv, **kwargs):
    return run(ROOTWRIGHT, "build", *argv, **kwargs)


def text(content):
    with open(FILE, "wb") as f:
        f.write(content.encode("latin-1"))
    return FILE


def refused(content, sentence, env=None):
    """Line 2 and on; the sentence is what follows the file's name."""
    name = text(content)
    code, out, err = build("--store", f"{T}/store", "--output", f"{T}/image",
                           f"dump:{name}", env=env)
    what = sentence.replace("\n", " ")
    equal((code, out), (1, ""), f"refused: {what[:100]}")
    equal(err.split("\n")[0], f"rootwright: {FILE}{sentence}", "its sentence")
    ok(not os.path.exists(f"{T}/image"), "no image")
    left = [n for d in ("objects", "images")
            if os.path.isdir(f"{T}/store/{d}")
            for n in os.listdir(f"{T}/store/{d}")]
    equal(left, [], "nothing in the store")


def entry(path="/a", size="0", mode="100644", nlink="1", uid="0", gid="0",
          rdev="0", mtime="1.0", payload="-", content="-", digest="-",
          rest=""):
    return (f"{path} {size} {mode} {nlink} {uid} {gid} {rdev} {mtime} "
            f"{payload} {content} {digest}{rest}\n")


# Names of a source.
tree = f"{T}/tree"
os.makedirs(f"{tree}/dir")
with open(f"{tree}/dir/big", "wb") as f:
    f.write(b"x" * 70000)
os.link(f"{tree}/dir/big", f"{tree}/also")
os.symlink("dir", f"{tree}/link")
want = build(tree)[1]
name = text(dump(tree))
ok(len(want) == 65, "a tree has a digest")
equal(build(f"dump:{name}")[:2], (0, want), "its dump has the same")
equal(build(name)[:2], (0, want), "a dump is known by its first bytes")
with open(name, "rb") as f:
    equal(build("-", stdin=f)[:2], (0, want), "from standard input")
with open(name, "rb") as f:
    equal(build("dump:-", stdin=f)[:2], (0, want), "and said to be a dump")
equal(build("--output", f"{T}/image", "--store", f"{T}/sealed", name)[:2],
      (0, want), "with an output and a store")
hexits = want.strip()
with open(f"{T}/image", "rb") as a, \
        open(f"{T}/sealed/objects/{hexits[:2]}/{hexits[2:]}", "rb") as b:
    equal(a.read(), b.read(), "which have the same image")
os.unlink(f"{T}/image")
with open(name, "rb") as f:
    lines = f.read()
with open(name, "wb") as f:
    f.write(lines[:-1])
equal(build(name)[:2], (0, want), "the last line needs no newline")

# Numbers.
for field, value in (("size", "x"), ("size", "+1"), ("size", "1z"),
                     ("size", "-1"), ("nlink", "4294967296"), ("nlink", ""),
                     ("uid", "-1"), ("uid", "4294967296"), ("gid", "0x1"),
                     ("gid", "1 "), ("rdev", "4294967296"), ("rdev", "1,3")):
    if value == "1 ":
        continue
    most = 2**64 - 1 if field == "size" else 2**32 - 1
    refused(ROOT + entry(**{field: value}),
            f":2: {field}: expected a decimal number of at most {most}, "
            f"found \"{value}\"")
for value in ("100949", "1100644", "", "0x81a4"):
    refused(ROOT + entry(mode=value),
            ":2: mode: expected an octal number of at most 177777, found "
            f"\"{value}\"")
for value in ("644", "170644", "0"):
    refused(ROOT + entry(mode=value),
            f":2: mode: expected a mode with a file type, found \"{value}\"")
for value in ("5", "1.1000000000", "99999999999999999999.1", ".5", "5.",
              "1.-1", "--1.0", "9223372036854775808.0", "1.0s"):
    refused(ROOT + entry(mtime=value),
            ":2: mtime: expected seconds and nanoseconds as 1700000000.5, "
            f"found \"{value}\"")

# Paths.
for value in ("/.", "/.."):
    refused(ROOT + entry(value),
            f":2: path: {value[1:]}: expected a file name, found "
            f"\"{value[1:]}\"")
for value in ("//a", "/d//a", "/a/", ""):
    refused(ROOT + entry(value), ":2: path: expected an absolute path with a "
            f"name after each slash, found \"{value}\"")
for value in ("/no/a", "/./a", "/../a", "/a\\x2fb"):
    refused(ROOT + entry(value), ":2: path: expected its directory on a line "
            "before it, found \"" + value.replace("\\x2f", "/") + "\"")
refused(ROOT + entry() + entry("/a/b"), ":3: path: expected a path whose "
        "parent is a directory, found \"/a/b\"")
refused(ROOT + entry() + entry("/b") + entry(), ":4: path: a: expected no "
        "such entry in the directory, found one")
refused(ROOT + entry("/" + "n" * 256), ":2: path: " + "n" * 40 + "...: "
        "expected a name of at most 255 bytes, found 256")
refused(entry(), ":1: path: expected the root / on the first line, found "
        "\"/a\"")
refused(ROOT + ROOT, ":2: path: expected only one root, found \"/\"")
refused(entry("/"), ":1: mode: expected a directory as the root, found "
        "\"100644\"")

# Escapes.
for value in ("\\q", "\\x1", "\\", "\\xzz", "\\x", "\\0"):
    refused(ROOT + entry("/a" + value), ":2: path: expected an escape: "
            f"\\xHH, \\n, \\r, \\t or \\\\, found \"{value}\"")
refused(ROOT + entry("/a\\x00b"), ":2: path: expected no NUL byte, found "
        "\"/a\\x00b\"")

# Content and objects.
refused(ROOT + entry(size="4", content="abc"), ":2: content: expected 4 bytes "
        "of content, found \"abc\"")
refused(ROOT + entry(size="5001", content="c" * 5001), ":2: content: expected "
        "at most 5000 bytes, found \"" + "c" * 91 + "...\"")
refused(ROOT + entry(size=str(2**53 + 1), payload=PATH, digest=DIGEST),
        ":2: size: expected at most 1024 chunks of 8 TiB, 9007199254740992 "
        "bytes, found \"9007199254740993\"")
for value in ("aabb", DIGEST[1:] + "g", DIGEST[2:] + "aa ", ""):
    value = value.strip()
    if len(value) == 64 and value[-1] != "g":
        continue
    refused(ROOT + entry(size="9", payload=PATH, digest=value),
            ":2: digest: expected the 64 hexadecimal digits of a digest by "
            f"sha256, found \"{value}\"")
refused(ROOT + entry(size="9", payload=PATH, digest=DIGEST * 2),
        ":2: digest: expected the 64 hexadecimal digits of a digest by "
        f"sha256, found \"{(DIGEST * 2)[:91]}...\"")
refused(ROOT + entry(size="9", payload="p" * 4096), ":2: payload: expected a "
        "path of at most 4095 bytes, found \"" + "p" * 91 + "...\"")

dash, none = (build(text(ROOT + entry(size="1", content=c)))[1]
              for c in ("\\x2d", "-"))
ok(len(dash) == 65 and dash != none, "a file of one dash is no absent one")
equal(dash, build(text(ROOT + entry(size="1", content="\\x2d",
                                    payload=PATH, digest=DIGEST)))[1],
      "whatever else is said of it")

for size in (2**53, 2**53 - 2**43, 2**52):
    content = ROOT + "".join(
        entry(f"/{i:0{i}}", size=str(size), payload=PATH, digest=DIGEST)
        for i in range(1, 99))
    build("--output", f"{T}/image", text(content))
    code, out, err = run(ROOTWRIGHT, "dump", f"{T}/image")
    equal((code, out.count(f" {size} ")), (0, 98), "files of 1024 chunks or "
          f"not so many are read again: {err}")
    os.unlink(f"{T}/image")

# Links.
refused(ROOT + entry(mode="120777"), ":2: payload: expected a symbolic link's "
        "target, found none")
refused(ROOT + entry(mode="120777", payload="t" * 4096), ":2: payload: "
        "symbolic link: expected a target of 1 to 4095 bytes, found 4096")
refused(ROOT + entry(mode="@100644"), ":2: payload: expected a hard link's "
        "target, found none")
refused(ROOT + entry(mode="@40755", payload="/d"), ":2: mode: expected a hard "
        "link to something else than a directory, found \"@40755\"")
refused(ROOT + entry(mode="@100644", payload="/a"), ":2: payload: expected a "
        "hard link's target, not itself, found \"/a\"")
refused(ROOT + entry(mode="@100644", payload="/") + entry("/b"),
        ":2: payload: expected a hard link's target that is no directory, "
        "found \"/\"")
refused(ROOT + entry(mode="@100644", payload="/no"), ":2: payload: expected a "
        "hard link's target that is there, found \"/no\"")
refused(ROOT + entry(mode="@100644", payload="/b") +
        entry("/b", mode="@100644", payload="/a"), ":2: payload: expected a "
        "hard link's target that is there, found \"/b\"")

# Xattrs.
refused(ROOT + entry(rest=" user.a"), ":2: xattr: expected NAME=VALUE, found "
        "\"user.a\"")
refused(ROOT + entry(rest="  user.a=1"), ":2: xattr: expected NAME=VALUE, "
        "found \"\"")
refused(ROOT + entry(rest=" =1"), ":2: xattr: : expected an xattr name of 1 "
        "to 255 bytes, found 0")
refused(ROOT + entry(rest=" " + "k" * 256 + "=1"), ":2: xattr: " + "k" * 40 +
        ": expected an xattr name of 1 to 255 bytes, found 256")
refused(ROOT + entry(rest=" user.a=" + "v" * 65536), ":2: xattr: user.a: "
        "expected an xattr value of at most 65535 bytes, found 65536")
# mkcomposefs counts 12 bytes, and 7 with each name and value.
for count, size in ((1, 32744), (2977, 0), (2047, 5)):
    most = "".join(f" {i:04x}=" + "v" * size for i in range(count))
    equal(build(text(ROOT + entry(rest=most)))[0], 0,
          f"{count} xattrs of {size} bytes")
    refused(ROOT + entry(rest=most + " last="), ":2: xattr: last: expected "
            "xattrs of at most 32767 bytes in all, found "
            f"{12 + 11 * (count + 1) + count * size}")
refused(ROOT + entry(rest=" user\\x00=1"), ":2: xattr: expected no NUL byte, "
        "found \"user\\x00\"")

# Lines.
refused(ROOT + "/a 0 100644 1 0 0 0 1.0 - -\n", ":2: digest: expected 11 "
        "fields separated by single spaces, found none")
refused(ROOT + "\n" + entry(), ":2: size: expected 11 fields separated by "
        "single spaces, found none")
refused(ROOT + "/a" * (3 << 20), ":2: expected a line of at most 4194304 "
        "bytes, found more")
refused("", ": expected a composefs dump, found nothing")

# What only CFS_PARSE_STRICT refuses.
strict = dict(os.environ, CFS_PARSE_STRICT="1")
for content, sentence in (
        (entry(mode="120777", size="3", payload="tgt", content="abc"),
         ":2: content: expected no content for a symbolic link, found "
         "\"abc\""),
        (entry(mode="120777", size="9", payload="tgt"),
         ":2: size: expected the target's 3 bytes, found \"9\""),
        (entry(rdev="5"),
         ":2: rdev: expected 0 for what is no device, found \"5\""),
        (entry()[:-1], ":2: expected a newline at the end, found none")):
    equal(build(text(ROOT + content))[0], 0, "taken")
    refused(ROOT + content, sentence, env=strict)

# Options that have no use here.
code, out, err = build("--use-epoch", text(ROOT))
equal((code, out), (1, ""), "--use-epoch is refused")
has(err, "expected no option that changes a dump, found one", "and says why")
code, out, err = build(f"{T}/nothing")
equal((code, err.split("\n")[0]), (1, f"rootwright: {T}/nothing: cannot be "
                                   "opened: No such file or directory"),
      "no such source")

# Directories in any order, and names that begin as others do.
paths = ["/a", "/a/b", "/a/b/c", "/a-", "/ab", "/ab/c", "/a/bb"]
inside = ["/a/x", "/a/b/x", "/a/b/c/x", "/a-/x", "/ab/x", "/ab/c/x", "/a/bb/x"]
shapes = (sorted(paths + inside), paths + inside, paths + inside[::-1],
          paths + sorted(inside, key=lambda p: p[-3:]))
digests = {build(text(ROOT + "".join(
    entry(p, mode="100644" if p in inside else "40755", nlink="1")
    for p in shape)))[1] for shape in shapes}
equal(len(digests), 1, "any order is the same image")
equal(len(digests.pop()), 65, "and is one")
refused(ROOT + entry("/a", mode="40755") + entry("/ab/c"),
        ":3: path: expected its directory on a line before it, found "
        "\"/ab/c\"")
for order in ("bb", "abb", "bab", "abcb", "cabb"):
    refused(ROOT + "".join(entry("/" + c) for c in order),
            f":{len(order) + 1}: path: b: expected no such entry in the "
            "directory, found one")

# Many entries: links before their targets, in chains; a flat directory.
count = 20000
chain = "".join(entry(f"/{i:05}", mode="@100644", payload=f"/{i + 1:05}")
                for i in range(count))
code, out, err = build(text(ROOT + chain + entry(f"/{count:05}", size="3",
                                                 content="abc")))
equal(code, 0, f"{count} hard links, each to the next")
ordered = "".join(entry(f"/{i:05}", mode="@100644", payload=f"/{count:05}")
                  for i in range(count))
equal(build(text(ROOT + entry(f"/{count:05}", size="3", content="abc") +
                 ordered))[1], out, "are links to one file")

# In no order does it take long: each link to one far behind or before it.
step = 7919
ring = [entry(f"/{i:05}", mode="@100644", payload=f"/{(i + step) % count:05}")
        for i in range(count)]
last = entry(f"/{count - step:05}", mode="@100644", payload=f"/{count:05}/")
chain = "".join(ring[:count - step] + [last] + ring[count - step + 1:])
equal(build(text(ROOT + chain + entry(f"/{count:05}", size="3",
                                      content="abc")))[1], out,
      f"{count} hard links, forth and back")
for links, target in ((chain, f"/{step:05}"), ("".join(ring), f"/{step:05}"),
                      (last, f"/{count:05}/")):
    refused(ROOT + links, ":2: payload: expected a hard link's target "
            f"that is there, found \"{target}\"")

# SHA-512: pinned by the kernel in a test of its own; here by its shape.
wide = DIGEST * 2
content = ROOT + entry(size="9", payload=wide[:2] + "/" + wide[2:],
                       digest=wide)
code, out, err = build("--algorithm", "sha512", text(content))
equal((code, len(out)), (0, 129), "SHA-512")
refused(content, ":2: digest: expected the 64 hexadecimal digits of a digest "
        f"by sha256, found \"{wide[:91]}...\"")
equal(build("--algorithm=md5", FILE)[0], 2, "no other algorithm")

shutil.rmtree(T)
done()
