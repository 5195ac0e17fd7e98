#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands of keys/README.md work as pasted, one after the other: a key in
a file, one that is encrypted on a machine of its own, one in an HSM. In PATH
stand-ins type the pass phrase, and in place of the HSM a file is asked."""
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from blocks import blocks  # noqa: E402
from tap import B, ROOTWRIGHT, done, equal, has, ok, run  # noqa: E402

HERE = os.getcwd()
OPENSSL = run("sh", "-c", "command -v openssl")[1].strip()
STAND_INS = {
    "make": f"""
[ "$*" = dev-key ]
exec {HERE}/keys/make-key --development build/keys/development
""",
    "openssl": f"""
case "$*" in
'pkey -aes256 '*) exec {OPENSSL} "$@" -passout pass:x ;;
'pkey -in '*) exec {OPENSSL} "$@" -passin pass:x ;;
'smime '*pkcs11:object=images-2026*)
	exec {OPENSSL} smime -sign -binary -noattr -outform DER -in image.tbs \\
		-signer images-2026.pem -inkey images-2026.enc -out image.sig \\
		-passin pass:x ;;
'smime '*) exec {OPENSSL} "$@" -passin pass:x ;;
*) exec {OPENSSL} "$@" ;;
esac
""",
}
# What is elsewhere on the reader's machines, and who signs in each block.
BLOCKS = {
    "make dev-key": "rootwright DEVELOPMENT key",
    "keys/make-key --name": None,
    "rootwright sign --print-tbs": "Example Ltd. images 2026",
    "openssl pkey -in": "Example Ltd. images 2026",
    "openssl smime -sign": None,
}


def paste(place, text):
    """One block, with the names of what is here."""
    for word, here in (("/media/key", f"{place}/media"), ("STORE", "store"),
                       ("DIGEST", DIGEST)):
        text = text.replace(word, here)
    return run("bash", "-eu", "-o", "pipefail", "-c", text, cwd=place,
               env=ENV)


def signed(place, name, by):
    """And nobody else: the signature is taken away afterwards."""
    where = f"{place}/store/signatures/{DIGEST}.p7s"
    code, said, err = run(ROOTWRIGHT, "verify", "--store", f"{place}/store",
                          *CERTIFICATES(place), DIGEST)
    ok(code == 0 and by in said + err, f"{name}: signed by {by}", said + err)
    os.unlink(where)


def CERTIFICATES(place):
    found = []
    for path in ("build/keys/development.pem", "images-2026.pem"):
        if os.path.exists(f"{place}/{path}"):
            found += ["--cert", f"{place}/{path}"]
    return found


with tempfile.TemporaryDirectory(prefix="rw-keys-") as T:
    os.makedirs(f"{T}/bin")
    os.makedirs(f"{T}/tree")
    os.symlink(f"{HERE}/keys", f"{T}/keys")
    with open(f"{T}/tree/file", "w", encoding="ascii") as f:
        f.write("content")
    for command, script in STAND_INS.items():
        with open(f"{T}/bin/{command}", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nset -eu\n" + script)
        os.chmod(f"{T}/bin/{command}", 0o755)
    ENV = dict(os.environ, PATH=os.pathsep.join(
        [f"{T}/bin", os.path.abspath(B), os.environ["PATH"]]))
    DIGEST = run(ROOTWRIGHT, "build", "--store", f"{T}/store",
                 f"{T}/tree")[1].strip()
    found = blocks("keys/README.md")
    equal(len(found), len(BLOCKS), "keys/README.md: the blocks are known")
    for block in found:
        first = block.text.split("\n", 1)[0]
        signer = next((by for start, by in BLOCKS.items()
                       if first.startswith(start)), "?")
        code, out, err = paste(T, block.text)
        if not ok(code == 0, f"works as pasted: {first}", out + err):
            continue
        if signer:
            signed(T, first, signer)
        if first.startswith("keys/make-key"):
            equal(sorted(os.listdir(f"{T}/media")),
                  ["images-2026.enc", "images-2026.pem"],
                  "the plain key is gone")
            with open(f"{T}/media/images-2026.enc", encoding="ascii") as f:
                has(f.read(), "ENCRYPTED PRIVATE KEY", "the other one is not "
                    "plain")
            for name in "enc", "pem":
                os.rename(f"{T}/media/images-2026.{name}",
                          f"{T}/images-2026.{name}")
        if "pkcs11" in block.text:
            code, _, err = run(ROOTWRIGHT, "sign", "--attach",
                               f"{T}/image.sig", "--cert",
                               f"{T}/images-2026.pem", "--store",
                               f"{T}/store", DIGEST)
            ok(code == 0, "what the HSM gives can be attached", err)
with open("Makefile", encoding="ascii") as f:
    ok(re.search(r"keys/make-key --development", f.read()),
       "make dev-key makes that key")
done()
