#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# The guest of tests/boot/mount.t: mounts by rootwright mount, by our
# mount.composefs and by composefs' own, and says what came of each.
export PATH=/bin:/sbin
busybox --install -s /busybox
PATH=$PATH:/busybox
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /tmp
exec >/dev/ttyS1 2>&1 </dev/null
for module in netfs libcrc32c sha256-ssse3 erofs overlay loop; do
	file=/modules/$(uname -r)/$module.ko
	[ ! -f "$file" ] || insmod "$file"
done

# drive N: the device of the Nth drive. The kernel finds them in any order, and
# some later than others.
drive()
{
	while :; do
		for d in /sys/block/nvme*; do
			case $(cat "$d/device/serial") in
			"d$1 "*) echo "/dev/${d##*/}" && return ;;
			esac
		done
		sleep 1
	done
}

mount -t ext4 -o ro "$(drive 0)p1" /disk
mount -t ext4 -o ro "$(drive 1)" /plain
mount -t ext4 "$(drive 2)" /paste
cp -r /plain/composefs /paste/unsealed
# shellcheck disable=SC1091
. /words
store=/disk/composefs
one=$store/objects/$ONE_PATH

# What is at /mnt: how it is mounted, every entry, what each file gives.
look()
{
	grep ' /mnt ' /proc/mounts | sed 's|[ ,]|\n|g' |
		grep -v -e '^lowerdir' -e '^datadir' \
		-e ^upperdir -e ^workdir -e '^0$' | tr '\n' ' '
	echo
	listing /mnt
	cd /mnt && find . -type f | sort | xargs md5sum
	cd /
}

listing()
{
	/bin/find "$1" -mindepth 1 -type d -printf '%P %y %m %U %G %T@\n' -o \
		-printf '%P %y %m %U %G %T@ %l %n %s\n' | sort
}

# Mounts, where FUNCTION looks, and unmounts.
attempt()
{
	look=$1
	shift
	"$@"
	code=$?
	echo "code $code"
	if grep -q ' /mnt ' /proc/mounts; then
		$look
		umount /mnt
	fi
	echo "left: $(grep ' /mnt ' /proc/mounts)$(/bin/losetup -nO BACK-FILE)"
}

# step NAME COMMAND...
step()
{
	echo "begin $1"
	step=$1
	shift
	"$@"
	echo "end $step"
}

upper()
{
	rm -rf /tmp/up
	mkdir -p /tmp/up/u /tmp/up/w /tmp/up/empty "/tmp/up/a,b:c\\d"
	mount -t tmpfs tmpfs /tmp/up/u 2>/dev/null
	umount /tmp/up/u
}

