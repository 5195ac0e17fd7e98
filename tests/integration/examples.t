#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The EXAMPLES of the man pages work as pasted: each page's are run, one
after the other, in an empty directory. Those that need another machine than
this one, or its root, run elsewhere: tests/integration/examples-root.t,
tests/boot/mount.t, tests/boot/status.t."""
import glob
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from tap import *

# What they need that a test has not.
ELSEWHERE = {
    "rootwright.1": "Debian's mirror",
    "rootwright-bless.1": "a tree with systemd",
    "rootwright-status.1": "a verified boot",
    "rootwright-watch.1": "a verified boot",
    "rootwright-mount.1": "a kernel with fs-verity",
    "rootwright-install.1": "a device",
    "rootwright-export.1": "a web server",
    "rootwright-initrd.8": "the running kernel's modules",
}
# The end of what these print on standard output.
PRINTS = {
    "rootwright-build.1": r"([0-9a-f]{64}\n){2}",
    "rootwright-cat.1": "example\n",
    "rootwright-check.1": "whole\n",
    "rootwright-compat.7": "[0-9a-f]{64}\n/ .*\n/etc .*\n/etc/hostname .*\n",
    "rootwright-diff.1": "metadata /\nadded /built\nfetch .*\n",
    "rootwright-dump.1": "/ .*\n/etc .*\n/etc/hostname .*\n",
    "rootwright-ls.1": "/etc/\t\n/etc/hostname\t?\n",
    "rootwright-measure.1": "[0-9a-f]{64}\n([0-9a-f]{64}\n)?",
    "rootwright-merge.1": "/etc/\t\n/etc/hostname\t?\n/opt/\t\n/opt/app\t?\n",
    "rootwright-missing.1": "[0-9a-f]{64}\n",
    "rootwright-objects.1": "[0-9a-f]{64}\n",
    "rootwright-oci.1": r"([0-9a-f]{64}\n){2}",
    "rootwright-verify.1": ".*\n",
}

# Options of other programs that a page speaks of.
OTHERS = {"build": {"--drivers", "--acls"}, "oci": {"--layers"}}


def examples(path):
    """The literal blocks below EXAMPLES, as one script."""
    with open(path, encoding="utf-8") as f:
        part = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)", f.read(),
                         re.M | re.S)
    if not part:
        return ""
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed|^\.Dl (.*?\n)",
                        part.group(1), re.M | re.S)
    return "".join(a or b for a, b in blocks).replace("\\e", "\\").replace(
        "\\-", "-")


def known(script):
    """Which options of our commands in a script are in no --help."""
    joined = script.replace("\\\n", " ")
    bad = []
    for command, rest in re.findall(
            r"\brootwright (release [a-z]+|[a-z]+)( [^|&\n]*)", joined):
        text = run(ROOTWRIGHT, *command.split(), "--help")[1]
        bad += [f"{command} {x}" for x in re.findall(r" (--[a-z-]+)", rest)
                if x not in text]
    return bad


def undocumented(command):
    """Options that only one of --help and the man page has."""
    text = run(ROOTWRIGHT, command, "--help")[1]
    below = re.findall(rf"rootwright {command} ([a-z]+) ",
                       text.split("\n\n")[0])
    text += "".join(run(ROOTWRIGHT, command, name, "--help")[1]
                    for name in below)
    with open(glob.glob(f"*/**/rootwright-{command}.[18]",
                        recursive=True)[0], encoding="utf-8") as f:
        page = f.read().replace("\\-", "-")
    return set(re.findall(r"--[a-z][a-z0-9-]*", text)) ^ {
        f"-{name}" for name in re.findall(r"Fl (-[a-z][a-z0-9-]*)", page)}


env = dict(os.environ, PATH=os.pathsep.join(
    [os.path.abspath(B), os.path.abspath(f"{B}/compat"),
     os.environ["PATH"]]))
pages = sorted(glob.glob("src/tool/*.[17]") + glob.glob("initrd/*.8"))
ok(len(pages) > 15, "the pages are found")
for page in pages:
    name, script = os.path.basename(page), examples(page)
    ok(script, f"{name} has an example")
    equal(known(script), [], f"{name}: its options are there")
    if name in ELSEWHERE:
        note(f"{name}: not run here: it needs {ELSEWHERE[name]}")
        continue
    with tempfile.TemporaryDirectory() as place:
        code, out, err = run("sh", "-eu", "-c", script, cwd=place, env=env)
    ok(code == 0, f"{name}: works as pasted", f"{script}\n{out}{err}")
    if name in PRINTS:
        ok(re.search(rf"^{PRINTS[name]}\Z", out, re.M), f"{name}: what it prints", out)

for command in re.findall(r"^  ([a-z]+) ", run(ROOTWRIGHT, "--help")[1],
                          re.M):
    found = undocumented(command) - {"--help"}
    equal(found - OTHERS.get(command, set()), set(),
          f"{command}: --help and the man page have the same options")

# The policies of boot.conf(5).
with open("src/boot/rootwright-boot.conf.5", encoding="utf-8") as f:
    policies = re.findall(r"^\.Bd -literal[^\n]*\n(trust=.*?)^\.Ed", f.read(),
                          re.M | re.S)
equal(len(policies), 4, "boot.conf(5) has four policies")
for n, policy in enumerate(policies, 1):
    with tempfile.TemporaryDirectory() as place:
        keys = f"{place}/" + ("release-keys.d" if "trust=release" in policy
                              else "keys.d")
        os.mkdir(keys)
        for name in ("x", "y"):
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{place}/key", "-out", f"{keys}/{name}.pem")
        with open(f"{place}/boot.conf", "w", encoding="ascii") as f:
            f.write(policy)
        code, out, err = run(f"{B}/rootwright-boot", "--check-config", place)
    ok(code == 0, f"policy {n} is one", out + err)
done()
