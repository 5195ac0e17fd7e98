# SPDX-License-Identifier: MIT
"""The table: one line (or a few) is one boot. See expect.Case for what each
part means. Words in braces: {one} {two} digests of the two releases, {half}
and {upper} of the first; {image_one} {signature_one} {init_one} {libc}
{victim} paths of files on the disk; {nowhere} a digest of nothing."""
from base import CONF
from cpio import file
from expect import Case, boots, ends, refuses

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
OTHER_KEY = (r"signature: signatures/{one}.p7s: expected one by a trusted "
             r"key, found one by .+")
SHELL = r"(^|\s)[#$] ?$|BusyBox v|PWNED"  # a prompt, or words of one


def script(text):
    """A program for the place of rootwright-boot."""
    return file("#!/bin/busybox sh\n" + text, 0o755)


CASES = [
    # Good boots.
    Case("digest", boots(console=True, record={
        "format": "rootwright-boot-1", "trust": "digest",
        "trust_from": "policy", "rollback_protection": "none",
        "image.digest": "{one}", "image.named_by": "command line",
        "image.verified_in": "file", "weakened": [], "ignored": [],
        "store.device": "/dev/vda1"}),
        cmdline="composefs={one} loglevel=7"),
    Case("digest, the initramfs as it was built", boots(), via="built"),
    Case("digest, the other release", boots(release="two"),
         cmdline="composefs={two}"),
    Case("signature", boots("signature", signed=True, record={
        "image.signed_by.subject": "test key trusted",
        "image.signed_by.development": False}),
         conf=SIGNED, keys=TRUSTED),
    Case("digest and signature", boots("digest+signature", signed=True),
         conf=BOTH, keys=TRUSTED),
    Case("signature, one of two keys", boots("signature", signed=True),
         conf=SIGNED, keys=("other", "trusted")),
    Case("signature, the policy names the image",
         boots("signature", signed=True), cmdline="",
         conf=SIGNED + "image={one}\n", keys=TRUSTED),
    Case("store by device path", boots(),
         conf=CONF.replace("LABEL=rootwright", "/dev/vda1")),
    Case("no policy, no keys: digest",
         boots(record={"trust_from": "keys"}), conf=None,
         cmdline="composefs={one} rootwright.store=/dev/vda1"),
    Case("no policy, but keys: digest and signature",
         boots("digest+signature", signed=True), conf=None, keys=TRUSTED,
         cmdline="composefs={one} rootwright.store=LABEL=rootwright"),
    Case("unknown arguments and init= on the command line", boots(
        record={"ignored": ["init= on the kernel command line"]}),
         cmdline="composefs={one} init=/bin/sh sh -c foo=bar single "
         "-- composefs={two}"),
    Case("PID 1: digest", boots(), via="pid1", bus="nvme"),
    Case("PID 1: digest and signature",
         boots("digest+signature", signed=True), via="pid1", bus="nvme",
         conf=BOTH, keys=TRUSTED),

    # Command line.
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
        "cmdline-invalid",
        r"cmdline: expected composefs= once, found it twice"),
        cmdline="composefs={one} composefs={one}"),
    Case("digest given twice, different", refuses(
        "cmdline-invalid",
        r"cmdline: expected composefs= once, found it twice"),
        cmdline="composefs={one} composefs={two}"),
    Case("digest after --", refuses("digest-missing", NO_DIGEST),
         cmdline="-- composefs={one}"),
    Case("quoted digest", boots(), cmdline='composefs="{one}"'),
    Case("an unknown rootwright key", refuses(
        "cmdline-invalid", r"cmdline: expected composefs=, rootwright.store= "
        r"or rootwright.timeout=, found 'rootwright.shell=?(yes)?'"),
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

    # Policy and keys.
    Case("signature trust without a certificate", refuses(
        "keys-empty", r"policy: trust=signature: expected a certificate in "
        r"keys.d, found none"), conf=SIGNED),
    Case("policy without trust=", refuses(
        "policy-invalid",
        r"policy: boot.conf: expected a line trust=, found none"),
        conf=CONF.replace("trust=digest", "")),
    Case("unknown key in the policy", refuses(
        "policy-invalid", r"policy: /etc/rootwright/boot.conf:5: expected a "
        r"key of rootwright-boot.conf\(5\), found 'shell'"),
        conf=CONF + "shell=yes\n"),
    Case("no store named", refuses(
        "store-unnamed", r"store: expected store= in the policy or "
        r"rootwright.store= on the command line, found neither"),
        conf="trust=digest\nfailure_delay=0\n"),

    # Image.
    Case("image: a bit flipped in the superblock", DAMAGED,
         disk=["flip {image_one} 1030"]),
    Case("image: a bit flipped in an inode", DAMAGED,
         disk=["flip {image_one} 9000"]),
    Case("image: a bit flipped in the last byte", DAMAGED,
         disk=["flip {image_one} -1"]),
    Case("image missing", refuses("image-missing", NO_IMAGE),
         disk=["remove {image_one}"]),
    Case("image of a digest that is nowhere", refuses(
        "image-missing", NO_IMAGE), cmdline="composefs={nowhere}"),
    Case("image without fs-verity: from memory",
         boots(record={"image.verified_in": "memory"}),
         disk=["unseal {image_one}"]),
    Case("image without fs-verity, a bit flipped in it", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:[0-9a-f]+"),
        disk=["unseal {image_one}", "flip {image_one} -1"]),
    Case("another release's image under this name", refuses(
        "image-mismatch", r"image: objects/.+: expected fs-verity digest "
        r"sha256:{one}, found sha256:{two}"),
        disk=["swap_in {image_one} {image_two}"]),
    Case("a symlink in place of the image", refuses(
        "image-invalid", r"image: objects/.+: expected a regular file, found "
        r"something else: Symbolic link loop"),
        disk=["symlink {image_one} {image_two}"]),
    Case("a FIFO in place of the image", refuses(
        "image-invalid", r"image: objects/.+: expected a regular file, found "
        r"something else: .+"), disk=["fifo {image_one}"]),
    Case("a directory in place of the image", refuses(
        "image-invalid", r"image: objects/.+: expected a regular file, found "
        r"something else: .+"), disk=["directory {image_one}"]),

    # Signature.
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
        "signature-invalid", r"signature: signatures/{one}.p7s: expected one "
        r'over this digest by key "test key trusted", found one that does '
        r"not verify: it is for something else or damaged"),
         conf=SIGNED, keys=TRUSTED,
         disk=["swap_in {signature_one} {signature_two}"]),

    # Objects.
    Case("preflight: a bit flipped in init", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected data that "
        r"match its fs-verity digest, found others: I/O error"),
        disk=["flip {init_one} 5000"]),
    Case("preflight: a bit flipped in a library", refuses(
        "preflight-damaged", r"preflight: /lib/.+: expected data that "
        r"match its fs-verity digest, found others: I/O error"),
        disk=["flip {libc} -1"]),
    Case("preflight: init's object missing", refuses(
        "preflight-missing", r"preflight: /sbin/init: expected its object in "
        r"the store, found none"), disk=["remove {init_one}"]),
    Case("preflight: init's object without fs-verity", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected the object "
        r"that the image names, found another or one without fs-verity: "
        r"I/O error"), disk=["unseal {init_one}"]),
    Case("init that is not in the image", refuses(
        "preflight-missing", r"preflight: /bin/none: expected a file in the "
        r"image, found none: No such file or directory"),
        conf=CONF + "init=/bin/none\n"),
    Case("a bit flipped in another object", boots(victim="I/O error"),
         disk=["flip {victim} 100000"]),
    Case("another object missing",
         boots(victim="No such file or directory"),
         disk=["remove {victim}"]),
    Case("another object without fs-verity", boots(victim="I/O error"),
         disk=["unseal {victim}"]),
    Case("another object's bytes", boots(victim="I/O error"),
         disk=["swap_in {victim} {libc}"]),

    # Store.
    Case("no disk", refuses(
        "store-not-found", r"store: LABEL=rootwright: expected a block "
        r"device within 1 s, found: no block device"), disks=0,
        conf=CONF + "timeout=1\n"),
    Case("no disk of that path", refuses(
        "store-not-found", r"store: /dev/vdb1: expected a block device "
        r"within 1 s, found: No such file or directory"),
        conf=CONF.replace("LABEL=rootwright", "/dev/vdb1") + "timeout=1\n"),
    Case("two disks with one label", refuses(
        "store-ambiguous", r"store: LABEL=rootwright: expected one device, "
        r"found 2: /dev/vd[ab]1.* and /dev/vd[ab]1.*"), disks=2),
    Case("no store directory", refuses(
        "store-layout", r"store: /elsewhere on /dev/vda1: expected a "
        r"directory: No such file or directory"),
        conf=CONF + "store_path=/elsewhere\n"),

    # What is done after a refusal.
    Case("on_failure=reboot, no witness",
         refuses("digest-missing", NO_DIGEST), cmdline="", via="busybox"),
    Case("on_failure=poweroff",
         refuses("digest-missing", NO_DIGEST, "poweroff"), cmdline="",
         conf=CONF.replace("=reboot", "=poweroff"), via="busybox"),
    Case("on_failure=halt", refuses("digest-missing", NO_DIGEST, "halt"),
         cmdline="", conf=CONF.replace("=reboot", "=halt"), via="busybox"),
    Case("PID 1: a refusal", refuses("digest-missing", NO_DIGEST), cmdline="",
         via="pid1", bus="nvme"),

    # No shell, whatever goes wrong or is asked for.
    Case("rdinit=/bin/busybox sh", ends(
        "panic", ["Failed to execute /bin/busybox"], [SHELL]),
        cmdline="composefs={one} rdinit=/bin/busybox sh", via="busybox"),
    Case("rdinit=/bin/sh", ends("panic", [], [SHELL]),
         cmdline="composefs={one} rdinit=/bin/sh", via="busybox"),
    Case("rdinit=/etc/rootwright/init", ends(
        "panic", ["Failed to execute /etc/rootwright/init"], [SHELL]),
        cmdline="composefs={one} rdinit=/etc/rootwright/init",
        via="busybox"),
    Case("rdinit=/bin/rootwright-boot --check-config /", ends(
        "reboot", [], [SHELL]), via="busybox",
        cmdline="rdinit=/bin/rootwright-boot --check-config /etc/rootwright"),
    Case("rdinit= of nothing, root= on a disk without a built-in driver",
         ends("panic", ["Unable to mount root fs"], [SHELL]), via="busybox",
         cmdline="composefs={one} rdinit=/nonexistent root=/dev/vda1"),
    Case("boot program missing", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 127"],
        [SHELL]), initrd={BIN: None}, via="busybox"),
    Case("boot program without execute permission", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 126"],
        [SHELL]), initrd={BIN: file(b"", 0o644)}, via="busybox"),
    Case("boot program crashes", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 139"],
        [SHELL]), initrd={BIN: script("kill -SEGV $$\n")}, via="busybox"),
    Case("boot program is killed", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 137"],
        [SHELL]), initrd={BIN: script("kill -KILL $$\n")}, via="busybox"),
    Case("boot program succeeds without a root", ends(
        "reboot", ["rootwright-init: /run/rootwright/init: reboot"],
        [SHELL]), initrd={BIN: script("exit 0\n")}, via="busybox"),
    Case("a crash and sysctl.kernel.core_pattern=|/bin/busybox", ends(
        "reboot", ["rootwright-init: rootwright-boot: exit status 139"],
        [SHELL]), initrd={BIN: script("kill -SEGV $$\n")}, via="busybox",
        cmdline='composefs={one} "sysctl.kernel.core_pattern=|/bin/busybox '
        'sh -c \'echo PWNED >/dev/console\'"'),
    Case("busybox missing", ends(
        "reboot", ["rootwright-launch: /bin/busybox: "], [SHELL]),
        initrd={"bin/busybox": None}, via="busybox"),
    Case("keys pressed during the delay after a refusal", ends(
        "reboot", [r"rootwright-boot: refused \[digest-missing\]"],
        [SHELL, "^/$"]), cmdline="", via="busybox",
        conf=CONF.replace("delay=0", "delay=2"),
        typing=("refused [", b"\x03\x1c\x1a\r\nsh\npwd\necho PWN''ED\n")),
    Case("ctrl-alt-del", ends(
        "reboot", [r"rootwright-boot: refused \[digest-missing\]"], [SHELL]),
        cmdline="", via="busybox",
        conf=CONF.replace("delay=0", "delay=3600"),
        typing=("refused [", b"monitor:sendkey ctrl-alt-delete")),
]
