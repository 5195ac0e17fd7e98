# SPDX-License-Identifier: MIT
"""TAP for tests written in Python, and where things are.

A test is run from the top of the tree and says:

    import sys
    sys.path.insert(0, "tests/lib")
    from tap import *
    ...
    done()

SKIP lines are counted, with their reasons, in the last line of make check.
"""
import glob
import os
import subprocess
import sys

B = os.environ.get("B", "build")
CACHE = os.environ.get("CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME")
    or os.path.join(os.environ.get("HOME", "/"), ".cache"), "rootwright")
ROOTWRIGHT = os.path.join(B, "rootwright")

_count = 0
_failed = 0


def _line(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text):
    """A diagnostic, as comment lines."""
    for line in str(text).splitlines():
        _line("# " + line)


def ok(condition, name, why=""):
    """One test; why is shown when it fails. Returns the condition."""
    global _count, _failed
    _count += 1
    _line(f"{'ok' if condition else 'not ok'} {_count} - {name}")
    if not condition:
        _failed += 1
        if why:
            note(why)
    return bool(condition)


def equal(got, want, name):
    """got == want, both shown when not."""
    return ok(got == want, name, f" got: {got!r}\nwant: {want!r}")


def has(text, words, name):
    """The text contains the words."""
    return ok(words in text, name, f"not found: {words!r}\nin: {text!r}")


def skip(name, why):
    """A test that cannot run here."""
    global _count
    _count += 1
    _line(f"ok {_count} - {name} # SKIP {why}")


def skip_all(why):
    """None of the tests of this file can run here."""
    _line(f"1..0 # SKIP {why}")
    sys.exit(0)


def done():
    """The plan, and the exit code."""
    _line(f"1..{_count}")
    sys.exit(1 if _failed else 0)


def run(*argv, **kwargs):
    """Runs a command; returns (exit code, stdout, stderr), both text with
    surrogates for what is not UTF-8 (text=False: bytes)."""
    text = kwargs.pop("text", True)
    p = subprocess.run([os.fspath(a) for a in argv], check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       **kwargs)
    if not text:
        return p.returncode, p.stdout, p.stderr
    return (p.returncode, os.fsdecode(p.stdout), os.fsdecode(p.stderr))


def have_oracle(tool="mkcomposefs"):
    """Is this reference tool in the cache?"""
    return run("tests/lib/oracle", "--have", tool)[0] == 0


def oracle(tool, *argv, **kwargs):
    """run() for a tool of the unpacked sid: mkcomposefs, composefs-info,
    fsck.erofs, dump.erofs, fsverity. Paths are the caller's own."""
    return run("tests/lib/oracle", tool, *argv, **kwargs)


def kernel(name="bookworm-6.12"):
    """(vmlinuz, lib/modules/RELEASE) of an unpacked kernel, or None."""
    for image in glob.glob(f"{CACHE}/kernels/{name}/boot/vmlinuz-*"):
        release = os.path.basename(image)[len("vmlinuz-"):]
        modules = f"{CACHE}/kernels/{name}/lib/modules/{release}"
        if os.path.isdir(modules):
            return image, modules
    return None
