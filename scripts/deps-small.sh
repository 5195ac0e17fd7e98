# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
# deps-small: kernels with all that a verified boot needs built in, and little
# else, as a small device has them; Debian has none such. Read by scripts/deps,
# whose functions it calls.
#
#	kernels/small-MACHINE/	Debian's source of 6.12 (linux-source-6.12),
#				configured by buildroot/board/rootwright/linux.fragment
#				and tests/boot/small.config, which lie beside
#				it as config: another one is built when they change

SMALL_PACKAGES='bc bison flex libelf-dev libssl-dev gcc-aarch64-linux-gnu'
FRAGMENT=${0%/*}/../buildroot/board/rootwright/linux.fragment
SMALL_CONFIG=${0%/*}/../tests/boot/small.config

# Without what only a look at the source needs, and drivers of things that no
# virtual machine of ours has: a third of the files.
small_source()
{
	[ ! -d "$tmp/linux" ] || return 0
	find_mirrors
	apt_for trixie "$main"
	mkdir "$tmp/source"
	# shellcheck disable=SC2086
	(cd "$tmp/source" && apt-get $apt download linux-source-6.12 >&2) ||
		die 'linux-source-6.12 cannot be had from Debian trixie'
	dpkg-deb --fsys-tarfile "$tmp"/source/linux-source-6.12_*.deb |
		tar -xO ./usr/src/linux-source-6.12.tar.xz |
		xz -dc -T0 | tar -C "$tmp/source" -x \
			--exclude='*/drivers/gpu/drm/*.[ch]' \
			--exclude='*/drivers/media/*.[ch]' \
			--exclude='*/drivers/net/ethernet/*.[ch]' \
			--exclude='*/drivers/net/wireless/*.[ch]' \
			--exclude='*/drivers/staging/*.[ch]' \
			--exclude='*/sound/*.[ch]' \
			--exclude='*/tools/testing/*' \
			--exclude='*/Documentation/*.rst' \
			--exclude='*/Documentation/*.yaml' ||
		die 'linux-source-6.12 cannot be unpacked'
	mv "$tmp/source/linux-source-6.12" "$tmp/linux"
}

# small_make WORDS...: of $machine. What a kernel says about where and when it
# was built is the same everywhere; what we were given is not for its makefile.
small_make()
{
	env -u MAKEFLAGS -u MFLAGS make -s -C "$tmp/linux" O="$tmp/linux-$machine" -j "$(nproc)" \
		ARCH="$karch" CROSS_COMPILE="$compiler" \
		KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=rootwright KBUILD_BUILD_HOST=rootwright \
		"$@" >&2 || die "kernel small-$machine: make $* failed"
}

# What the fragment of the guides asks for has to be what the kernel has.
small_configure()
{
	cp "$place/config" "$tmp/linux-$machine/wanted"
	small_make KCONFIG_ALLCONFIG="$tmp/linux-$machine/wanted" allnoconfig
	grep -o '^CONFIG_[A-Z0-9_]*=y' "$FRAGMENT" |
		grep -vxFf "$tmp/linux-$machine/.config" >"$tmp/unset" || return 0
	die "kernel small-$machine: it has no $(tr '\n' ' ' <"$tmp/unset")"
}

# small_kernel MACHINE ARCH COMPILER IMAGE
small_kernel()
{
	machine=$1 karch=$2 compiler=$3
	place=$tmp/small-$1
	mkdir -p "$place/boot" "$tmp/linux-$1"
	cat "$FRAGMENT" "$SMALL_CONFIG" >"$place/config"
	if ! cmp -s "$place/config" "$CACHE/kernels/small-$1/config"; then
		small_source
		say "kernel small-$1: building it takes some minutes"
		small_configure
		small_make "$4"
		release=$(cat "$tmp/linux-$1/include/config/kernel.release")
		mkdir -p "$place/lib/modules/$release" "$CACHE/kernels"
		cp "$tmp/linux-$1/arch/$2/boot/$4" \
			"$place/boot/vmlinuz-$release"
		rm -rf "$CACHE/kernels/small-$1"
		mv "$place" "$CACHE/kernels/small-$1"
	fi
	rm -rf "$tmp/linux-$1"
	set -- "$1" "$CACHE/kernels/small-$1"/boot/vmlinuz-*
	say "kernel small-$1: ${2##*/vmlinuz-}, all built in"
}

small()
{
	small_kernel x86_64 x86 '' bzImage
	small_kernel aarch64 arm64 aarch64-linux-gnu- Image
	rm -rf "$tmp/linux"
}
