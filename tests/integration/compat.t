#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The names of composefs' programs: their output and their exit codes."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import B, done, equal, has, have_oracle, oracle, run, skip_all  # noqa: E402

if not have_oracle("composefs-info"):
    skip_all("composefs is not in the cache (make deps)")
T = tempfile.mkdtemp()


def both(program, *argv, name=None, words=False, **kwargs):
    """Both give the same; of a failure, words says that those count, too."""
    ours = run(f"{B}/compat/{program}", *argv, **kwargs)
    theirs = oracle(program, *argv, **kwargs)
    if not words:
        ours, theirs = ours[:2], theirs[:2]
    else:
        # The usage begins with how the program was called.
        ours, theirs = ([line for line in x[2].splitlines()
                         if not line.startswith("usage: ")] + [x[0]]
                        for x in (ours, theirs))
    equal(ours, theirs, name or " ".join([program, *argv]).replace(T, "."))


def info():
    images = []
    for dump in ("links", "types", "whiteouts", "shared"):
        images.append(f"{T}/{dump}")
        oracle("mkcomposefs", "--from-file", f"tests/golden/{dump}.dump",
               images[-1])
    os.makedirs(f"{T}/base/e4")
    some = "0425eaca55b3aca9994575b03b1585ff756c4684395fa144ee2642aeaf1d49"
    with open(f"{T}/base/e4/{some}", "wb"):
        pass
    for command in ("ls", "dump", "objects", "missing-objects"):
        both("composefs-info", command, *images)
        both("composefs-info", f"--basedir={T}/base", command, *images)
        both("composefs-info", "--filter=a", command, *images)
        both("composefs-info", command, "--filter", "b", images[0], "--filter",
             "c")
        both("composefs-info", "--filter=none", command, *images)
        both("composefs-info", command, words=True)
        both("composefs-info", command, f"{T}/none", words=True)
        both("composefs-info", command, "/dev/null")
        both("composefs-info", command, images[0], "/etc/passwd",
             name=f"{command} of an image and another file")
    both("composefs-info", "measure-file", *images)
    both("composefs-info", "measure-file", words=True)
    both("composefs-info", "measure-file", f"{T}/none", words=True)
    both("composefs-info", words=True)
    both("composefs-info", "what", words=True)
    both("composefs-info", "what", images[0], words=True)
    both("composefs-info", f"--basedir={T}/none", "ls", images[0], words=True)
    equal(run(f"{B}/compat/composefs-info", "--what")[0], 1, "a wrong option")
    equal(run(f"{B}/compat/composefs-info", "--filter=a/b", "ls", images[0]),
          (1, "", "composefs-info: Filter must be a single name: a/b\n"),
          "a filter with a slash")


def listing(top):
    """What is below a directory, with modes and content."""
    found = {}
    for where, _, files in os.walk(top):
        found[where[len(top):]] = os.lstat(where).st_mode
        for name in files:
            path = f"{where}/{name}"
            with open(path, "rb") as f:
                found[path[len(top):]] = (os.lstat(path).st_mode, f.read())
    return found


def written(name, *argv, **kwargs):
    """mkcomposefs writes the same, in a directory of its own."""
    found = []
    for program in ((f"{B}/compat/mkcomposefs",), ("oracle",)):
        shutil.rmtree(f"{T}/out", ignore_errors=True)
        os.mkdir(f"{T}/out")
        what = (run(*program, *argv, **kwargs) if program[0] != "oracle" else
                oracle("mkcomposefs", *argv, **kwargs))
        there = listing(f"{T}/out")
        # It leaves an empty image behind when it fails; we leave none.
        if what[0] != 0 and there.get("/image", (0, 0))[1] == b"":
            del there["/image"]
        found.append((what[:2], there))
    equal(found[0], found[1], name)


