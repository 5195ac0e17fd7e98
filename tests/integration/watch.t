#!/bin/sh
# SPDX-License-Identifier: MIT
# rootwright watch: what it takes for the kernel's word. tests/boot/status.t has
# the kernel's own.
# The functions are called by try.
# shellcheck disable=SC2317
. tests/lib/tap.sh

[ "$(id -u)" = 0 ] || skip_all 'the record has to be root'\''s'
rw=$(realpath "$B")/rootwright
mkdir -p "$T/tree"
cd "$T" || exit 1
head -c 5000 /bin/sh >tree/file
ok 'an image' sh -c "'$rw' build --store store tree >digest"
for version in 1 2; do
	ok "release $version" "$rw" release create --store store --name web \
		--version $version --sequence $version --image "$(cat digest)"
done
cat >boot.json <<'END'
{"format":"rootwright-boot-1","release":{"name":"web","version":"2",
"sequence":2,"rollback_index":0},"floor":{"active":0},
"store":{"device":"/dev/vda1","fstype":"ext4","path":"/composefs"}}
END
object=$("$rw" objects "store/images/$(cat digest)" 2>/dev/null)
inode=$(stat -c %i "store/objects/$object")
text="FILE CORRUPTED! pos=0, level=-1, want_hash=sha256:00, real_hash=sha256:01"

watch()
{
	"$rw" watch --boot-record boot.json --store store --kmsg kmsg "$@"
}

# says NAME WORDS LINE...: what is said of these lines of the log.
says()
{
	says_name=$1 says_text=$2
	shift 2
	printf '%s\n' "$@" >kmsg
	try "$says_name" 0 watch --on-damage bad
	is "$says_name: what it says" "$(cat "$err")" "$says_text"
}

cp store/state before
says 'an object that is whole' \
	"rootwright: objects/$object: called corrupt by the kernel, and whole when it was read again" \
	"3,100,200,-;fs-verity (vda1, inode $inode): $text" ' SUBSYSTEM=block'
says 'an inode that is no object' \
	'rootwright: vda1, inode 999999999: called corrupt by the kernel, and no object' \
	"3,100,200,-;fs-verity (vda1, inode 999999999): $text"
says 'another device' '' "3,100,200,-;fs-verity (vda2, inode $inode): $text"
says 'somebody else than the kernel' '' \
	"11,100,200,-;fs-verity (vda1, inode $inode): $text" \
	"86,100,200,-;fs-verity (vda1, inode $inode): $text"
says 'other words' '' \
	"3,100,200,-;fs-verity (vda1, inode $inode): enabled" \
	"3,100,200,-;x: fs-verity (vda1, inode $inode): $text" \
	"3,100,200,-;fs-verity (vda1, inode x): $text" \
	"fs-verity (vda1, inode $inode): $text" '' ';' ',;' '3,100,200,-;'
ok 'nothing of it is written' cmp store/state before
says 'each of several' \
	"rootwright: vda1, inode 999999999: called corrupt by the kernel, and no object
rootwright: objects/$object: called corrupt by the kernel, and whole when it was read again" \
	'6,1,2,-;Linux' "3,1,2,-;fs-verity (vda1, inode 999999999): $text" \
	"3,1,2,-;fs-verity (vda1, inode $inode): $text"

# An object that cannot be read again: of the right inode, and no file.
rm "store/objects/$object"
mkfifo "store/objects/$object"
inode=$(stat -c %i "store/objects/$object")
line="3,100,200,-;fs-verity (vda1, inode $inode): $text"
damaged="rootwright: objects/$object: DAMAGED: expected to read it again, found: No such device"
printf '%s\n' "$line" "$line" >kmsg
try 'a damaged object: log' 0 watch
is 'is said once' "$(cat "$err")" "$damaged"
ok 'and nothing is written' cmp store/state before
says 'bad' "$damaged
rootwright: release web 2: marked as bad: 1 is booted next time" \
	"$line" "$line"
has 'the state says so' "$(tail -c 4096 store/state)" 'blessed=1
floor=0
trying=2
tries_left=0'
says 'again, in a new watch' "$damaged
rootwright: release web 2: marked as bad: 1 is booted next time" "$line"

# newest: the record of the larger generation, in one line.
newest()
{
	for at in 73 4169; do
		tail -c +$at store/state | head -c 4024 | grep . | tr '\n' ' '
		echo
	done | sort -t = -k 3 -n | tail -n 1
}

try 'it was declared good' 0 "$rw" bless --boot-record boot.json --store store
has 'it is good' "$(newest)" 'blessed=2 floor=0 tries_left=0'
says 'all the same' "$damaged
rootwright: release web 2: marked as bad: 1 is booted next time" "$line"
has 'it is good no more' "$(newest)" 'blessed=1 floor=0 trying=2 tries_left=0'
try 'the other one goes' 0 "$rw" release remove --force --store store web 1
cp store/state before
says 'no other release' "$damaged
rootwright: release web 2: not marked as bad: there is no older one to go back to" \
	"$line"
ok 'nothing is written' cmp store/state before
printf '%s\n' "$line" >kmsg
mkdir bin
printf '#!/bin/sh\ntouch "%s/rebooted"\n' "$T" >bin/reboot
chmod +x bin/reboot
PATH=$T/bin:$PATH
try 'no reboot where the same would be booted again' 0 watch --on-damage reboot
ok 'indeed' test ! -e rebooted
sequence()
{
	"$rw" release create --store store --name web --version "$1" \
		--sequence "$2" --rollback-index "$3" --image "$(cat digest)"
}
try 'a newer release' 0 sequence 3 30 0
says 'a newer one was never booted' "$damaged
rootwright: release web 2: not marked as bad: there is no older one to go back to" \
	"$line"
sed -i 's/"sequence":2/"sequence":20/' boot.json
try 'an old one' 0 sequence 0 10 0
try 'and one that is older' 0 sequence 00 5 0
printf '%s\n' "$line" >kmsg
try 'then it reboots' 0 watch --on-damage reboot
has 'and says so' "$(cat "$err")" 'rootwright: rebooting'
ok 'indeed' test -e rebooted
has 'and the newest of the older ones is the good one' "$(newest)" \
	'blessed=0 floor=0 trying=2 tries_left=0'

# --- refused --------------------------------------------------------------

try '--on-damage nonsense' 2 watch --on-damage nonsense
is 'the sentence' "$(head -n 1 "$err")" \
	"rootwright watch: --on-damage: expected log, bad or reboot, found 'nonsense'"
rm kmsg
try 'no log' 1 watch
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: kmsg: cannot be read: No such file or directory'
chmod 666 boot.json
try 'a record that others can write' 1 watch
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: boot.json: expected a file that only root can write, found one that others can'
finish
