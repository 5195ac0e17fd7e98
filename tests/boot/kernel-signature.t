#!/bin/sh
# SPDX-License-Identifier: MIT
# What rootwright sign makes, the kernel's own .fs-verity keyring takes: files
# whose fs-verity is enabled with our signatures, in QEMU.
. tests/lib/tap.sh

kernel bookworm-6.12 || skip_all 'no kernel bookworm-6.12: run make deps'
command -v qemu-system-x86_64 >/dev/null || skip_all 'no qemu-system-x86_64'
grep -q '^CONFIG_FS_VERITY_BUILTIN_SIGNATURES=y' \
	"${VMLINUZ%/*}/config-$RELEASE" ||
	skip_all "kernel $RELEASE has no .fs-verity keyring"

rw=$(realpath "$B")/rootwright
guest=$(realpath "$B")/guest-keyring
make_key=$PWD/keys/make-key
vmlinuz=$(realpath "$VMLINUZ")
console=$(realpath "$B")/kernel-signature.console
cd "$T" || exit 1

# sign NAME KEY: a file of that name, signed by that key.
sign()
{
	echo "the file $1" >disk/"$1"
	"$rw" sign --raw --key "$2.key" --cert "$2.pem" disk/"$1" 2>/dev/null
	mv disk/"$1".p7s root/signatures/"$1"
}

mkdir -p disk root/certificates root/signatures
for type in p256 p384 rsa3072 rsa4096; do
	"$make_key" --name "$type" --type $type $type 2>/dev/null
	openssl x509 -in $type.pem -outform DER -out root/certificates/$type
	sign $type $type
done
"$make_key" --name stranger stranger 2>/dev/null
sign stranger stranger
sign other p256
echo 'something else' >disk/other
cp "$guest" root/init
truncate -s 32M disk.img
/sbin/mke2fs -q -t ext4 -O verity -b 4096 -d disk disk.img
(cd root && find . | cpio -o -H newc --quiet) >initrd

timeout 600 qemu-system-x86_64 -accel tcg -cpu max,cx16=off -m 512 -nographic \
	-no-reboot -net none -kernel "$vmlinuz" -initrd initrd \
	-append 'console=ttyS0 panic=-1 no_timer_check loglevel=0' \
	-drive file=disk.img,if=none,id=d,format=raw \
	-device nvme,drive=d,serial=d </dev/null 2>&1 | tr -d '\r' >"$console"

# said LINE: the guest printed this line.
said()
{
	ok "$1" grep -qx "$1" "$console"
}

for type in p256 p384 rsa3072 rsa4096; do
	said "certificate $type 0"
	said "enabled $type 0"
done
# ENOKEY and EKEYREJECTED, as the kernel's documentation says.
said 'enabled stranger 126'
said 'enabled other 129'
said end
finish