# Another user namespace, in which 0 is 100000.
unshare -U sleep 100000 &
other=$!
until [ "$(readlink /proc/$other/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do
	sleep 0.1
done
echo '0 100000 65536' >/proc/$other/uid_map
echo '0 100000 65536' >/proc/$other/gid_map

change()
{
	touch /mnt/new && echo touched
	echo changed >/mnt/fine && cat /mnt/fine
	chmod 600 /mnt/large && stat -c %a /mnt/large && md5sum /mnt/large
	touch -d @1 /mnt/new /mnt/fine
	/bin/find /tmp/up/u -mindepth 1 -printf '%P %y %m %s\n' | sort
}

ours()
{
	name=$1
	look=$2
	shift 2
	upper
	step "$name" attempt "$look" rootwright mount "$@" /mnt
}

again()
{
	change
	look
}

stack()
{
	mkdir -p /tmp/up/x
	mount -t overlay -o lowerdir=/mnt,upperdir=/tmp/up/u,workdir=/tmp/up/w \
		x /tmp/up/x && cat /tmp/up/x/small
	echo "loop devices: $(/bin/losetup -nO BACK-FILE | wc -l)"
	umount /tmp/up/x
}

echo
S="--store $store"
cert="--cert /keys/trusted.pem"
# shellcheck disable=SC2086
{
	ours digest look $S "$ONE"
	ours stack stack $S "$ONE"
	if [ "$FEW" ]; then
		echo 'all done'
		poweroff -f
	fi
	ours write change $S "$ONE"
	ours signed look $S $cert "$ONE"
	ours wrong-key look $S --cert /keys/other.pem "$ONE"
	ours either-key true $S --cert /keys/other.pem $cert "$ONE"
	ours unsigned look $S $cert "$TWO"
	ours elsewhere true $S $cert --signature /img/two.p7s "$TWO"
	ours not-its-own true $S $cert --signature /img/one.cfs.p7s "$TWO"
	ours unpinned look $S "$one"
	ours file true $S --digest "$ONE" "$one"
	ours file-mismatch true $S --digest "$TWO" "$one"
	ours memory look $S --digest "$ONE" /img/one.cfs
	ours memory-signed look $S $cert /img/one.cfs
	ours memory-flipped look $S --digest "$ONE" /img/flipped.cfs
	ours memory-flipped-signed look $S $cert --signature /img/one.cfs.p7s \
		/img/flipped.cfs
	ours sealed-flipped look $S "$THREE"
	ours missing look $S "$NONE"
	ours no-verity look --store /plain/composefs "$ONE"
	ours no-verity-image look $S --digest "$ONE" \
		/plain/composefs/objects/$ONE_PATH
	ours insecure look --store /plain/composefs --insecure "$ONE"
	ours insecure-file true --store /plain/composefs --insecure \
		/img/flipped.cfs
	ours insecure-mismatch look --store /plain/composefs --insecure \
		--digest "$TWO" /img/one.cfs
	ours unsealed look --store /paste/unsealed --digest "$ONE" /img/one.cfs
	rootwright build --store /paste/sha512 --algorithm sha512 /example/tree
	ours sha512 look --store /paste/sha512 \
		"$(rootwright build --store /paste/sha512 /example/tree)"
	ours upper again $S --upperdir /tmp/up/u --workdir /tmp/up/w "$ONE"
	ours upper-memory change $S --upperdir /tmp/up/u --workdir /tmp/up/w \
		--digest "$ONE" /img/one.cfs
	ours upper-readonly change $S --upperdir /disk --workdir /disk "$ONE"
	ours idmap look $S --idmap /proc/$other/ns/user "$ONE"
	ours idmap-own look $S --idmap /proc/self/ns/user "$ONE"
}

# The man page's, and where its last mount is.
example()
{
	export OPENSSL_CONF=/openssl.cnf
	cp -r /example/. /paste/ && cd /paste && sh -eu script 2>/err
	code=$?
	echo "code $code"
	[ $code = 0 ] || cat /err
	grep /paste/mnt /proc/mounts
	cat mnt/file
	cd /
	umount /paste/mnt
	echo "left: $(grep /paste/mnt /proc/mounts)"
}
step example example

# Both: the same options, side by side.
both()
{
	name=$1
	look=$2
	shift 2
	for who in theirs ours; do
		upper
		step "$name-$who" attempt "$look" /compat/$who/mount.composefs "$@"
	done
}

# The same, and by mount -t composefs.
helper()
{
	both "$@"
	name=$1
	look=$2
	shift 2
	for who in theirs ours; do
		upper
		ln -sfn /compat/$who/mount.composefs /sbin/mount.composefs
		step "$name-helper-$who" attempt "$look" \
			/bin/mount -t composefs "$@"
	done
}

B="basedir=$store/objects"
U="upperdir=/tmp/up/u,workdir=/tmp/up/w"
plain=/plain/composefs/objects
plain_one=$plain/$ONE_PATH
upper=$(echo "$ONE" | tr a-f A-F)
helper plain look -o "$B" "$one" /mnt
helper verity look -o "$B,verity" "$one" /mnt
both tryverity look -o "$B,tryverity" "$one" /mnt
both noverity look -o "$B,noverity" "$one" /mnt
helper digest look -o "$B,digest=$ONE" "$one" /mnt
both digest-upper look -o "$B,digest=$upper" "$one" /mnt
helper digest-wrong look -o "$B,digest=$TWO" "$one" /mnt
both digest-short look -o "$B,digest=12ab" "$one" /mnt
both digest-odd look -o "$B,digest=123" "$one" /mnt
both digest-none look -o "$B,digest" "$one" /mnt
both digest-words look -o "$B,digest=words" "$one" /mnt
helper digest-empty true -o "$B,digest=" "$one" /mnt
both digest-unsealed look -o "$B,digest=$ONE" /img/one.cfs /mnt
both digest-no-verity look -o "$B,digest=$ONE" "$plain_one" /mnt
both unsealed look -o "$B,verity" /img/one.cfs /mnt
both no-verity look -o "basedir=$plain" "$plain_one" /mnt
both no-verity-verity look -o "basedir=$plain,verity" "$plain_one" /mnt
both flipped-image true -o "$B" /img/flipped.cfs /mnt
both two-basedirs look -o "basedir=/tmp/up/empty:$store/objects" "$one" /mnt
both second-basedir look -o "basedir=$store/objects:$plain" "$one" /mnt
helper no-basedir look -o ro "$one" /mnt
both missing-basedir look -o "basedir=/none" "$one" /mnt
both empty-basedir look -o "basedir=" "$one" /mnt
both empty-basedirs look -o "basedir=a::b" "$one" /mnt
both last-basedir look -o "basedir=/none,$B" "$one" /mnt
helper upper again -o "$B,verity,$U" "$one" /mnt
helper upper-ro change -o "$B,ro,$U" "$one" /mnt
both upper-rw change -o "$B,ro,rw,$U" "$one" /mnt
helper upper-comma change \
	-o "$B,upperdir=/tmp/up/a\\,b:c\\\\d,workdir=/tmp/up/w" "$one" /mnt
both upper-alone look -o "$B,upperdir=/tmp/up/u" "$one" /mnt
both upper-none look -o "$B,upperdir=/none,workdir=/tmp/up/w" "$one" /mnt
helper idmap look -o "$B,idmap=/proc/$other/ns/user" "$one" /mnt
both idmap-none look -o "$B,idmap=/none" "$one" /mnt
both idmap-file look -o "$B,idmap=/words" "$one" /mnt
helper unknown look -o "$B,what" "$one" /mnt
helper no-image look -o "$B" /words /mnt
both missing-image look -o "$B" /none /mnt
helper missing-target look -o "$B" "$one" /none
both no-target look -o "$B" "$one"
both type look -t composefs -o "$B" "$one" /mnt
both other-type look -t erofs -o "$B" "$one" /mnt
both help look -h
both wrong-option look -x
echo 'all done'
poweroff -f
