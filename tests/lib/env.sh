# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Where things are. A test is run from the top of the tree and says:
#	. tests/lib/env.sh
# B is the build directory, CACHE the place that scripts/deps fills.

B=${B:-build}
CACHE=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rootwright}

# kernel NAME: sets VMLINUZ, MODULES (…/lib/modules/RELEASE) and RELEASE for
# an unpacked Debian kernel package (bookworm-6.12, ...). False: not there.
kernel()
{
	for VMLINUZ in "$CACHE/kernels/$1"/boot/vmlinuz-*; do
		RELEASE=${VMLINUZ##*/vmlinuz-}
		MODULES=$CACHE/kernels/$1/lib/modules/$RELEASE
		[ -f "$VMLINUZ" ] && [ -d "$MODULES" ] && return 0
	done
	return 1
}
