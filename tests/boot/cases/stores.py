# SPDX-License-Identifier: MIT
"""Several stores: the disk of cases/stacks.py, and {factory}, a disk with the
label factory that has the release one, signed by the key trusted, and a
release demo 1 of it."""
from cases.common import BOTH, CONF, TRUSTED
from cases.release import RELEASE
from cases.stacks import HELLO
from expect import Case, boots, refuses

TWO = "store.2=LABEL=factory\ntimeout=3\n"
ATTACHED = ("-drive", "file={factory},if=virtio,format=raw,snapshot=on")
LOST = ["remove {image_one}", "remove {signature_one}", "remove {victim}"]


def case(name, expect, conf=CONF + TWO, extra=ATTACHED, **more):
    return Case("stores: " + name, expect, conf=conf, extra=extra, **more)


def no_device(label):
    return (f"store: LABEL={label}: expected a block device within 3 s, "
            "found: /dev/vda1 (LABEL={}), /dev/vda (no LABEL=)".format(
                "factory" if label == "rootwright" else "rootwright"))


CASES = [
    case("an image, its signature and an object are in the second", boots(
        "digest+signature", release="app", over=["one"], guest_is="one",
        guest=HELLO, signed=r', key "test key other" \([0-9a-f]{16}\)',
        record={
            "weakened": [], "store.device": "/dev/vda1",
            "stores.0.named": "LABEL=rootwright",
            "stores.0.device": "/dev/vda1",
            "stores.1.named": "LABEL=factory", "stores.1.device": "/dev/vdb1",
            "stores.2": None}),
        conf=BOTH + TWO, keys=TRUSTED + ("other",), disk=LOST,
        cmdline="composefs={app} composefs={one}"),
    case("the first that has an image is the one that counts", refuses(
        "image-mismatch", r"image: objects/.+: expected data that match its "
        r"fs-verity digest, found others at byte \d+ or after it: I/O error"),
        disk=["flip {image_one} 5000"]),
    case("an image in neither", refuses(
        "image-missing", r"image: objects/ab/.+: expected the image on "
        r"/dev/vda1, found no such file"), cmdline="composefs={nowhere}"),
    case("the second is not there", boots(
        record={"weakened": [no_device("factory")], "stores.1.device": None}),
        extra=()),
    case("the first is not there", boots(record={
        "weakened": [no_device("rootwright")], "store.device": None,
        "stores.1.device": "/dev/vda1"}), disks=0),
    case("neither is there", refuses(
        "store-not-found", r"store: LABEL=rootwright: expected a block "
        r"device within 3 s, found: no block device"), disks=0, extra=()),
    case("a release of the second", boots(
        "release", named="demo 1", signed=True, record={
            "image.named_by": "release", "release.version": "1"}),
        conf=RELEASE + TWO, keys=("release-keys.d/trusted",), disk=LOST[:1],
        cmdline=""),
    case("the state is in the first alone", refuses(
        "state-device", r"state: LABEL=rootwright: expected a block device "
        r"within 3 s, found: .+"),
        conf=CONF + TWO + "var=bind\nstate=store\n", disks=0),
]
