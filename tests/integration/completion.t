#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completion in bash and zsh: every command and every long option that the
programs have, the values of options, files. And that --help has every option
that the source has, as completion reads it there."""
import glob
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

OPTION = r"--[a-z][a-z0-9-]*"
T = tempfile.mkdtemp()
here = os.getcwd()
for name, path in (("rootwright", ROOTWRIGHT), ("rootwright-initrd",
                                                "initrd/mkinitrd"),
                   ("rootwright-boot", f"{B}/rootwright-boot")):
    os.symlink(os.path.abspath(path), f"{T}/{name}")
os.makedirs(f"{T}/place/store")
for name in ("image.cfs", "istore"):
    with open(f"{T}/place/{name}", "w", encoding="ascii") as f:
        f.write("")
os.chdir(f"{T}/place")


def by_bash(lines):
    return run("bash", "--norc", f"{here}/tests/lib/complete.bash",
               f"{here}/completions/rootwright.bash",
               input="".join("\t".join(words) + "\n"
                             for words in lines).encode())


def by_zsh(lines):
    return run("zsh", "-f", f"{here}/tests/lib/complete.zsh",
               f"{here}/completions",
               input="".join(" ".join(words).replace(" = ", "=") + "\n"
                             for words in lines).encode())


def helps(*words):
    code, out, err = run(*words, "--help")
    ok((code, err) == (0, ""), f"{' '.join(words[1:])} --help", err)
    return out


# What there is, by another reading of --help.
rw = f"{T}/rootwright"
wanted, options = {}, set()
text = helps(rw)
commands = re.findall(r"^  ([a-z]+) ", text, re.M)
ok(len(commands) > 12 and "build" in commands, "the commands")
wanted[rw, ""] = commands
calls = [(f"{T}/rootwright-initrd",), (f"{T}/rootwright-boot",)]
for command in commands:
    text = helps(rw, command)
    below = re.findall(rf"rootwright {command} ([a-z]+) ",
                       text.split("\n\n")[0])
    if below:
        wanted[rw, command, ""] = below
    calls += [(rw, command, name) for name in below] or [(rw, command)]
for call in calls:
    found = set(re.findall(OPTION, helps(*call)))
    options |= found
    wanted[(*call, "--")] = found | {"--help"}

# Every option of the source is in some --help.
known = set()
for path in glob.glob(f"{here}/src/tool/*.c"):
    if not os.path.basename(path).startswith("compat"):
        with open(path, encoding="utf-8") as f:
            known |= set(re.findall(
                r'{ "([a-z0-9-]+)",\s+(?:no|required)_argument', f.read()))
with open(f"{here}/initrd/mkinitrd", encoding="utf-8") as f:
    known |= set(re.findall(r"^\s*--([a-z0-9-]+)\)", f.read(), re.M))
ok(len(known) > 30, "the source's options are found")
equal({f"--{name}" for name in known} - options - {"--help"}, set(),
      "--help has every option of the source")

# Prefixes and values.
wanted.update({
    (rw, "bu"): {"build"},
    (rw, "build", "--min"): {"--min-version"},
    (rw, "build", "--algorithm", ""): {"sha256", "sha512"},
    (rw, "build", "--algorithm", "=", "sha5"): {"sha512"},
    (rw, "build", "--store", "s"): {"store"},
    (rw, "build", "--store", "=", "s"): {"store"},
    (rw, "build", "--store", "i"): set(),
    (rw, "build", "--output", "im"): {"image.cfs"},
    (rw, "ls", "i"): {"image.cfs", "istore"},
    (rw, "ls", "--json", "im"): {"image.cfs"},
    (f"{T}/rootwright-initrd", "--compress", ""): {"gzip", "zstd", "xz",
                                                   "none"},
    (rw, "nonsense", "--"): {"--help"},
})
for shell, complete in (("bash", by_bash), ("zsh", by_zsh)):
    if not shutil.which(shell):
        skip(f"completion by {shell}", f"no {shell} (make deps)")
        continue
    code, out, err = complete(wanted)
    ok((code, err) == (0, ""), shell, err)
    groups = re.split(r"^\.\n", out, flags=re.M)[:-1]
    equal(len(groups), len(wanted), f"{shell}: an answer to each")
    for words, group in zip(wanted, groups):
        equal({word.rstrip("/") for word in group.split()},
              set(wanted[words]), f"{shell}: {' '.join(words[1:])}")

os.chdir(here)
shutil.rmtree(T)
done()
