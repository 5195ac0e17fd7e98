# SPDX-License-Identifier: MIT
"""Its signature."""
from cases.common import BOTH, FOREIGN, OTHER_KEY, SIGNED, TRUSTED
from expect import Case, boots, refuses

CASES = [
    Case("1 MB of signature", refuses(
        "signature-invalid", r"signature: signatures/{one}.p7s: expected a "
        r"regular file of at most 16384 bytes: File too large"),
        conf=SIGNED, keys=TRUSTED, disk=["fill {signature_one} 1048576"]),
    Case("a signature over the image instead of its digest", refuses(
        "signature-invalid", FOREIGN), conf=SIGNED, keys=TRUSTED,
        disk=["install {signature_one} {raw_signature}"]),
    Case("a symlink in place of the signature", refuses(
        "signature-invalid", r"signature: signatures/{one}.p7s: expected a "
        r"regular file of at most 16384 bytes: Symbolic link loop"),
        conf=SIGNED, keys=TRUSTED,
        disk=["symlink {signature_one} {signature_two}"]),
    Case("no signature", refuses(
        "signature-missing", r"signature: signatures/{one}.p7s: expected a "
        r"signature, found no file"), conf=SIGNED, keys=TRUSTED,
        disk=["remove {signature_one}"]),
    Case("wrong key", refuses("signature-untrusted", OTHER_KEY),
         conf=SIGNED, keys=("other",)),
    Case("digest and signature: wrong key", refuses(
        "signature-untrusted", OTHER_KEY), conf=BOTH, keys=("other",)),
    Case("digest trust does not ask for a signature", boots(),
         keys=("other",), disk=["remove {signature_one}"]),
    Case("empty signature", refuses(
        "signature-invalid", r"signature: signatures/{one}.p7s: expected a "
        r"detached PKCS#7 signature, found an empty file"),
         conf=SIGNED, keys=TRUSTED, disk=["shrink {signature_one} 0"]),
    Case("truncated signature", refuses(
        "signature-invalid", r"signature: signatures/{one}.p7s: expected a "
        r"detached PKCS#7 signature, found the end: it was cut short"),
         conf=SIGNED, keys=TRUSTED, disk=["shrink {signature_one} 100"]),
    Case("another release's signature", refuses(
        "signature-invalid", FOREIGN), conf=SIGNED, keys=TRUSTED,
        disk=["swap_in {signature_one} {signature_two}"]),
]
