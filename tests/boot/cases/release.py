# SPDX-License-Identifier: MIT
"""trust=release: signed releases, roles of keys, the roll-back floor, tries.

The disk has releases of the name demo: 1 (image one, sequence and
rollback_index 1), 2 (image two, 2), both signed by the keys trusted, other
and trusted again under the certificate twin, and a state in which 1 is
blessed. {r1} and {r2} are their directories; {state} the state's file, and
{state_...} others for its place; {manifest_...} {sig_...} files for theirs.
"""
from base import CONF
from expect import Case, boots, refuses

RELEASE = CONF.replace("trust=digest", "trust=release\nrelease=demo")
KEY = ("release-keys.d/trusted",)
BOTH = ("release-keys.d/trusted", "release-keys.d/other")
TWIN = ("release-keys.d/trusted", "release-keys.d/twin")
EITHER = r', key "test key (trusted|other)" \([0-9a-f]{16}\)'
TWO_OF = RELEASE + "threshold=2\n"


def taken(version, candidates=None, record=None, signed=True, **more):
    """This release was booted; how all fared, newest first."""
    expected = {"release.name": "demo", "release.version": version,
                "release.sequence": int(version), "image.named_by": "release",
                "image.signed_by": None, "rollback_protection": "floor"}
    for n, (which, result) in enumerate((candidates or {}).items()):
        expected[f"candidates.{n}.version"] = which
        expected[f"candidates.{n}.result"] = result
    expected.update(record or {})
    judge = boots("release", release={"1": "one", "2": "two"}[version],
                  signed=signed, record=expected,
                  **{"named": f"demo {version}", **more})
    # Why another one was skipped was seen, too.
    judge.reasons = set((candidates or {}).values()) - {"booted", "older"}
    return judge


def none(*skipped, floor=0, name="demo"):
    """No release was left; each with its reason, newest first."""
    found = ", ".join(rf"{version} \[{why}\]" for version, why in skipped)
    judge = refuses("release-none", f"release: {name}: expected one that may "
                    f"boot, with a rollback_index of {floor} or more, found "
                    f"none of {len(skipped)}" + (f": {found}" if found else ""))
    judge.reasons = {why for _, why in skipped}
    return judge


def case(name, expect, *disk, cmdline="", conf=RELEASE, keys=KEY, **more):
    return Case("release: " + name, expect, cmdline=cmdline, conf=conf,
                keys=keys, disk=disk, **more)


