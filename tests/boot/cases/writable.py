# SPDX-License-Identifier: MIT
"""What of the root may be written, and a state that somebody else has written:
{state_...} are devices for it (states.py)."""
from base import CONF
from cases.release import KEY, RELEASE, taken
from expect import Case, boots, refuses

STATE = "state=LABEL=state\nstate_path=/a/state\n"
OVERLAY = CONF + "etc=overlay\n" + STATE
BOTH = OVERLAY + "var=bind\n"
TRANSIENT = "state_on_failure=transient\ntimeout=1\n"
DEVICE = "/dev/vd[ab]"
EMPTY = "state_empty"


def attached(state, readonly="off"):
    """QEMU's options for one of the devices."""
    return ["-drive", f"file={{{state}}},if=none,id=state,format=raw,"
            f"snapshot=on,readonly={readonly}",
            "-device", "virtio-blk-pci,drive=state"]


def case(name, expect, conf=BOTH, state=EMPTY, extra=(), readonly="off",
         **more):
    return Case("state: " + name, expect, conf=conf, extra=[
        *(attached(state, readonly) if state else ()), *extra], **more)


def kept(**more):
    """/etc and /var of the state, with no trouble."""
    record = {"unverified": ["/etc", "/var"], "weakened": [],
              "writable.path": "/a/state", "writable.reset": None,
              "writable.trouble": None, **more.pop("record", {})}
    return boots(etc="overlay", var="bind", record=record, **more)


def refused(reason, sentence):
    return refuses("state-" + reason, "state: " + sentence)


def lost(sentence, **record):
    """state_on_failure=transient: it boots without, and says so."""
    return boots(says=[f"rootwright-boot: state: {sentence}: {tree} is transient"
                       for tree in ("/etc", "/var")],
                 record={"unverified": [], "mounts.0.source": "memory",
                         "mounts.1.source": "memory", **record},
                 guest=["FILE /etc/hosts: the image's",
                        "FILE /var/kept: No such file or directory"])


# What is in the way, and at what the way to it ends.
DIRS = "directories to mount and to write to"
OTHER = [
    ("above", "a symbolic link", "/a/state", "a directory", "Symbolic link loop"),
    ("path", "a FIFO", "/a/state", "a directory", "Not a directory"),
    ("dir", "a file", "/etc", DIRS, "Not a directory"),
    ("upper", "a symbolic link", "/etc", DIRS, "Symbolic link loop"),
    ("work", "a file", "/etc", DIRS, "Not a directory"),
    ("var", "a symbolic link", "/var", DIRS, "Symbolic link loop"),
]
MISSING = (r"LABEL=state: expected a block device within 1 s, found: .+")
IS_FULL = rf"/a/state on {DEVICE}: expected a directory: No space left on device"
READ_ONLY = (rf"{DEVICE}: expected ext4 that can be mounted read-write, found "
             r"none.*: Permission denied")
NOT_BTRFS = (rf"{DEVICE}: expected btrfs that can be mounted read-write, "
             r"found none.*: Invalid argument")

