#!/bin/sh
# SPDX-License-Identifier: MIT
# What dracut gets to know of the root, and waits for.
# shellcheck disable=SC2034
root=composefs
# shellcheck disable=SC2034
rootok=1
wait_for_dev /dev/vda1