CASES = [
    case("the newest boots, and one try of it is used", taken(
        "2", {"2": "booted", "1": "older"}, {
            "floor": {"active": 1, "baked": 0, "stored": 1},
            "state": {"trouble": None, "blessed": "1", "tries_left": 2},
            "release.signed_by.0.subject": "test key trusted",
            "image.signed_by": None, "weakened": []},
        complete=("development_key", "image.signed_by",
                  "images.signed_by"))),
    case("as PID 1", taken("2"), via="pid1"),
    case("composefs= narrows", taken("1", {"2": "release-unasked",
                                           "1": "booted"}),
         cmdline="composefs={one}"),
    case("rootwright.release= narrows", taken(
        "2", record={"state.tries_left": 0}),
        cmdline="rootwright.release=2"),
    case("a release that is not there", none(
        ("2", "release-unasked"), ("1", "release-unasked"), floor=1),
        cmdline="rootwright.release=3"),
    case("an image of no release", none(
        ("2", "release-unasked"), ("1", "release-unasked"), floor=1),
        cmdline="composefs={nowhere}"),
    case("image of one, version of the other", none(
        ("2", "release-unasked"), ("1", "release-unasked"), floor=1),
        cmdline="composefs={two} rootwright.release=1"),
    case("composefs=? under trust=release", refuses(
        "digest-unverified", r"cmdline: composefs=: expected a digest to "
        r"verify, found '\?' in front of it: the policy does not say "
        r"allow_unverified=yes"), cmdline="composefs=?{one}"),
    case("rootwright.release= under trust=digest", refuses(
        "cmdline-invalid", r"cmdline: rootwright.release=: expected "
        r"trust=release in the policy, found trust=digest"), conf=CONF,
        cmdline="composefs={one} rootwright.release=1"),
    case("a key of images signs no release", refuses(
        "keys-empty", r"policy: trust=release: expected a certificate in "
        r"release-keys.d, found none"), keys=("trusted",)),
    case("a key of releases signs no image", refuses(
        "keys-empty", r"policy: trust=signature: expected a certificate in "
        r"keys.d, found none"), keys=KEY, cmdline="composefs={one}",
        conf=CONF.replace("=digest", "=signature")),
    case("without boot.conf a key of releases is nothing", boots(),
         conf=None, keys=KEY,
         cmdline="composefs={one} rootwright.store=LABEL=rootwright"),
    case("signed by a key that is not trusted", none(
        ("1", "signature-untrusted"), ("2", "signature-untrusted"), floor=1),
        keys=("release-keys.d/development",)),
    case("two keys of two", taken("2", signed=EITHER), conf=TWO_OF, keys=BOTH),
    case("one key under two certificates counts once", none(
        ("1", "signature-threshold"), ("2", "signature-threshold"), floor=1),
        conf=TWO_OF, keys=TWIN),
    case("one signature of two is missing", taken(
        "1", {"1": "booted", "2": "signature-threshold"}, signed=EITHER),
        "remove {r2}/{other_id}.p7s", conf=TWO_OF, keys=BOTH),
    case("one of two keys is revoked", none(
        ("1", "signature-threshold"), ("2", "signature-threshold"), floor=1),
        conf=TWO_OF, keys=BOTH + ("revoked.d/other",)),
    case("the only key is revoked", none(
        ("1", "signature-revoked"), ("2", "signature-revoked"), floor=1),
        keys=KEY + ("revoked.d/trusted",)),
    case("the key is revoked under another certificate", none(
        ("1", "signature-revoked"), ("2", "signature-revoked"), floor=1),
        keys=KEY + ("revoked.d/twin",)),
    case("a revoked key signs no image", refuses(
        "signature-revoked", r"signature: signatures/{one}.p7s: expected one "
        r"by a key that is not revoked, found one by .+"),
        conf=CONF.replace("=digest", "=signature"), cmdline="composefs={one}",
        keys=("trusted", "revoked.d/trusted")),
    case("no signature", taken("1", {"1": "booted",
                                     "2": "signature-missing"}),
         "remove {r2}/{trusted_id}.p7s", "remove {r2}/{other_id}.p7s"),
    case("another release's signature", taken(
        "1", {"1": "booted", "2": "signature-invalid"}),
        "swap_in {r2}/{trusted_id}.p7s {r1}/{trusted_id}.p7s",
        "remove {r2}/{other_id}.p7s"),
    case("a bit of the manifest", taken(
        "1", {"1": "booted", "2": "signature-invalid"}),
        "flip {r2}/manifest 40"),
    case("no manifest", taken("1", {"1": "booted", "2": "release-invalid"}),
         "remove {r2}/manifest"),
    case("a manifest of 64 KiB and a byte", taken(
        "1", {"1": "booted", "2": "release-invalid"}),
        "fill {r2}/manifest 65537"),
    case("a symlink to the manifest", taken(
        "1", {"1": "booted", "2": "release-invalid"}),
        "symlink {r2}/manifest ../1/manifest"),
    case("release 1 in the directory of another version", taken(
        "1", {"1": "booted", "2": "release-invalid"}),
        "swap_in {r2}/manifest {r1}/manifest",
        "swap_in {r2}/{trusted_id}.p7s {r1}/{trusted_id}.p7s"),
    case("two of one sequence", taken(
        "2", {"2": "booted", "2b": "release-invalid", "1": "older"}),
        "mkdir /composefs/releases/demo/2b",
        "install /composefs/releases/demo/2b/manifest {manifest_2b}",
        "install /composefs/releases/demo/2b/a.p7s {sig_2b}"),
    case("no release of the name", none(name="web"),
        conf=RELEASE.replace("demo", "web")),
    case("the floor of the policy", none(
        ("2", "rollback"), ("1", "rollback"), floor=3),
        conf=RELEASE + "rollback_floor=3\n"),
    case("older than what was declared good", none(
        ("2", "image-mismatch"), ("1", "rollback"), floor=2),
        "flip {image_two} 1024", "install {state} {state_2_blessed}"),
    case("the state is gone", taken("2", record={
        "state.trouble": "state: state on /dev/vda1: a try of 2 cannot be "
                         "written: No such file or directory",
        "floor.stored": 0}, says=("state: cannot be read: No such file",)),
        "remove {state}"),
    case("the state is corrupt", taken("2", record={
        "floor.stored": 0}), "fill {state} 8192"),
    case("the state is a FIFO", taken("2", record={"floor.stored": 0}),
         "node {state} p"),
    case("a floor in the state that no release reaches", taken(
        "2", record={"floor.stored": 0, "floor.active": 0}),
        "install {state} {state_floor}"),
    case("the disk is full", taken("2", record={
        "state": {"trouble": None, "blessed": "1", "tries_left": 2}}),
        "full"),
    case("no replay of the journal: no try is used", taken("2", record={
        "state.tries_left": 2}), conf=RELEASE + "store_noreplay=yes\n"),
    case("the tries are used up: back to the blessed one", taken(
        "1", {"2": "tries-used", "1": "booted"}),
        "install {state} {state_used_up}"),
    case("the tries are used up, and nothing is blessed", taken(
        "1", {"2": "tries-used", "1": "booted"}, {"state.tries_left": 0}),
        "install {state} {state_unblessed}"),
    case("the tries of the only release are used up", none(
        ("2", "tries-used"), ("1", "rollback"), floor=2),
        "install {state} {state_used_up_floor}"),
    case("tries=0", taken("2", record={"state.tries_left": 0}),
         "install {state} {state_used_up}", conf=RELEASE + "tries=0\n"),
    case("the newer one is damaged: its image", taken(
        "1", {"2": "image-mismatch", "1": "booted"}),
        "flip {image_two} 1024"),
    case("the newer one is damaged: its init", taken(
        "1", {"2": "preflight-damaged", "1": "booted"}),
        "flip {init_two} 100"),
    case("a file of preflight= is damaged", taken(
        "1", {"2": "preflight-damaged", "1": "booted"},
        victim="I/O error", mapped="Bus error"), "flip {victim} 100000"),
    case("modules of other kernels only", none(
        ("1", "modules-missing"), name="modules"),
        conf=RELEASE.replace("demo", "modules")),
    case("sixteen of eighteen", boots(
        "release", release="one", signed=True, named="many 18", record={
            "candidates.0.version": "18", "candidates.0.result": "booted",
            "candidates.15.version": "3", "candidates.15.result": "older",
            "candidates.16": None}), conf=RELEASE.replace("demo", "many")),
    case("a stack of images", taken("1", named="stack 1", over=["two"], record={
        "release.name": "stack", "images.0.digest": "{one}",
        "images.1.digest": "{two}", "images.1.named_by": "release"}),
         conf=RELEASE.replace("demo", "stack")),
]
