# SPDX-License-Identifier: MIT
"""boot.conf and keys.d."""
from cases.common import CONF, SIGNED, TRUSTED, file
from expect import Case, refuses

CASES = [
    Case("signature trust without a certificate", refuses(
        "keys-empty", r"policy: trust=signature: expected a certificate in "
        r"keys.d, found none"), conf=SIGNED),
    Case("policy without trust=", refuses(
        "policy-invalid",
        r"policy: boot.conf: expected a line trust=, found none"),
        conf=CONF.replace("trust=digest", "")),
    Case("unknown key in the policy", refuses(
        "policy-invalid", r"policy: /etc/rootwright/boot.conf:5: expected "
        r"key=value with a key of this format, found 'shell=yes'"),
        conf=CONF + "shell=yes\n"),
    Case("no store named", refuses(
        "store-unnamed", r"store: expected store= in the policy or "
        r"rootwright.store= on the command line, found neither"),
        conf="trust=digest\nfailure_delay=0\n"),

    Case("keys.d with something that is no certificate", refuses(
        "keys-invalid", r"certificate: /etc/rootwright/keys.d/bad.pem: "
        r"expected an X.509 certificate in PEM or DER, found something "
        r"else"), conf=SIGNED, keys=TRUSTED,
        initrd={"etc/rootwright/keys.d/bad.pem": file("no certificate\n")}),
    Case("a file in place of /sysroot", refuses(
        "sysroot", r"sysroot: /sysroot: expected an empty directory, found "
        r"something else"), initrd={"sysroot": file("")}),
]
