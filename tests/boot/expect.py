# SPDX-License-Identifier: MIT
"""What a case is, and what its boot has to show. Each expectation is a
function from an Outcome to the list of what is wrong with it."""
import json
import re

import record_page
from base import CONF


class Case:
    """One boot. Strings may use the words of base.Base in braces.

    cmdline  what follows console=ttyS0 quiet panic=-1
    conf     boot.conf (None: there is none); keys: certificates in keys.d,
             or with the directory before the name
    disk     what is done to a copy of the disk: "flip {victim} 0", with the
             methods of attack.Disk as verbs
    disks    how many copies of it are attached
    initrd   files of the initramfs replaced: an entry of cpio, the name of
             a file of the host, or None: removed
    via      witness: busybox, and guest/witness.c around rootwright-boot
             busybox: the initramfs as a device has it
             pid1: rootwright-boot is PID 1, drivers loaded before
             built: the builder's own file, not a byte changed; built pid1:
             that without busybox
    typing   words of the console, how many seconds after them, and what
             somebody types then (monitor:... is QEMU's own monitor)
    kernel   one of those that make deps fetches
    fs       the file system of the store; modules: that of the initramfs
    drivers  more of them for the initramfs
    """

    def __init__(self, name, expect, cmdline="composefs={one}", conf=CONF,
                 keys=(), disk=(), disks=1, initrd=None, via="witness",
                 bus="virtio", typing=None, extra=(),
                 kernel="bookworm-6.12", fs="ext4",
                 modules=None, drivers=""):
        self.name, self.expect, self.cmdline = name, expect, cmdline
        self.conf, self.keys, self.disk, self.disks = conf, keys, disk, disks
        self.initrd, self.via, self.bus = initrd or {}, via, bus
        self.typing, self.extra = typing, extra
        self.kernel, self.fs, self.modules = kernel, fs, modules or fs
        self.drivers = drivers


def _lines(outcome):
    """The console's lines without time stamps and terminal codes."""
    plain = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|c)", "", outcome.console)
    return [re.sub(r"^\[ *\d+\.\d+\] ", "", line.strip())
            for line in plain.split("\n")]


def _want(problems, condition, words):
    if not condition:
        problems.append(words)


def _resident(outcome, problems):
    """What rootwright-boot may keep in memory."""
    for kib in outcome.said("RSS"):
        _want(problems, int(kib) <= 1024, f"{kib} KiB resident")


def _no_root(outcome, problems):
    _want(problems, not outcome.said("GUEST"),
          "a process of the new root ran")
    _want(problems, not outcome.said("SYSROOT"),
          f"something is mounted at /sysroot: {outcome.said('SYSROOT')}")
    _want(problems, not outcome.said("INIT"), "an init was named")


def _find(record, path):
    for part in path.split("."):
        if isinstance(record, list):
            record = record[int(part)] if int(part) < len(record) else None
        else:
            record = (record or {}).get(part)
    return record


SUCCESS = (r"rootwright-boot: {verified} root: {named}image {digest}, trust={trust}"
           r"{key}, \d+ ms")
READ_ONLY = "Read-only file system"
CREDENTIALS = "CREDENTIALS_DIRECTORY=/run/credentials/@system"
KEY = r', key "test key trusted" \([0-9a-f]{16}\)'


def boots(trust="digest", release="one", signed=False, victim="whole",
          mapped=None, record=None, says=(), console=None, unverified=False,
          args=("/sbin/init",), named=None, complete=None, root="readonly",
          etc="transient", var="transient", guest=(), guest_is=None,
          over=()):
    """The root was verified and its init ran and saw what it should.
    signed: by the key trusted, or the pattern for the key.
    victim: how reading /data/victim ends, and mapped how touching it in
    memory does, if not the same. record: boot.json, by path.
    console: the line of success is on the console too (without quiet); or,
    False, nothing of ours is.
    unverified: composefs=? was allowed. args: what init was started with.
    named: the release, "NAME VERSION".
    complete: the record has all that is documented, but these keys.
    root, etc, var: what may be written, in the policy's words; None: there
    is no /var. guest_is: what the guest calls itself, if not the release.
    guest: what else the guest said, with the word before it.
    over: the images that it lies over, the topmost first."""
    def judge(outcome, words):
        problems = []
        line = SUCCESS.format(verified=("un" * unverified) + "verified",
                              named=f"release {named}, " if named else "",
                              digest=" over ".join(
                                  words[x] for x in (release, *over)), trust=re.escape(trust),
                              key=KEY if signed is True else signed or "")
        if console:
            _says(outcome, f"^{line}$", problems)
        _want(problems, console is not False
              or "rootwright" not in outcome.console,
              "something of ours is on the console")
        _want(problems, any(re.search(line, x) for x in outcome.said("LOG")),
              f"no line in the kernel log: {line}")
        _want(problems, outcome.said("GUEST") == [guest_is or release],
              f"release {release} did not run: {outcome.said('GUEST')}")
        _want(problems, outcome.said("PID") == ["1"], "init is not PID 1")
        _want(problems, outcome.said("ARG") == list(args),
              f"init's arguments: {outcome.said('ARG')}")
        _want(problems, sorted(outcome.said("ENV"))
              == [CREDENTIALS, "HOME=/", "TERM=linux"],
              f"init's environment: {outcome.said('ENV')}")
        _want(problems, set(outcome.said("FD")) == {"0", "1", "2"},
              f"init's open files: {outcome.said('FD')}")
        _want(problems, outcome.said("READ")
              == [f"/data/victim: {victim}", "/data/fine: whole"],
              f"reads: {outcome.said('READ')}")
        _want(problems, outcome.said("MAP")
              == [f"/data/victim: {mapped or victim}", "/data/fine: whole"],
              f"mappings: {outcome.said('MAP')}")
        _want(problems, outcome.said("WRITE")
              == ["/probe: " + ("done" if root == "transient" else READ_ONLY),
                  "/etc/probe: " + (READ_ONLY if etc == "none" else "done"),
                  "/var/probe: " + {"none": READ_ONLY, None:
                                    "No such file or directory"}.get(
                                        var, "done")],
              f"writes: {outcome.said('WRITE')}")
        _want(problems, outcome.said("STACK") == ["/data: "
              + ("not mounted: Invalid argument" if root == "transient"
                 else "written")],
              f"an overlay over /data: {outcome.said('STACK')}")
        _resident(outcome, problems)
        _mounts(outcome, problems, unverified, root, [
            path for path, how in (("/etc", etc), ("/var", var))
            if how == "bind"])
        for words_of in guest:
            word, text = words_of.split(" ", 1)
            _want(problems, text in outcome.said(word),
                  f"it did not say {words_of!r} but {outcome.said(word)}")
        _record(outcome, dict(record or {}), words, problems, complete)
        for pattern in says:
            _want(problems, any(re.search(pattern.format(**words), x)
                                for x in outcome.said("LOG")),
                  f"no line in the kernel log: {pattern}")
        _want(problems, outcome.said("DONE") and outcome.end == "poweroff",
              f"it ended by {outcome.end}")
        return problems
    return judge


