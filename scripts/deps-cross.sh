# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
# deps-cross: what building for other machines needs, and testing that. Read by
# scripts/deps, whose functions it calls.
#
#	cross/TRIPLET/		headers and libraries of Debian for that machine:
#				glibc, musl, what rootwright is linked with,
#				busybox
#	cross/qemu/		qemu-user of trixie: that of bookworm lacks openat2()
#	kernels/NAME-ARCH/	Debian's kernels for it
#
# riscv64 is in Debian since trixie, and since then armhf's libraries have dates
# of 64 bits: for both they are of that release while the compiler is of this one.

CROSS_PACKAGES='gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf
	gcc-riscv64-linux-gnu gcc-s390x-linux-gnu qemu-system-arm qemu-system-misc
	opensbi u-boot-qemu'
CROSS_LIBRARIES=libc6-dev,musl-dev,libfsverity-dev,libssl-dev,libext2fs-dev
CROSS_LIBRARIES=$CROSS_LIBRARIES,libfdisk-dev,uuid-dev,libarchive-dev,libjansson-dev,busybox-static

# Only what is linked with or run: qemu-user -L takes every path from there that
# is there, /dev and /etc too.
#
# The linker of gcc 12 dies of what newer ones write about the instructions
# they used, and of debug information.
plain_objects()
{
	find "$2" \( -path '*-musl/*.[oa]' -o -name '*crt*.o' \
		-o -name 'lib*_nonshared.a' \) -type f |
		while read -r file; do
			"$1-objcopy" -g -R .riscv.attributes "$file"
		done
}

# sysroot TRIPLET ARCH SUITE
sysroot()
{
	place=$CACHE/cross/$1
	if [ "$(cat "$place/suite" 2>/dev/null)" != "$3" ]; then
		find_mirrors
		new=$tmp/sysroot-$2
		mkdir "$new"
		if ! bootstrap "$3" "$CROSS_LIBRARIES" "$2" >"$tmp/sysroot.tar" ||
			! tar -C "$new" -xpf "$tmp/sysroot.tar" --no-same-owner \
				--exclude='./dev' --exclude='./etc' \
				--exclude='./tmp' --exclude='./var' \
				--exclude='./usr/share' --exclude='./usr/lib/gcc' \
				--exclude='./bin/[!b]*' \
				--exclude='./usr/*bin/[!b]*'
		then
			die "the libraries for $2 cannot be had from Debian $3"
		fi
		rm -f "$tmp/sysroot.tar"
		# As on an installed system of today, whatever the packages say.
		if [ -d "$new/lib" ]; then
			cp -a "$new/lib/." "$new/usr/lib/"
			rm -r "${new:?}/lib"
		fi
		ln -s usr/lib "$new/lib"
		[ "$2" != riscv64 ] || plain_objects "$1" "$new/usr/lib"
		echo "$3" >"$new/suite"
		mkdir -p "$CACHE/cross"
		rm -rf "$place"
		mv "$new" "$place"
	fi
	say "libraries for $2: Debian $3"
}

# It is linked statically, so that it runs here.
emulators()
{
	if [ ! -f "$CACHE/cross/qemu/qemu-s390x" ]; then
		find_mirrors
		apt_for trixie "$main"
		mkdir "$tmp/qemu" "$tmp/qemu/bin"
		# shellcheck disable=SC2086
		(cd "$tmp/qemu" && apt-get $apt download qemu-user >&2 &&
			dpkg-deb -x qemu-user_*.deb unpacked) ||
			die 'qemu-user cannot be had from Debian trixie'
		for name in aarch64 arm riscv64 s390x; do
			mv "$tmp/qemu/unpacked/usr/bin/qemu-$name" "$tmp/qemu/bin/"
		done
		mkdir -p "$CACHE/cross"
		rm -rf "$CACHE/cross/qemu"
		mv "$tmp/qemu/bin" "$CACHE/cross/qemu"
	fi
	set -- "$("$CACHE/cross/qemu/qemu-aarch64" --version | head -n 1)"
	say "qemu-user: ${1##* version }"
}

# cross_kernel ARCH PATTERN [KIND]
cross_kernel()
{
	arch=$1
	[ -d "$CACHE/kernels/trixie-6.12-$1${3:-}" ] || find_mirrors
	may_miss "trixie-6.12-$1${3:-}" trixie "$2"
	arch=
}

cross()
{
	emulators
	sysroot aarch64-linux-gnu arm64 bookworm
	sysroot arm-linux-gnueabihf armhf trixie
	sysroot riscv64-linux-gnu riscv64 trixie
	# Nobody's device, but big-endian.
	sysroot s390x-linux-gnu s390x bookworm
	cross_kernel arm64 '^linux-image-6\.12\..*-cloud-arm64$'
	cross_kernel arm64 '^linux-image-6\.12\.[^-]*-arm64-16k$' -16k
	cross_kernel armhf '^linux-image-6\.12\.[^-]*-armmp$'
	cross_kernel riscv64 '^linux-image-6\.12\.[^-]*-riscv64$'
}
