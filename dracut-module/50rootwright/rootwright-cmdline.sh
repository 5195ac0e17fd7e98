#!/bin/sh
# SPDX-License-Identifier: MIT
# dracut wants a root=; this is what it gets to know of it, after the hooks that
# look for one.
# shellcheck disable=SC2034
root=rootwright
# shellcheck disable=SC2034
rootok=1
