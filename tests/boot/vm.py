# SPDX-License-Identifier: MIT
"""One boot in QEMU, from power on until it resets, powers off or hangs.

The first serial port is the console, what a person would see. The second
carries what our own witnesses say (guest/*.c), where no kernel message can
fall into the middle of a line.
"""
import os
import socket
import subprocess
import tempfile
import threading

from machines import X86_64

LIMIT = 300  # seconds until a boot counts as hung

# How a machine ends, by what the kernel prints last.
ENDS = (("reboot", "reboot: Restarting system"),
        ("poweroff", "reboot: Power down"),
        ("halt", "reboot: System halted"),
        ("panic", "Kernel panic - not syncing"))


class Outcome:
    """What came out of the two ports, and how it ended."""

    def __init__(self, console, witness, hung):
        self.console = console.decode("utf-8", "replace").replace("\r", "")
        self.witness = witness.decode("utf-8", "replace").replace("\r", "")
        self.end = "hung" if hung else next(
            (name for name, words in ENDS if words in self.console), "reset")

    def said(self, word):
        """The rest of each witness line that begins with this word."""
        return [line[len(word) + 1:] for line in self.witness.splitlines()
                if line.startswith(word + " ")]


def arguments(kernel, initrd, cmdline, disks, bus, memory, extra,
              snapshot=True, machine=X86_64, accel="tcg"):
    """disks: raw files, which do not change with snapshot. bus: virtio, nvme,
    or 4k: virtio with sectors of 4096 bytes."""
    argv = [*machine.qemu, "-accel", accel, "-m", str(memory),
            "-display", "none", "-nic", "none",
            "-no-reboot", "-monitor", "none",
            "-kernel", kernel, "-initrd", initrd, "-append", cmdline]
    for n, disk in enumerate(disks):
        argv += ["-drive", f"file={disk},format=raw,if=none,id=d{n},"
                 f"snapshot={'on' if snapshot else 'off'}"]
        argv += ["-device", {
            "virtio": f"virtio-blk-pci,drive=d{n}",
            "4k": f"virtio-blk-pci,drive=d{n},logical_block_size=4096,"
                  "physical_block_size=4096",
            "nvme": f"nvme,drive=d{n},serial=d{n}"}[bus]]
    return argv + list(extra)


def _prompt(monitor):
    """Reads to the monitor's prompt: it has done what it was told."""
    said = b""
    while not said.rstrip().endswith(b"(qemu)"):
        chunk = monitor.recv(4096)
        if not chunk:
            return
        said += chunk


def _type(process, keys, monitor):
    """Sends bytes to the console, or a command to the monitor."""
    if keys.startswith(b"monitor:"):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(monitor)
            _prompt(s)
            s.sendall(keys[8:] + b"\n")
            _prompt(s)
    else:
        process.stdin.write(keys)
        process.stdin.flush()


def boot(kernel, initrd, cmdline, disks=(), bus="virtio", memory=512,
         extra=(), typing=None, snapshot=True, machine=X86_64, accel="tcg"):
    """Boots; returns an Outcome."""
    with tempfile.TemporaryDirectory(prefix="rw-vm-") as tmp:
        witness, monitor = f"{tmp}/ttyS1", f"{tmp}/monitor"
        argv = arguments(kernel, initrd, cmdline, disks, bus, memory, extra,
                         snapshot, machine, accel)
        argv += machine.ports(witness)
        if typing:
            argv[argv.index("-monitor") + 1] = \
                f"unix:{monitor},server=on,wait=off"
        process = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        console, halted = b"", False
        try:
            while chunk := os.read(process.stdout.fileno(), 65536):
                console += chunk
                if typing and typing[0].encode() in console:
                    threading.Timer(typing[1], _type, (
                        process, typing[2], monitor)).start()
                    typing = None
                if not halted and ENDS[2][1].encode() in console:
                    halted = True  # nothing comes after it
                    process.kill()
        finally:
            hung = not timer.is_alive()
            timer.cancel()
            process.kill()
            process.wait()
        said = b""
        if os.path.exists(witness):
            with open(witness, "rb") as f:
                said = f.read()
        return Outcome(console, said, hung)
