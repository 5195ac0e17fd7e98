#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # dracut sets them
# dracut module of bench/distro: composefs' own mount program in a hook.

check() {
	require_binaries mount.composefs || return 1
	return 255
}

depends() {
	return 0
}

installkernel() {
	hostonly='' instmods -c erofs overlay loop
	hostonly='' instmods sha256-ssse3 crc32c_generic crc32c-intel
}

install() {
	inst_multiple mount mount.composefs modprobe mkdir
	inst_hook cmdline 99 "$moddir/cmdline.sh"
	inst_hook mount 50 "$moddir/mount.sh"
}
