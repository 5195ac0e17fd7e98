#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 12 with systemd to multi-user.target, by dracut 059."""
import sys

sys.path[:0] = ["tests/lib", "tests/boot", "tests/distro"]
import suite  # noqa: E402

suite.short("bookworm")
