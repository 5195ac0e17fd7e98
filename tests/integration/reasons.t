#!/bin/sh
# SPDX-License-Identifier: MIT
# The reason codes are a promise: rootwright-boot(8) documents every one, in
# the order of the source, and no other.
. tests/lib/tap.sh

page=src/boot/rootwright-boot.8

sed -n 's/^\tX([A-Z_]*, "\([a-z-]*\)".*/\1/p' src/core/reason.h >"$T/source"
sed -n '/^\.Sh DIAGNOSTICS/,$s/^\.It \([a-z-]*\)$/\1/p' "$page" >"$T/page"

# "failed" is the host program's: nothing in a boot ends with it.
is 'the first is the host program'\''s' "$(head -n 1 "$T/source")" failed
is 'nothing in core or boot uses it' \
	"$(grep -l 'REASON_FAILED' src/core/*.c src/boot/*.c)" ''
is 'the page lists the others' "$(cat "$T/page")" "$(tail -n +2 "$T/source")"
while read -r name; do
	code=REASON_$(echo "$name" | tr a-z- A-Z_)
	ok "$name is given somewhere" \
		grep -q "\<$code\>" src/core/*.c src/boot/*.c
done <"$T/page"

finish
