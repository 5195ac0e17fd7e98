# SPDX-License-Identifier: MIT
"""The store on btrfs and f2fs, and on what cannot hold one (stores.py)."""
from cases.common import BOTH, CONF, TRUSTED
from cases.writable import BOTH as STATE, kept
from expect import Case, boots, refuses

F2FS = "bookworm-6.12-generic"  # the cloud kernels have no f2fs


def on(conf, fs, store="LABEL=objects"):
    """The policy for a store there."""
    return (conf.replace("LABEL=rootwright", store)
            + f"store_fstype={fs}\ntimeout=1\n")


def good(fs, kernel):
    """The forms of its name, and that what is damaged is noticed."""
    record = {"store.fstype": fs, "store.device": "/dev/vda",
              "image.verified_in": "file", "image.loop": False}
    return [
        Case(f"{fs}: LABEL=, digest", boots(record=record), fs=fs,
             kernel=kernel, conf=on(CONF, fs)),
        Case(f"{fs}: UUID=, digest and signature",
             boots("digest+signature", signed=True, record=record), fs=fs,
             kernel=kernel, keys=TRUSTED,
             conf=on(BOTH, fs, f"UUID={{uuid_{fs}}}")),
        Case(f"{fs}: a bit flipped in the image", refuses(
            "image-mismatch", r"image: objects/.+: expected data that match "
            r"its fs-verity digest, found others at byte \d+ or after it: "
            r"I/O error"), fs=fs, kernel=kernel, conf=on(CONF, fs),
            disk=["flip_content {tree}{image_one} 9000"]),
        Case(f"{fs}: a bit flipped in init", refuses(
            "preflight-damaged", r"preflight: /sbin/init: expected data that "
            r"match its fs-verity digest, found others: I/O error"), fs=fs,
            kernel=kernel, conf=on(CONF, fs),
            disk=["flip_content {tree}{init_one} 5000"]),
        Case(f"{fs}: a bit flipped in another object",
             boots(victim="I/O error", mapped="Bus error"), fs=fs,
             kernel=kernel, conf=on(CONF, fs), disk=["flip_content {tree}{victim} 100000"]),
        Case(f"{fs}: the state beside the store", kept(
            record={"writable.device": "/dev/vda"}), fs=fs, kernel=kernel,
            conf=on(STATE.replace("LABEL=state", "store"), fs)),
    ]


def not_found(name):
    """What is looked for is not there; this is."""
    return refuses("store-not-found", r"store: LABEL=objects: expected a "
                   r"block device within 1 s, found: " + name)


def not_mounted(fs):
    """The kernel's driver does not take it for this."""
    return refuses("store-mount", rf"store: /dev/vda: expected {fs} that can "
                   r"be mounted read-only, found none: .*")


def policy(fs):
    """A file system that never has fs-verity."""
    return refuses("policy-invalid", r"policy: /etc/rootwright/boot.conf:5: "
                   r"expected ext4, btrfs or f2fs, found "
                   rf"'store_fstype={fs}'")


CASES = [
    *good("btrfs", "bookworm-6.12"),
    Case("btrfs: digest, on Linux 7", boots(record={"store.fstype": "btrfs"}),
         fs="btrfs", kernel="sid-7", conf=on(CONF, "btrfs")),
    *good("f2fs", F2FS),

    Case("xfs: the policy says so", policy("xfs"), fs="xfs", modules="ext4",
         conf=on(CONF, "xfs")),
    Case("vfat: the policy says so", policy("vfat"), fs="vfat",
         modules="ext4", conf=on(CONF, "vfat")),
    Case("xfs: the policy says ext4", not_mounted("ext4"), fs="xfs",
         modules="ext4", conf=on(CONF, "ext4", "/dev/vda")),
    Case("vfat: the policy says ext4", not_mounted("ext4"), fs="vfat",
         modules="ext4", conf=on(CONF, "ext4", "/dev/vda")),
    Case("xfs: labels are not read", not_found(r"/dev/vda \(no LABEL=\)"),
         fs="xfs", modules="ext4", conf=on(CONF, "ext4")),
    Case("vfat: labels are not read", not_found(r"/dev/vda \(no LABEL=\)"),
         fs="vfat", modules="ext4", conf=on(CONF, "ext4")),
    Case("btrfs: the policy says ext4", not_mounted("ext4"), fs="btrfs",
         modules="ext4", conf=on(CONF, "ext4", "/dev/vda")),
    Case("ext4: the policy says btrfs", not_mounted("btrfs"),
         modules="btrfs", conf=on(CONF, "btrfs", "/dev/vda")),
    Case("ext4 without the verity feature", refuses(
        "preflight-damaged", r"preflight: /sbin/init: expected the object "
        r"that the image names, found another or one without fs-verity: "
        r"I/O error"), fs="ext4 without verity", modules="ext4",
        conf=on(CONF, "ext4")),
]
