#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make demo does what its readers are told, with a shell at the end too."""
import os
import subprocess
import sys

sys.path.insert(0, "tests/lib")
from tap import B, CACHE, done, equal, has, kernel, ok, run, skip_all

if os.geteuid() != 0:
    skip_all("the demo's tree has files of other owners: needs root")
if not os.path.exists(f"{CACHE}/trixie-demo.tar") or not kernel():
    skip_all(f"no tree or kernel in {CACHE}: make deps fetches them")

code, _, err = run("keys/make-key", "--development", f"{B}/keys/development")
ok(code == 0, "a development key is there", err)

code, out, err = run("scripts/demo")
equal(code, 0, "the demo ends with exit code 0")
if code:
    ok(False, "what the demo said", out[-4000:] + err[-2000:])
has(out, "WARNING: a DEVELOPMENT key is trusted",
    "the boot warns of the development key")
has(out, "rootwright-boot: verified root: image ", "the line of success")
has(out, "touch: cannot touch '/usr/bin/evil': Read-only file system",
    "the tour shows that / cannot be written")
has(out, "refused [preflight-damaged]: preflight: /sbin/init: expected data "
    "that match its fs-verity digest, found others", "a changed object")
has(out, "refused [image-mismatch]: image: objects/", "a changed image")
equal(out.count("    as it must:  "), 3, "the summary: three as they must")

typed = "touch /x; echo st''ill $((6*7)); exit\n"
with subprocess.Popen(["scripts/demo"], stdin=subprocess.PIPE, text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                      errors="replace",
                      env=dict(os.environ, DEMO="shell")) as shell:
    said = ""
    while not said.endswith("verified:/# "):
        char = shell.stdout.read(1)
        if not char:
            break
        said += char
    ok(said.endswith("verified:/# "), "DEMO=shell: a prompt", said[-2000:])
    rest = shell.communicate(typed)[0]
equal(shell.returncode, 0, "DEMO=shell: exit code 0")
has(rest, "cannot touch '/x': Read-only file system",
    "DEMO=shell: the shell is inside")
has(rest, "still 42", "DEMO=shell: what is typed is run")
done()
