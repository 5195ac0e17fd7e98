# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2154
# The steps of tests/boot/stack.t: what the kernel makes of images that are
# stacked, by hand and by rootwright mount.
for module in netfs libcrc32c sha256-ssse3 erofs overlay loop; do
	file=/modules/$(uname -r)/$module.ko
	[ ! -f "$file" ] || insmod "$file"
done
mount -t ext4 -o ro "$(drive 0)p1" /c
mount -t ext4 -o ro "$(drive 1)p1" /d
# shellcheck disable=SC1091
. /words
C=/c/composefs
D=/d/composefs

# Lower layers that are no image: none of the whiteouts that images have.
mount -t tmpfs tmpfs /low
mkdir -p /low/nothing /low/whiteout "/low/exact-whiteout/$AB"
mknod "/low/whiteout/$AB" c 0 0
mknod "/low/exact-whiteout/$AB/$REST" c 0 0
for image in /images/*; do
	mkdir "/low/${image##*/}"
	mount -t erofs -o ro,loop "$image" "/low/${image##*/}"
done

# say COMMAND...: what it prints, or its error's last words.
say()
{
	text=$("$@" 2>&1) || text=${text##*: }
	echo "$text"
}

# capture LOWER: the file f of the image app, above that layer.
capture()
{
	for verity in require off; do
		mount -t overlay -o "ro,metacopy=on,redirect_dir=on,\
verity=$verity,lowerdir=/low/app:/low/$1::$C/objects" overlay /mnt || exit 1
		echo "$verity: $(say stat -c %s /mnt/f): $(say head -c 8 /mnt/f)"
		umount /mnt
	done
}

# What is mounted, and what can be read.
look()
{
	how=$(grep ' /mnt ' /proc/mounts)
	case $how in
	*' overlay rw,'*,verity=require*) echo overlay rw, verified ;;
	*' overlay ro,'*,verity=require*) echo overlay ro, verified ;;
	*) echo "$how" ;;
	esac
	(cd /mnt && find . -type f | sort | while read -r f; do
		echo "$f: $(say head -c 8 "$f")"
		[ "$(stat -c %d "$f")" = "$(stat -c %d .)" ] ||
			echo "$f: has another device number"
	done)
}

# mounted ARGUMENT...: by rootwright mount, and what is there.
mounted()
{
	rootwright mount "$@" /mnt || return
	look
	umount /mnt
}

written()
{
	rootwright mount --volatile --store $C --store $D "$APP" "$BASE" /mnt ||
		return
	echo changed >/mnt/f
	echo new >/mnt/new
	rm /mnt/g
	look
	umount /mnt
}

for layer in /low/*; do
	[ "$layer" = /low/app ] || step "${layer##*/}" capture "${layer##*/}"
done
step stack mounted --store $C --store $D "$APP" "$BASE"
step other-order mounted --store $D --store $C "$APP" "$BASE"
step below mounted --store $D --store $C "$BASE" "$APP"
step layers mounted --store $C "$TOP" "$BOTTOM"
step signed mounted --cert /key.pem --store $C --store $D "$APP" "$BASE"
step unsigned mounted --cert /key.pem --store $C "$APP" "$BOTTOM"
step volatile written
step again mounted --store $C --store $D "$APP" "$BASE"
step captured mounted --store $C "$APP" "$DIRECTORY"
step stackable sh -c "rootwright mount --store $C $TOP $BOTTOM /mnt &&
	mkdir /tmp/u /tmp/w && mount -t overlay -o \
	lowerdir=/mnt,upperdir=/tmp/u,workdir=/tmp/w overlay /mnt &&
	echo x >/mnt/x && cat /mnt/x && umount /mnt && umount /mnt"
step check rootwright check --store $C --store $D
# In a user namespace, as its root: by rootwright mount, and by hand over an
# image that the machine's root has mounted.
step user unshare -Urm rootwright mount --store $C "$APP" /mnt
step user-insecure unshare -Urm rootwright mount --insecure --store $C "$APP" \
	/mnt
# user OPTIONS: what an overlay with them gives for the file f.
user()
{
	# shellcheck disable=SC2016
	unshare -Urm sh -c 'mount -t overlay -o "$0" overlay /mnt || exit
		head -c 8 /mnt/f | tr "\0" 0; cat /mnt/d/a; echo' "$1"
}
lower="lowerdir=/low/app::$C/objects"
step user-verity user "ro,metacopy=on,redirect_dir=on,verity=require,$lower"
step user-metacopy user "ro,metacopy=on,redirect_dir=on,$lower"
step user-plain user "ro,$lower"
step user-userxattr user "ro,userxattr,$lower"
step user-no-objects user "ro,userxattr,lowerdir=/low/app:/low/file"
step user-layers unshare -Urm sh -c 'mount -t overlay -o \
	ro,userxattr,lowerdir=/low/top:/low/bottom overlay /mnt &&
	cd /mnt && find . | sort'
# On top of what the machine's root has mounted, all is as it should be.
rootwright mount --store $C "$TOP" "$BOTTOM" /mnt
step user-upper unshare -Urm sh -ec 'mount -t tmpfs tmpfs /tmp
	mkdir /tmp/u /tmp/w
	mount -t overlay -o \
	userxattr,lowerdir=/mnt,upperdir=/tmp/u,workdir=/tmp/w overlay /mnt
	echo more >>/mnt/d/new && tail -c 9 /mnt/d/new
	cd /mnt && rm d/new && mkdir x && find . | sort'
step user-below sh -c 'head -c 8 /mnt/d/new; echo'
umount /mnt
step left sh -c 'grep -c -e " /mnt " /proc/mounts; true'
