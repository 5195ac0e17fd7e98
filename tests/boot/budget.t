#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/budget, as docs/guide-flash.md shows it: a small tree and its newer
# version, counted by hand as well.
. tests/lib/tap.sh

kernel bookworm-6.12 || skip_all 'no kernel: run make deps'
mkdir -p "$T/old/usr/lib" "$T/old/etc"
for n in 1 2 3 4 5 6 7 8; do
	head -c $((n * 4096 - 96)) /dev/urandom >"$T/old/usr/lib/$n"
done
echo 'inside the image' >"$T/old/etc/issue"
head -c 1048576 /dev/urandom >"$T/old/usr/lib/large"
cp -a "$T/old" "$T/new"
head -c 8192 /dev/urandom >"$T/new/usr/lib/2"

# shellcheck disable=SC2016
guide=$(sed -n '/^```sh$/,/^```$/p' docs/guide-flash.md | grep -v '^```')
has 'the guide has the command' "$guide" 'scripts/budget "my device='
try 'it works as pasted' 0 env tree="$T/old" newer="$T/new" sh -eu -c "$guide"
has 'a table in Markdown' "$(cat "$out")" '| | my device |'
has 'of what is there' "$(cat "$out")" '| entries of the tree | '
try 'and as a document, with RAM' 0 scripts/budget --ram --json \
	"tiny=$T/old,$T/new"
cp "$out" "$T/json"

# field NAME WANT
field()
{
	is "$1" "$(jq ".tiny.$1" "$T/json")" "$2"
}

# Nine files and the image are objects, the file of 17 bytes is not.
field objects 10
field fetch_objects 2
image=$(jq .tiny.image_bytes "$T/json")
field fetch_bytes $((8192 + image))
field object_bytes $((36 * 4096 - 8 * 96 + 1048576 + image))
field padding_bytes $((8 * 96))
# fs-verity: a file of one block has a descriptor of one; those of 2 to 8 blocks
# and the image have one block of hashes more; the one of 256 blocks has 2 + 1.
field verity_bytes $(((1 + 7 * 2 + 2 + 4) * 4096))
for name in ram_mounted_kib ram_walked_reclaimable_kib update_space; do
	is "$name is a number" "$(jq ".tiny.$name | type" "$T/json")" '"number"'
done
total=$(jq .tiny.ram_total_kib "$T/json")
ok 'the guest had half a gigabyte' test "$total" -gt 400000
try 'a tree that is not there: refused' 1 scripts/budget "x=$T/nowhere"
has 'with the sentence of the program' "$(cat "$err")" "$T/nowhere"
finish