CASES = [
    # By default, and without a device.
    case("the defaults", boots(record={
        "mounts": [{"target": x, "type": "overlay", "source": "memory",
                    "options": "rw,nosuid,nodev"} for x in ("/etc", "/var")],
        "unverified": [], "writable": {
            "device": None, "path": None, "reset": None, "trouble": None}},
        guest=["FILE /etc/machine-id: ", "FILE /etc/hosts: the image's"]),
        conf=CONF, state=None),
    case("the defaults, an image without /var", boots(
        release="bare", guest_is="one", var=None, record={
            "mounts.0.target": "/etc", "mounts.1": None}), conf=CONF,
        state=None, cmdline="composefs={bare}"),
    case("nothing may be written", boots(etc="none", var="none", record={
        "mounts": [], "unverified": []}),
        conf=CONF + "etc=none\nvar=none\n", state=None),
    case("root=transient", boots(root="transient", record={
        "mounts.0": {"target": "/", "type": "overlay", "source": "memory",
                     "options": "rw"},
        "mounts.1.target": "/etc", "mounts.2.target": "/var"}),
        conf=CONF + "root=transient\n", state=None),
    case("root=transient as PID 1, without /etc and /var of their own",
         boots(root="transient", etc="transient", var="transient",
               record={"mounts.0.target": "/", "mounts.1": None}),
         conf=CONF + "root=transient\netc=none\nvar=none\n", state=None,
         via="pid1"),

    # A state.
    case("a device of its own, empty", kept(guest=[
        "FILE /etc/hosts: the image's", "FILE /etc/machine-id: "])),
    case("as PID 1", kept(), via="pid1"),
    case("root=transient below it", kept(root="transient"),
         conf=BOTH + "root=transient\n"),
    case("beside the store", kept(record={"writable.device": "/dev/vda1"}),
         conf=BOTH.replace("LABEL=state", "store"), state=None),
    case("beside the store, by the device's name", kept(
        record={"writable.device": "/dev/vda1"}),
        conf=BOTH.replace("LABEL=state", "PARTUUID={partuuid}"), state=None),
    case("beside the store, which must not be written", refused(
        "mount", r"/dev/vda1: expected the store's file system to become "
        r"writable: Read-only file system"),
        conf=BOTH.replace("LABEL=state", "store") + "store_noreplay=yes\n",
        state=None),
    case("beside the store, and a try is used", taken(
        "2", {"2": "booted"}, {"state.tries_left": 2,
                               "state.trouble": None}, etc="overlay"),
        conf=RELEASE + "etc=overlay\nstate=store\n", keys=KEY, cmdline="",
        state=None),
    case("etc=bind", boots(etc="bind", record={
        "mounts.0.type": "bind", "unverified": ["/etc"]}, guest=[
            "FILE /etc/hosts: the state's",
            "FILE /etc/dir/below: No such file or directory"]),
         conf=CONF + "etc=bind\n" + STATE, state="state_etc"),
    case("etc=bind, and nothing is there", refused(
        "layout", rf"/etc on {DEVICE}: expected the system's files, found "
        r"none"), conf=CONF + "etc=bind\n" + STATE),
    case("var=bind, and the image has no /var",
         refuses("preflight-missing", r"preflight: /var: expected a directory "
                 r"in the image to mount on, found none"),
         cmdline="composefs={bare}"),
    case("lockdown=yes", refuses(
        "state-unverified", r"policy: lockdown=yes: expected "
        r"state_trusted=yes beside state=, found a state that nothing "
        r"verifies"),
        conf=BOTH + "lockdown=yes\n"),
    case("lockdown=yes, state_trusted=yes", kept(record={"unverified": []}),
         conf=BOTH + "lockdown=yes\nstate_trusted=yes\n"),
    case("a factory reset that the policy does not allow", refuses(
        "cmdline-invalid", r"cmdline: rootwright.factory_reset: expected "
        r"factory_reset=yes in the policy, found none"),
        cmdline="composefs={one} rootwright.factory_reset"),

    # What SELinux will find; the last two are made for the state.
    case("labels", kept(release="labelled", guest_is="one", guest=[
        "LABEL /: of:", "LABEL /etc/dir: of:etc:dir",
        "LABEL /etc: No data available", "LABEL /var: No data available"]),
        cmdline="composefs={labelled}"),

    # Hostile content: there, and of no use.
    case("hostile content", kept(guest=[
        "FILE /etc/redirected/below: Operation not permitted",
        "FILE /etc/metacopied: Operation not permitted",
        "FILE /etc/hosts: No such file or directory",
        "FILE /etc/dir/below: No such file or directory",
        "FILE /etc/node: Permission denied",
        "FILE /var/node: Permission denied",
        "SETUID /etc/setuid: not root", "SETUID /var/setuid: not root"]),
        state="state_hostile"),
    case("var_restrict=no", kept(guest=[
        "FILE /etc/node: Permission denied", "FILE /var/node: ",
        "SETUID /etc/setuid: not root", "SETUID /var/setuid: root"]),
        conf=BOTH + "var_restrict=no\n", state="state_hostile"),

    # Hostile layout: never followed.
    *(case(f"{kind} at {name}", refused(
        "layout", f"{at} on {DEVICE}: expected {what}: {cause}"),
        state="state_other_" + name)
      for name, kind, at, what, cause in OTHER),
    case("a factory reset moves what is in the way", boots(
        etc="overlay", var="bind", record={
            "writable.reset": "state.reset-1", "unverified": ["/etc", "/var"]}),
        conf=BOTH + "factory_reset=yes\n", state="state_other_path",
        cmdline="composefs={one} rootwright.factory_reset"),

    # What is not there, or cannot be written.
    case("no device", refused("device", MISSING), conf=BOTH + "timeout=1\n",
         state=None),
    case("two devices", refused(
        "device", r"LABEL=state: expected one device, found 2: .+ and .+"),
        extra=[x.replace("=state", "=other")
               for x in attached("state_etc")]),
    case("another file system", refused("mount", NOT_BTRFS), modules="btrfs",
         conf=BOTH + "state_fstype=btrfs\n"),
    case("a read-only device", refused("mount", READ_ONLY), readonly="on"),
    case("a full file system", refused("full", IS_FULL), state="state_full"),
    case("a full file system without the blocks that ext4 keeps", refused(
        "full", rf"/etc on {DEVICE}: expected directories to mount and to "
        r"write to: No space left on device"), state="state_full_above"),

    # The same, and the policy says that the system starts without.
    case("transient: no device", lost(MISSING), conf=BOTH + TRANSIENT,
         state=None),
    case("transient: a symbolic link above", lost(
        rf"/a/state on {DEVICE}: expected a directory: .*"),
        conf=BOTH + TRANSIENT, state="state_other_above"),
    case("transient: a file system that is full", lost(IS_FULL),
         conf=BOTH + TRANSIENT, state="state_full"),
    case("transient: a read-only device", lost(READ_ONLY),
         conf=BOTH + TRANSIENT, readonly="on"),
    case("transient: another file system", lost(NOT_BTRFS), modules="btrfs",
         conf=BOTH + TRANSIENT + "state_fstype=btrfs\n"),
    case("transient: only one of both is lost", boots(
        etc="overlay", record={
            "unverified": ["/etc"], "mounts.1": {
                "target": "/var", "type": "overlay", "source": "memory",
                "options": "rw,nosuid,nodev"}}),
        conf=BOTH + TRANSIENT, state="state_other_var"),
]
