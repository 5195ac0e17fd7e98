#!/bin/sh
# SPDX-License-Identifier: MIT
# rootwright bless: in a directory, and on the device that was booted from.
# The functions are called by try.
# shellcheck disable=SC2317
. tests/lib/tap.sh

rw=$(realpath "$B")/rootwright
mkdir -p "$T/tree"
cd "$T" || exit 1
echo x >tree/file
ok 'an image' sh -c "'$rw' build --store store tree >digest"
digest=$(cat digest)
release()
{
	"$rw" release create --store store --name web --version "$1" \
		--sequence "$2" --rollback-index "$3" --image "$digest"
}
try 'a release' 0 release 1 10 5
try 'another' 0 release 2 20 15
cp store/state new

# record VERSION SEQUENCE INDEX [FLOOR]: as the boot program writes it.
record()
{
	cat >boot.json <<END
{"format":"rootwright-boot-1","trust":"release",
"release":{"name":"web","version":"$1","sequence":$2,"rollback_index":$3},
"floor":{"active":${4:-0},"baked":0,"stored":0,"source":"policy"},
"store":{"device":"${device:-/dev/none}","fstype":"ext4","path":"/composefs"}}
END
}

bless()
{
	"$rw" bless --boot-record boot.json "$@"
}

# state N: the lines of a record, without checksum and padding.
state()
{
	tail -c +$((1 + $1 * 4096)) "${2:-store/state}" | head -c 4096 |
		tail -c +73 | grep .
}

# valid N: its checksum is right.
valid()
{
	test "$(tail -c +$((1 + $1 * 4096)) store/state | head -n 1)" = \
		"sha256=$(tail -c +$((1 + $1 * 4096)) store/state |
			head -c 4096 | tail -c +73 | sha256sum | cut -c1-64)"
}

record 1 10 5
inode=$(stat -c %i store/state)
try 'bless' 0 bless --store store
is 'says so' "$(cat "$err")" \
	'rootwright: release web 1: declared good: roll-back floor 5'
is 'the second record' "$(state 1)" "format=rootwright-state-1
generation=2
name=web
blessed=1
floor=5
tries_left=0"
ok 'is valid' valid 1
ok 'the first one is as it was' cmp -n 4096 store/state new
is 'and it is the same file' "$(stat -c '%i %s' store/state)" "$inode 8192"
cp store/state one
try 'bless again' 0 bless --store store
is 'says so' "$(cat "$err")" \
	'rootwright: release web 1: was declared good before: roll-back floor 5'
ok 'and writes nothing' cmp store/state one

record 2 20 15
try 'the next one' 0 bless --store store
is 'goes to the first record' "$(state 0)" "format=rootwright-state-1
generation=3
name=web
blessed=2
floor=15
tries_left=0"
ok 'the second one is as it was' sh -c \
	'tail -c 4096 one >a; tail -c 4096 store/state | cmp - a'
record 1 10 5 15
try 'an older one' 0 bless --store store
has 'does not lower the floor' "$(state 1)" "blessed=1
floor=15"

# --- tries, and a state that cannot be right ------------------------------

# forge N LINES: a record with the right checksum.
forge()
{
	python3 - "$@" <<'END'
import hashlib
import sys
body = sys.argv[2].encode().ljust(4096 - 72, b"\n")
record = b"sha256=%s\n" % hashlib.sha256(body).hexdigest().encode() + body
with open("store/state", "r+b") as f:
    f.seek(int(sys.argv[1]) * 4096)
    f.write(record)
END
}

forge 0 "format=rootwright-state-1
generation=90
name=web
blessed=1
floor=15
trying=2
tries_left=1"
record 2 20 15 15
try 'the one that is being tried' 0 bless --store store
is 'has no tries any more' "$(state 1)" "format=rootwright-state-1
generation=91
name=web
blessed=2
floor=15
tries_left=0"
forge 0 "format=rootwright-state-1
generation=95
name=web
blessed=1
floor=5
trying=2
tries_left=0"
record 1 10 5 5
cp store/state before
try 'back on the good one, after another failed' 0 bless --store store
has 'nothing to be said' "$(cat "$err")" 'was declared good before'
ok 'the other one has no tries still' cmp store/state before
forge 0 "format=rootwright-state-1
generation=97
name=web
floor=5
trying=2
tries_left=0"
try 'the first time, too' 0 bless --store store
is 'the other one has no tries still' "$(state 1)" "format=rootwright-state-1
generation=98
name=web
blessed=1
floor=5
trying=2
tries_left=0"
forge 0 "format=rootwright-state-1
generation=99
name=web
floor=4000000000"
record 2 20 15 0
try 'a floor that the boot ignored' 0 bless --store store
has 'is lowered to what is true' "$(state 1)" 'floor=15'
forge 0 "format=rootwright-state-1
generation=200
name=other
floor=4000"
forge 1 "format=rootwright-state-1
generation=201
name=other
floor=4000"
try 'a state for another name' 0 bless --store store
has 'is overwritten' "$(state 0)" "generation=1
name=web
blessed=2
floor=15"
printf x | dd of=store/state bs=1 seek=100 conv=notrunc 2>/dev/null
printf x | dd of=store/state bs=1 seek=4300 conv=notrunc 2>/dev/null
try 'a damaged state' 0 bless --store store
has 'is overwritten' "$(state 0)" 'blessed=2'
for how in 'rm store/state' 'truncate -s 100 store/state' \
	'truncate -s 9000 store/state' \
	'rm store/state; ln -s ../new store/state' \
	'rm store/state; mkfifo store/state'; do
	sh -c "$how"
	try "$how" 0 bless --store store
	is 'a new file' "$(stat -c '%F %s' store/state)" 'regular file 8192'
	has 'blessed' "$(state 1)" 'blessed=2'
	is 'nothing else is left' \
		"$(find store -maxdepth 1 -name '.tmp*')" ''
