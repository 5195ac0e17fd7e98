# SPDX-License-Identifier: MIT
"""What has to boot, and what its record says."""
from cases.common import BOTH, CONF, SIGNED, TRUSTED, UNIFORM
from expect import Case, boots


def in_1970(judge):
    """And it was in its first days when it booted."""
    def both(outcome, words):
        clock = outcome.said("CLOCK")
        return judge(outcome, words) + (
            [] if clock and int(clock[0]) < 86400 else [f"clock: {clock}"])
    return both


CASES = [
    Case("digest", boots(console=True, record={
        "format": "rootwright-boot-1", "trust": "digest",
        "trust_from": "policy", "rollback_protection": "none",
        "image.digest": "{one}", "image.named_by": "command line",
        "image.verified_in": "file", "weakened": [], "arguments": [],
        "store.device": "/dev/vda1"}, guest=UNIFORM),
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
        record={"arguments": ["init=/bin/sh", "single"]}),
         cmdline="composefs={one} init=/bin/sh sh -c foo=bar single "
         "-- composefs={two}"),
    *(Case(name + "no clock, no entropy, nothing on the console",
           in_1970(boots("digest+signature", signed=True, console=False)),
           via=via, conf=BOTH, keys=TRUSTED,
           extra=["-rtc", "base=1970-01-01"], cmdline="composefs={one} "
           "random.trust_cpu=off random.trust_bootloader=off")
      for name, via in (("", "busybox"), ("PID 1: ", "pid1"))),
    Case("PID 1: digest, the initramfs as it was built", boots(),
         via="built pid1"),
    Case("PID 1: digest", boots(), via="pid1", bus="nvme"),
    Case("PID 1: digest and signature",
         boots("digest+signature", signed=True), via="pid1", bus="nvme",
         conf=BOTH, keys=TRUSTED),

    Case("init with #!", boots(args=("/usr/lib/guest/init",
                                     "/sbin/script")),
         conf=CONF + "init=/sbin/script\n"),
    Case("a development key among the trusted", boots(
        "signature", signed=True, says=["WARNING: a DEVELOPMENT key is "
                                        "trusted: development.pem: never "
                                        "ship this"],
        record={"development_key.file": "development.pem",
                "weakened": ["a development key is trusted"]},
        complete=("release", "floor", "state", "candidates",
                  "microseconds.releases")),
         conf=SIGNED, keys=("development", "trusted")),
    Case("a disk that comes 10 s late", boots(), disks=0,
         cmdline="composefs={one} loglevel=7",
         extra=["-drive", "file={disk},if=none,id=late,format=raw,"
                "snapshot=on"],
         typing=("Run /init as init process", 10,
                 b"monitor:device_add virtio-blk-pci,drive=late")),
    Case("? allowed by the policy", boots(
        unverified=True, says=["WARNING: composefs=\\?: this root is not "
                               "verified"],
        record={"weakened": ["composefs=?: fs-verity was not required of "
                             "objects"]}),
         cmdline="composefs=?{one}", conf=CONF + "allow_unverified=yes\n"),
    Case("? allowed, nothing has fs-verity", boots(unverified=True),
         cmdline="composefs=?{one}", conf=CONF + "allow_unverified=yes\n",
         disk=["unseal {image_one}", "unseal {init_one}", "unseal {libc}",
               "unseal {victim}"]),
    Case("allow_unverified=yes without ? asks for fs-verity all the same",
         boots(victim="I/O error"), conf=CONF + "allow_unverified=yes\n",
         disk=["unseal {victim}"]),
]
