#!/bin/sh
# SPDX-License-Identifier: MIT
# The plugin of kernel-install, in Debian 13's own: a new kernel's entry names
# the image of the running system, or the one that an update asks for.
. tests/lib/tap.sh

tree=$CACHE/trixie-uki.tar
[ -f "$tree" ] || skip_all "no $tree: make deps fetches it"
[ "$(id -u)" = 0 ] || skip_all 'chroot: needs root'

root=$T/root
mkdir "$root"
tar -C "$root" --numeric-owner --exclude='./dev/*' -xpf "$tree"
install -m 755 kernel-install/rootwright.install \
	"$root/usr/lib/kernel/install.d/59-rootwright.install"
ln -s 59-rootwright.install \
	"$root/usr/lib/kernel/install.d/91-rootwright.install"
release=$(basename "$root"/usr/lib/modules/*)
running=$(printf '%064d' 1)
other=$(printf 'ab%.0s' $(seq 32))
mkdir -p "$root/efi" "$root/run/rootwright"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
echo 'an initramfs' >"$root/initrd.img"
record=$root/run/rootwright/boot.json
cat >"$T/boot.json" <<-END
	{"format":"rootwright-boot-1","release":{"name":"web","version":"1"},
	"image":{"algorithm":"sha256","digest":"$running","named_by":"cmdline"},
	"store":{"named":"LABEL=x"}}
END
tr -d '\n' <"$T/boot.json" >"$record"

# as_booted CMDLINE COMMAND...: in the tree, as if that had been the kernel's
# command line.
# shellcheck disable=SC2317 # called by try
as_booted()
{
	echo "$1" >"$root/cmdline"
	shift
	# shellcheck disable=SC2016
	unshare --mount sh -c 'root=$1
		shift
		mount -t proc proc "$root/proc" &&
		mount --bind "$root/cmdline" "$root/proc/cmdline" &&
		mount -t tmpfs tmpfs "$root/dev" &&
		mknod "$root/dev/null" c 1 3 && mknod "$root/dev/urandom" c 1 9 &&
		exec chroot "$root" env BOOT_ROOT=/efi PATH=/usr/sbin:/usr/bin "$@"' \
		sh "$root" "$@"
}

# add CODE NAME CMDLINE [VARIABLE=VALUE...]: installs the kernel.
add()
{
	code=$1 name=$2 cmdline=$3
	shift 3
	try "$name" "$code" as_booted "$cmdline" "$@" kernel-install \
		--make-entry-directory=yes \
		--entry-token=literal:test add "$release" \
		"/boot/vmlinuz-$release" /initrd.img
}

options()
{
	sed -n 's/^options *//p' "$root/efi/loader/entries/test-$release$1.conf"
}

rm -f "$root/etc/kernel/install.conf"
echo layout=bls >"$root/etc/kernel/install.conf"
add 0 'an entry for the running image' "quiet composefs=$running ro"
is 'names it, and keeps the other arguments' "$(options '')" \
	"quiet ro composefs=$running"
ok 'its initramfs is there' grep -q '^initrd .*initrd.img' \
	"$root/efi/loader/entries/test-$release.conf"

add 0 'an entry for the image of an update' "composefs=$running quiet" \
	ROOTWRIGHT_IMAGE="$other"
is 'names that, and not the running one' "$(options '')" \
	"quiet composefs=$other"

echo "panic=5 composefs=$other rootwright.release=7 composefs=x  quiet" \
	>"$root/etc/kernel/cmdline"
echo 3 >"$root/etc/kernel/tries"
add 0 'arguments from /etc/kernel/cmdline, and tries' "composefs=$running"
is 'an old image and release go away' "$(options +3)" \
	"panic=5 quiet composefs=$running"
is 'there is one entry' "$(ls "$root/efi/loader/entries")" \
	"test-$release+3.conf"
rm "$root/etc/kernel/cmdline" "$root/etc/kernel/tries"
rm "$root/efi/loader/entries"/*

add 0 'a system whose releases choose the image' 'quiet ro'
is 'is left alone' "$(options '')" 'quiet ro'
mv "$record" "$T/record"
add 0 'a system without rootwright' "quiet composefs=$running"
is 'is left alone, too' "$(options '')" "quiet composefs=$running"
mv "$T/record" "$record"
rm "$root/efi/loader/entries"/*

for bad in nonsense "${running}0" 'ABCD'; do
	add 1 "no digest: $bad" quiet ROOTWRIGHT_IMAGE="$bad"
	has 'is refused' "$(cat "$err")" "rootwright-kernel-install: ROOTWRIGHT_IMAGE: expected a digest of 64 or 128 lower-case hex digits, found '$bad'"
done

# A UKI: made by ukify with the image in the command line that is signed.
echo layout=uki >"$root/etc/kernel/install.conf"
add 1 'a UKI that others would make' "composefs=$running"
has 'is refused' "$(cat "$err")" \
	"rootwright-kernel-install: install.conf: expected uki_generator=rootwright, found '': nobody else puts composefs= into a UKI"
is 'and not written' "$(ls "$root/efi/EFI/Linux" 2>/dev/null)" ''
echo uki_generator=rootwright >>"$root/etc/kernel/install.conf"
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test \
	-keyout "$root/etc/kernel/sb.key" -out "$root/etc/kernel/sb.pem" 2>/dev/null
printf '%s\n' '[UKI]' SecureBootPrivateKey=/etc/kernel/sb.key \
	SecureBootCertificate=/etc/kernel/sb.pem >"$root/etc/kernel/uki.conf"
echo 2 >"$root/etc/kernel/tries"
add 0 'a UKI of ours' "quiet composefs=$running"
uki=$root/efi/EFI/Linux/test-$release+2.efi
section()
{
	objcopy -O binary --only-section="$1" "$uki" "$T/section" &&
		tr -d '\0' <"$T/section"
}
is 'has the image in its command line' "$(section .cmdline | xargs)" \
	"quiet composefs=$running"
is 'and the initramfs' "$(section .initrd)" 'an initramfs'
ok 'and is signed' sbverify --cert "$root/etc/kernel/sb.pem" "$uki"
add 0 'a UKI for an update' "quiet composefs=$running" ROOTWRIGHT_IMAGE="$other"
is 'has that image' "$(section .cmdline | xargs)" "quiet composefs=$other"
try 'the kernel is removed' 0 as_booted "composefs=$running" kernel-install \
	--entry-token=literal:test remove "$release"
is 'with its UKI' "$(ls "$root/efi/EFI/Linux")" ''
finish
