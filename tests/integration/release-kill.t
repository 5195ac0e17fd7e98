#!/bin/sh
# SPDX-License-Identifier: MIT
# rootwright release and bless, killed before each call that changes the disk:
# what is listed is whole, and the same command again does the rest.
. tests/lib/tap.sh

rw=$(realpath "$B")/rootwright
mkdir -p "$T/tree" "$T/lib"
ok 'the shim is compiled' cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$T/shim.so" \
	tests/lib/interpose.c -ldl
keys/make-key --name releases "$T/key" 2>/dev/null
cd "$T" || exit 1
echo x >tree/file
"$rw" build --store store tree >digest 2>/dev/null
"$rw" release create --store store --name web --version 1 --sequence 1 \
	--image "$(cat digest)" 2>/dev/null
for version in 1 2; do
	echo '{"format":"rootwright-boot-1","release":{"name":"web","version":"'$version'","sequence":'$version',"rollback_index":0}}' \
		>boot$version.json
done

# whole: every release of the copy is listed, and has its manifest.
whole()
{
	"$rw" release list --store copy >listed 2>&1 || return
	for version in copy/releases/web/[0-9]*; do
		[ "$version" = 'copy/releases/web/[0-9]*' ] ||
			[ -f "$version/manifest" ] || return
	done
	"$rw" check copy >checked 2>&1
}

# killed NAME LEAST WORDS ARGUMENT...: kills it everywhere; in the end the list
# is WORDS.
killed()
{
	name=$1 least=$2 words=$3
	shift 3
	n=0 bad=
	while :; do
		n=$((n + 1))
		rm -rf copy
		cp -a store copy
		code=0
		LD_PRELOAD=$T/shim.so INTERPOSE_KILL=$n "$rw" "$@" \
			>/dev/null 2>&1 || code=$?
		[ "$code" = 137 ] || break
		whole || bad="$bad $n: not whole: $(cat listed checked);"
		before=$(find copy/releases -name '[0-9]*' ! -name '*.p7s')
		# What was done already may be refused, and changes nothing.
		"$rw" "$@" >/dev/null 2>again ||
			grep -q 'expected no release\|expected a release' again ||
			bad="$bad $n: again: $(cat again);"
		"$rw" release list --store copy >listed 2>&1
		[ "$(sed 's/:.*//' listed | tr '\n' ' ')" = "$words" ] ||
			bad="$bad $n: $before: $(cat listed);"
	done
	is "$name: the last one is not killed" "$code" 0
	ok "$name: killed at $((n - 1)) places, at least $least" \
		test $((n - 1)) -ge "$least"
	is "$name: always whole, and done the second time" "$bad" ''
}

killed create 6 'web 2 web 1 ' release create --store copy --name web \
	--version 2 --sequence 2 --image "$(cat digest)"
killed remove 3 '' release remove --store copy web 1
killed bless 1 'web 1 ' bless --store copy --boot-record boot1.json
rm store/state
killed 'create, and the state' 8 'web 2 web 1 ' release create --store copy \
	--name web --version 2 --sequence 2 --image "$(cat digest)"
killed 'bless, and the state' 3 'web 1 ' bless --store copy \
	--boot-record boot1.json
killed sign 2 'web 1 ' release sign --key key.key --cert key.pem \
	--store copy web 1
finish
