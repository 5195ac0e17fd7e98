# SPDX-License-Identifier: MIT
"""What is done after a refusal."""
from cases.common import CONF, NO_DIGEST
from expect import Case, refuses

CASES = [
    Case("on_failure=reboot, no witness",
         refuses("digest-missing", NO_DIGEST), cmdline="", via="busybox"),
    Case("on_failure=poweroff",
         refuses("digest-missing", NO_DIGEST, "poweroff"), cmdline="",
         conf=CONF.replace("=reboot", "=poweroff"), via="busybox"),
    Case("on_failure=halt", refuses("digest-missing", NO_DIGEST, "halt"),
         cmdline="", conf=CONF.replace("=reboot", "=halt"), via="busybox"),
    Case("PID 1: a refusal", refuses("digest-missing", NO_DIGEST), cmdline="",
         via="pid1", bus="nvme"),
]