def mkcomposefs():
    tree, image = f"{T}/tree", f"{T}/out/image"
    os.makedirs(f"{tree}/dir")
    for name, size in (("empty", 0), ("small", 64), ("dir/big", 65),
                       ("dir/bigger", 70000)):
        with open(f"{tree}/{name}", "w", encoding="ascii") as f:
            f.write("x" * size)
    os.link(f"{tree}/small", f"{tree}/link")
    os.symlink("dir", f"{tree}/symlink")
    os.mkfifo(f"{tree}/fifo")
    os.setxattr(f"{tree}/small", "user.x", b"y")
    if os.geteuid() == 0:
        os.mknod(f"{tree}/null", 0o20666, os.makedev(1, 3))
        os.mknod(f"{tree}/gone", 0o20000, 0)
        os.setxattr(f"{tree}/dir", "trusted.x", b"y")
    for more in ([], ["--use-epoch"], ["--skip-devices"], ["--skip-xattrs"],
                 ["--user-xattrs"], ["--min-version=1"], ["--max-version=0"],
                 ["--threads=3"], ["--print-digest"],
                 ["--skip-xattrs", "--user-xattrs"],
                 ["--min-version=2"], ["--max-version=2"], ["--threads=0"],
                 ["--threads=1000"],
                 [f"--digest-store={T}/out/store"],
                 [f"--digest-store={T}/out/none/store"]):
        written(f"a directory {' '.join(more)}".replace(T, "."), *more, tree,
                image)
    written("only the digest", "--print-digest-only",
            f"--digest-store={T}/out/store", tree)
    written("a directory by a link's name", f"{tree}/symlink", image)
    written("a file", f"{tree}/small", image)
    written("into a device", tree, "/dev/null")
    written("into a directory", tree, f"{T}/out")
    for dump in ("links", "types", "whiteouts", "xattrs"):
        written(f"{dump}.dump", "--from-file", f"tests/golden/{dump}.dump",
                image)
    with open("tests/golden/links.dump", "rb") as f:
        text = f.read()
    written("a dump from standard input", "--from-file", "--print-digest", "-",
            image, input=text)
    for argv in ([], [tree], [tree, image, image], ["--what"],
                 ["--print-digest-only", tree, image], ["--min-version=x"],
                 ["--max-version=1x"], ["--threads=-1"]):
        theirs, ours = (x[2].splitlines()[:1] for x in
                        (oracle("mkcomposefs", *argv),
                         run(f"{B}/compat/mkcomposefs", *argv)))
        # What it was called by is in some of them.
        equal([x.replace(f"{B}/compat/", "") for x in ours],
              [x.replace(T, T) for x in theirs],
              f"{' '.join(argv)}: the same words".replace(T, "."))
        both("mkcomposefs", *argv)
    both("mkcomposefs", f"{T}/none", image, words=True)
    both("mkcomposefs", tree, f"{T}/none/image", words=True)
    for strict in ({}, {"CFS_PARSE_STRICT": "1"}):
        written(f"a size that is none, {strict}", "--from-file", "-", image,
                input=b"/ 4096 40755 2 0 0 0 1.0 - - -\n"
                b"/l 9 120777 1 0 0 0 1.0 x - -\n",
                env={**os.environ, **strict})
    run(f"{B}/compat/mkcomposefs", tree, f"{T}/image")
    equal(run(f"{B}/compat/composefs-dump", f"{T}/image", f"{T}/again"),
          (0, "", ""), "composefs-dump")
    with open(f"{T}/image", "rb") as a, open(f"{T}/again", "rb") as b:
        equal(a.read() == b.read(), True, "writes the image again")
    equal(run(f"{B}/compat/composefs-dump", tree, f"{T}/other"),
          (1, "", f"composefs-dump: {tree}: expected a regular file, found "
           "something else\n"), "composefs-dump of a directory")
    equal(os.path.exists(f"{T}/other"), False, "leaves nothing")


def bugs():
    """What the original takes and we do not: the list in the man page."""
    digest = "ab" * 32
    line = "/a {} 100644 {} {} 0 0 {} {} - {}\n"
    root = "/ 0 40755 2 0 0 0 1.0 - - -\n"
    for name, text in (
            ("a short digest", line.format(9, 1, 0, "1.0", "ab/cd", "abcd")),
            ("a long digest", line.format(9, 1, 0, "1.0", "ab/cd",
                                          digest + "00")),
            ("a digest that is none", line.format(9, 1, 0, "1.0", "ab/cd",
                                                  "zz" * 32)),
            ("a sign", line.format("+0", 1, 0, "1.0", "-", "-")),
            ("a number below 0", line.format(0, 1, -1, "1.0", "-", "-")),
            ("a number of 33 bits", line.format(0, 2**32, 0, "1.0", "-",
                                                "-")),
            ("a second and more", line.format(0, 1, 0, "1.1000000000", "-",
                                              "-")),
            ("a field less", "/a 0 100644 1 0 0 0 1.0 - -\n"),
            ("a doubled slash", line.replace("/a", "//a").format(
                0, 1, 0, "1.0", "-", "-")),
            ("a NUL byte", line.replace("/a", "/a\\x00b").format(
                0, 1, 0, "1.0", "-", "-"))):
        code, _, _ = oracle("mkcomposefs", "--from-file",
                            "--print-digest-only", "-",
                            input=(root + text).encode())
        equal(code, 0, f"{name}: the original takes it")
        code, out, err = run(f"{B}/compat/mkcomposefs", "--from-file",
                             "--print-digest-only", "-",
                             input=(root + text).encode())
        equal((code, out), (1, ""), f"{name}: we do not")
        has(err, "mkcomposefs: standard input:2: ", "and say which line")

    tree, store = f"{T}/bug", f"{T}/bugs"
    os.mkdir(tree)
    with open(f"{tree}/f", "w", encoding="ascii") as f:
        f.write("x" * 5000)
    command = (f"--digest-store={store}", tree, f"{T}/bug.cfs")
    oracle("mkcomposefs", *command)
    where = [f"{top}/{names[0]}" for top, _, names in os.walk(store)
             if names][0]
    os.truncate(where, 4999)
    equal(oracle("mkcomposefs", *command)[0], 0,
          "an object that is cut: the original takes it")
    code, _, err = run(f"{B}/compat/mkcomposefs", *command)
    equal(code, 1, "an object that is cut: we do not")
    has(err, f"{where}: expected an object of 5000 bytes, found 4999",
        "and say which")


info()
mkcomposefs()
bugs()
shutil.rmtree(T)
done()
