#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 12 with systemd to multi-user.target, by initramfs-tools 0.142."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import initramfs_tools  # noqa: E402

initramfs_tools.short("bookworm")
