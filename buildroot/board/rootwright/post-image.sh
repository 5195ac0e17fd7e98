#!/bin/sh
# SPDX-License-Identifier: MIT
# The last step of a Buildroot build: from images/rootfs.tar, which has the
# owners, modes and device nodes that the target directory has not, come
#	disk.img	objects and image, sealed, on a partition of their own
#	initrd.img	the boot program, the policy, the certificates
#	rootwright.fit	kernel and initramfs, signed for the boot loader
#	rootwright.digest
# Buildroot calls it (BR2_ROOTFS_POST_IMAGE_SCRIPT) with the directory of the
# images, and HOST_DIR, BUILD_DIR and BR2_CONFIG in the environment. What can
# be chosen is in Config.in beside it.
set -eu

images=$1
PATH=$HOST_DIR/bin:$HOST_DIR/sbin:$PATH
work=$BUILD_DIR/rootwright-image

# setting NAME: of .config, without its quotes. Buildroot reads .config as a
# makefile, in which this one variable may stand.
external=$(cd "$(dirname "$0")/../.." && pwd)
setting()
{
	sed -n -e "s|\\\$(BR2_EXTERNAL_ROOTWRIGHT_PATH)|$external|g" \
		-e "s/^BR2_ROOTWRIGHT_$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" \
		"$BR2_CONFIG"
}

[ -f "$images/rootfs.tar" ] || {
	echo "rootwright: $images/rootfs.tar: expected the root file system, found none: set BR2_TARGET_ROOTFS_TAR=y" >&2
	exit 1
}
rm -rf "$work"
mkdir -p "$work"
rm -f "$images/disk.img" "$images/initrd.img" "$images/rootwright.fit"

digest=$(rootwright build --for-boot --store "$work/store" \
	"tar:$images/rootfs.tar")
key=$(setting KEY)
[ -z "$key" ] || rootwright sign --key "$key" --cert "$(setting CERT)" \
	--store "$work/store" "$digest"
size=$(setting DISK_SIZE)
rootwright disk --store "$work/store" ${size:+--size "$size"} \
	--output "$images/disk.img"
rootwright check "$images/disk.img"

cp -R "$(setting POLICY)" "$work/policy"
[ "$(setting PIN)" != y ] || printf 'image=%s\n' "$digest" \
	>>"$work/policy/boot.conf"
# The options are words. With --pid1 /init only loads modules, if there are any.
options=$(setting INITRD_OPTIONS)
case " $options " in
*' --pid1 '*) launcher=load ;;
*) launcher=launch ;;
esac
# shellcheck disable=SC2086
rootwright-initrd $options --config "$work/policy" \
	--boot "$images/rootwright/rootwright-boot" \
	--launcher "$images/rootwright/rootwright-$launcher" \
	--output "$images/initrd.img"

keys=$(setting FIT_KEYS)
if [ -n "$keys" ]; then
	cp "$(setting FIT_ITS)" "$work/rootwright.its"
	cp "$images/$(setting FIT_DTB)" "$work/board.dtb"
	cp "$images/Image" "$images/initrd.img" "$work/"
	(cd "$work" && mkimage -q -f rootwright.its -k "$keys" -r \
		"$images/rootwright.fit")
fi
echo "$digest" >"$images/rootwright.digest"