def _mounts(outcome, problems, unverified, mode, bound):
    mounts = [line.split() for line in outcome.said("ROOTMOUNT")]
    root = [m for m in mounts if m[4] == "/"]
    transient = mode == "transient"
    _want(problems, bool(root) and "overlay" in root[-1]
          and root[-1][5].startswith("rw" if transient else "ro"),
          f"/ is not ours: {root}")
    for option, there in (("verity=require", not unverified),
                          ("metacopy=on", True), ("redirect_dir=on", True)):
        _want(problems, bool(root) and (option in root[-1][-1])
              == (there and not transient),
              f"/ with or without {option}: {root}")
    _want(problems, not any(t in m for m in mounts
                            for t in ("ext4", "btrfs", "f2fs", "erofs")
                            if m[4] not in bound),
          "the store or the image is reachable from the new root")


def _record(outcome, expected, words, problems, complete):
    text = "\n".join(outcome.said("RECORD"))
    try:
        record = json.loads(text)
    except ValueError as error:
        problems.append(f"boot.json: {error}: {text!r}")
        return
    problems.extend(record_page.problems(record, complete))
    for path, value in expected.items():
        if isinstance(value, str):
            value = value.format(**words)
        found = _find(record, path)
        _want(problems, found == value,
              f"boot.json: {path}: expected {value!r}, found {found!r}")


def _says(outcome, pattern, problems):
    _want(problems, any(re.search(pattern, x) for x in _lines(outcome)),
          f"no line on the console: {pattern}")


def _follows(outcome, line, cause, problems):
    """On the console the kernel's own words stand above ours."""
    lines = _lines(outcome)
    ours = [n for n, x in enumerate(lines) if re.fullmatch(line, x)]
    above = lines[:ours[0]] if ours else []
    _want(problems, any(re.search(cause, x) for x in above),
          f"no line of the kernel above ours: {cause}")


def refuses(reason, sentence, action="reboot", after=None):
    """rootwright-boot refused: this reason code and sentence (a pattern for
    all of it), on the console and in the kernel log, with a hint and the
    action; no root was attached and nothing of it ran. after: the kernel's
    own words, which stand above the sentence on the console."""
    def judge(outcome, words):
        problems = []
        line = (rf"rootwright-boot: refused \[{reason}\]: "
                + sentence.format(**words))
        _want(problems, any(re.fullmatch(line, x) for x in _lines(outcome)),
              f"no line on the console: {line}")
        if after:
            _follows(outcome, line, after, problems)
        _says(outcome, "^rootwright-boot: hint: .", problems)
        _says(outcome, rf"^rootwright-boot: {action} in \d+ s$", problems)
        if outcome.said("EXIT") or outcome.said("ACTION"):
            _want(problems, any(re.search(line, x)
                                for x in outcome.said("LOG")),
                  f"no line in the kernel log: {line}")
            asked = "reboot" if action == "reboot" else "poweroff-or-halt"
            _want(problems, outcome.said("ACTION") == [asked],
                  f"asked for {outcome.said('ACTION')}, "
                  f"exit {outcome.said('EXIT')}")
            action_end = "reboot"  # the witness's own
        else:
            action_end = action
        _resident(outcome, problems)
        _no_root(outcome, problems)
        _want(problems, outcome.end == action_end,
              f"it ended by {outcome.end}")
        return problems
    judge.reason = reason
    return judge


def ends(how, says=(), silent=(), reason=None):
    """No root, no shell, and the machine ended like this. silent: patterns
    that no line of the console may show. reason: the code that one of says
    asks for."""
    def judge(outcome, words):
        problems = []
        for pattern in says:
            _says(outcome, pattern.format(**words), problems)
        for pattern in silent:
            _want(problems, not any(re.search(pattern, x)
                                    for x in _lines(outcome)),
                  f"a line on the console: {pattern}")
        _no_root(outcome, problems)
        _want(problems, outcome.end == how, f"it ended by {outcome.end}")
        return problems
    judge.reason = reason
    return judge
