# SPDX-License-Identifier: MIT
"""Words that several tables use."""
from base import CONF
from cpio import file
from expect import refuses

SIGNED = CONF.replace("trust=digest", "trust=signature")
BOTH = CONF.replace("trust=digest", "trust=digest+signature")
TRUSTED = ("trusted",)
BIN = "bin/rootwright-boot"
DAMAGED = refuses("image-mismatch", r"image: objects/.+: expected data that "
                  r"match its fs-verity digest, found others at byte \d+ or "
                  r"after it: I/O error")
NO_DIGEST = (r"cmdline: expected composefs=<digest>, found none, and the "
             r"policy has no image=")
NO_IMAGE = (r"image: objects/.+: expected the image on /dev/vda1, found no "
            r"such file")
NO_FILE = (r"image: objects/.+: expected a regular file that the kernel opens, "
           r"found something else: ")
OTHER_DIGEST = (r"image: objects/.+: expected fs-verity digest "
                r"sha256:{one}, found sha256:[0-9a-f]{{64}}")
OTHER_KEY = (r"signature: signatures/{one}.p7s: expected one by a trusted "
             r"key, found one by .+")
FOREIGN = (r"signature: signatures/{one}.p7s: expected one over this digest "
           r'by key "test key trusted", found one that does not verify: it '
           r"is for something else or damaged")
NO_OBJECT = (r"preflight: /sbin/init: expected its object in the store, "
             r"found none")
UNIFORM = [f"INODE {path}: the root's device, its own number"
           for path in ("/data", "/data/victim", "/data/fine")]
SHELL = r"(^|\s)[#$] ?$|BusyBox v|PWNED"  # a prompt, or words of one


def script(text):
    """A program for the place of rootwright-boot."""
    return file("#!/bin/busybox sh\n" + text, 0o755)