done
is 'what a link led to is as it was' "$(grep -c blessed new)" 0

# --- refused --------------------------------------------------------------

# refused NAME SENTENCE: and the state is as it was.
refused()
{
	cp store/state before
	try "$1: refused" 1 bless --store store
	is "$1: the sentence" "$(head -n 1 "$err")" "rootwright: $2"
	ok "$1: nothing is written" cmp store/state before
}

record 2 20 14
refused 'another release of this version' \
	'store/releases/web/2/manifest: expected the release that was booted, found another of this name and version'
record 3 30 15
refused 'a release that is not there' \
	'release: releases/web/3/manifest: expected a regular file of at most 65536 bytes: No such file or directory'
record ../x 30 15
refused 'no version' \
	'boot record: expected a release with name, version, sequence and rollback_index, found another'
echo '{"format":"rootwright-boot-2"}' >boot.json
refused 'another format' \
	'boot.json: expected a record of format rootwright-boot-1, found rootwright-boot-2'
echo '{"format"' >boot.json
refused 'no JSON' "boot.json: expected JSON, found: ':' expected near end of file"
rm boot.json
refused 'no record' \
	'boot.json: expected the record of a verified boot, found no file'
echo '{"format":"rootwright-boot-1","trust":"signature"}' >boot.json
cp store/state before
try 'no release was booted' 0 bless --store store
is 'is no fault' "$(cat "$err")" \
	'rootwright: no release was booted (trust=signature): there is nothing to declare good'
ok 'nothing is written' cmp store/state before
try 'an argument' 2 bless web

try 'the release that is good is not removed' 1 \
	"$rw" release remove --store store web 2
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: store/releases/web/2: expected another than the release that was declared good, found that'
try 'another is' 0 "$rw" release remove --store store web 1
try '--force' 0 "$rw" release remove --force --store store web 2

# --- on the device --------------------------------------------------------

try 'a release' 0 release 1 10 5
try 'a disk' 0 "$rw" disk --store store --output disk.img
device=$(losetup -f -o 1048576 --show disk.img 2>&1) || {
	skip 'on the device' "no loop device: $device"
	finish
}
trap 'umount "$T/mnt" 2>/dev/null; losetup -d "$device"; rm -rf "$T"' EXIT
mkdir mnt
# A state that is as large as on a device whose disk is full.
mount -t ext4 -o ro,nosymfollow "$device" mnt || fail 'mount'
record 1 10 5
cp mnt/composefs/state before
try 'the store is mounted read-only: bless' 0 bless
has 'says so' "$(cat "$err")" 'release web 1: declared good'
has 'the state is written' "$(state 1 mnt/composefs/state)
$(state 0 mnt/composefs/state)" 'blessed=1
floor=5'
has 'that mount is still read-only' "$(grep " $T/mnt " /proc/self/mountinfo)" \
	'- ext4 '"$device"' ro'
is 'there is no other' "$(grep -c " $device " /proc/self/mountinfo)" 1
umount mnt
is 'the file system is clean' "$(/sbin/e2fsck -fn "$device" >fsck 2>&1; echo $?)" 0
mount -t ext4 "$device" mnt || fail 'mount'
head -c 8192 /dev/zero >mnt/composefs/state
dd if=/dev/zero of=mnt/fill bs=1M 2>/dev/null
is 'a full disk' "$(df --output=avail mnt | tail -n 1 | tr -d ' ')" 0
try 'the store is mounted writable: bless' 0 bless
has 'the state is written' "$(state 0 mnt/composefs/state)" 'blessed=1'
has 'that mount is still writable' \
	"$(grep " $T/mnt " /proc/self/mountinfo)" "- ext4 $device rw"
umount mnt
try 'the store is not mounted: bless' 0 bless
device=/dev/none
record 1 10 5
try 'no device: refused' 1 bless
has 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: store: /dev/none: cannot be mounted as ext4'
device=$(losetup -n -O NAME -j "$T/disk.img")
sed 's|/composefs|/nothing|;s|/dev/none|'"$device"'|' boot.json >other.json
mv other.json boot.json
try 'no store there: refused' 1 bless
is 'the sentence' "$(head -n 1 "$err")" \
	"rootwright: store: $device: /nothing: cannot be opened as a store: No such file or directory"
finish
