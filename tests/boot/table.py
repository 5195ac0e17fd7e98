# SPDX-License-Identifier: MIT
"""Every boot of a table, two at a time, one TAP line each.

    tests/boot/boot.t [--list] [--keep] [PATTERN...]

runs the cases whose name has one of the patterns; --keep leaves what each
was booted from, its command line and what it said in a directory of its own
below $B/boot-tests/. BOOT_JOBS= is how many run side by side.
"""
import concurrent.futures
import os
import shutil
import sys

import base
import tap
import vm

KEEP = "--keep" in sys.argv


def change(disk, steps, words):
    """Does to a disk what a case says."""
    for step in steps:
        verb, *rest = step.format(**words).split()
        getattr(disk, verb)(*[int(x) if x.lstrip("-").isdigit() else x
                              for x in rest])


def attempt(artefacts, case, number):
    """One case: returns (problems, outcome)."""
    place = f"{base.DIR}/{number}"
    os.makedirs(place)
    disk, changer = artefacts.disk_of(case)
    if case.disk:
        base.run("cp", "--sparse=always", disk, f"{place}/disk.img")
        disk = f"{place}/disk.img"
        change(changer(disk), case.disk, artefacts.words)
    if case.via.startswith("built"):
        initrd = artefacts.built(case.kernel, case.modules,
                                 case.via == "built pid1")[0]
    else:
        initrd = f"{place}/initrd"
        artefacts.initrd(initrd, case)
    # no_timer_check: on a busy host the emulated timer may fail the test.
    machine = artefacts.machine
    cmdline = (f"console={machine.console} quiet panic=-1 no_timer_check "
               + case.cmdline.format(**artefacts.words))
    # Several processors take turns: side by side, QEMU 7.2 lets one run code
    # that the other is changing, and now and then the kernel ends with an int3
    # that is not there any more.
    accel = "tcg,thread=single" if "-smp" in case.extra else "tcg"
    try:
        outcome = vm.boot(tap.kernel(case.kernel)[0], initrd, cmdline,
                          [disk] * case.disks, case.bus,
                          extra=[x.format(disk=disk, **artefacts.words)
                                 for x in case.extra],
                          typing=case.typing, machine=machine, accel=accel)
        problems = case.expect(outcome, artefacts.words)
        if KEEP:
            for name, text in (("cmdline", cmdline),
                               ("console", outcome.console),
                               ("witness", outcome.witness)):
                with open(f"{place}/{name}", "w", encoding="utf-8") as f:
                    f.write(text + "\n")
        return problems, outcome
    finally:
        if not KEEP:
            shutil.rmtree(place)


def report(case, future):
    """The TAP line, with all there is to see when it is not ok."""
    try:
        problems, outcome = future.result()
    except Exception as error:  # one broken case shall not hide the rest
        tap.ok(False, case.name, f"{type(error).__name__}: {error}")
        return
    if not tap.ok(not problems, case.name, "\n".join(problems)):
        tap.note("console:\n" + "\n".join(
            outcome.console.splitlines()[-40:]))
        tap.note("witness:\n" + outcome.witness[-6000:])


def run(cases, make=base.Base):
    """All of a test: prints TAP and exits."""
    patterns = [a for a in sys.argv[1:] if not a.startswith("--")]
    chosen = [c for c in cases if not patterns
              or any(p in c.name for p in patterns)]
    if "--list" in sys.argv:
        print("\n".join(c.name for c in chosen))
        return
    why = base.missing(make.machine)
    if why:
        tap.skip_all(why)
    artefacts = make()
    jobs = int(os.environ.get("BOOT_JOBS", "2"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [tap.kernel(case.kernel)
                   and pool.submit(attempt, artefacts, case, n)
                   for n, case in enumerate(chosen, 1)]
        for case, future in zip(chosen, futures):
            if future:
                report(case, future)
            else:
                tap.skip(case.name, f"no kernel {case.kernel}: make deps "
                         "could not fetch it")
    tap.done()

