#!/bin/sh
# SPDX-License-Identifier: MIT
# The digests of tests/golden are those that mkcomposefs gives: they stand in
# for it where it cannot be had, and must not drift from it.
. tests/lib/tap.sh

tests/lib/oracle --have mkcomposefs ||
	skip_all 'mkcomposefs is not in the cache (make deps)'

while read -r digest min max name; do
	[ "$digest" != '#' ] || continue
	# A result of 64 digits is what it prints when it succeeds.
	is "$name, version $min to $max" \
		"$(tests/lib/oracle mkcomposefs --from-file --min-version="$min" \
			--max-version="$max" --print-digest-only \
			"tests/golden/$name.dump" 2>&1)" "$digest"
done <tests/golden/digests

finish
