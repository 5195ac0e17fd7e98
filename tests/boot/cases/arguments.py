# SPDX-License-Identifier: MIT
"""The kernel command line."""
from cases.common import CONF, NO_DIGEST
from expect import Case, boots, refuses

CASES = [
    Case("much noise, and the digest before it", boots(),
         cmdline="composefs={one} x=" + "noise" * 360),
    Case("no digest", refuses("digest-missing", NO_DIGEST), cmdline=""),
    Case("empty digest", refuses(
        "digest-invalid", r"cmdline: composefs=?: expected .*"),
        cmdline="composefs="),
    Case("composefs without a value", refuses(
        "digest-invalid", r"cmdline: composefs: expected a value, found none"),
        cmdline="composefs"),
    Case("half a digest", refuses(
        "digest-invalid", r"cmdline: composefs=: expected .*, found '{half}' "
        r"\(32 characters\)"), cmdline="composefs={half}"),
    Case("uppercase digest", refuses(
        "digest-invalid", r"cmdline: composefs=: expected .*, found '{upper}' "
        r"\(64 characters\)"), cmdline="composefs={upper}"),
    Case("65 digits", refuses(
        "digest-invalid", r"cmdline: composefs=: expected .*, "
        r"found '{one}0' \(65 characters\)"), cmdline="composefs={one}0"),
    Case("? in front of the digest", refuses(
        "digest-unverified", r"cmdline: composefs=: expected a digest to "
        r"verify, found '\?' in front of it: the policy does not say "
        r"allow_unverified=yes"), cmdline="composefs=?{one}"),
    Case("digest given twice, the same", refuses(
        "digest-invalid", r"cmdline: composefs=: expected different images, "
        r"found '{one}' \(64 characters\)"),
        cmdline="composefs={one} composefs={one}"),
    Case("digest given twice, different: the first lies over the second",
         boots(over=["two"]), cmdline="composefs={one} composefs={two}"),
    Case("digest after --", refuses("digest-missing", NO_DIGEST),
         cmdline="-- composefs={one}"),
    Case("quoted digest", boots(), cmdline='composefs="{one}"'),
    Case("an unknown rootwright key", refuses(
        "cmdline-invalid", r"cmdline: expected composefs=, "
        r"rootwright.factory_reset, rootwright.release=, "
        r"rootwright.store= or rootwright.timeout=, found 'rootwright.shell=?(yes)?'"),
        cmdline="composefs={one} rootwright.shell=yes"),
    Case("another image than the policy's", refuses(
        "cmdline-invalid", r"cmdline: composefs=: expected the policy's "
        r"image {one}, found {two}"), cmdline="composefs={two}",
        conf=CONF + "image={one}\n"),
    Case("another store than the policy's", refuses(
        "store-conflict", r"cmdline: rootwright.store=: expected the policy's "
        r"store 'LABEL=rootwright', found '/dev/vdb1'"),
        cmdline="composefs={one} rootwright.store=/dev/vdb1"),
    Case("a longer timeout than the policy's", refuses(
        "cmdline-invalid", r"cmdline: rootwright.timeout=: expected at most "
        r"the policy's 30 seconds, found 31"),
        cmdline="composefs={one} rootwright.timeout=31"),

    Case("a quote that never ends", refuses(
        "cmdline-invalid", r"cmdline: expected a closing quote, found the "
        r"end after 'rootwright.timeout'"),
        cmdline='composefs={one} "rootwright.timeout=3'),
    Case("a shorter timeout than the policy's", boots(),
         cmdline="composefs={one} rootwright.timeout=29"),
]
