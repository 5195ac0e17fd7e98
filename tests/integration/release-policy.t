#!/bin/sh
# SPDX-License-Identifier: MIT
# rootwright release verify --config: the policy of a device decides, with its
# keys by role, its threshold and its roll-back floor.
# The functions are called by try.
# shellcheck disable=SC2317
. tests/lib/tap.sh

rw=$(realpath "$B")/rootwright
make_key=$PWD/keys/make-key
mkdir -p "$T/tree" "$T/etc/keys.d" "$T/etc/release-keys.d" "$T/etc/revoked.d"
cd "$T" || exit 1
echo x >tree/file
ok 'an image' sh -c "'$rw' build --store store tree >digest"
for key in a b image; do
	ok "key $key" "$make_key" --name "key $key" key-$key
done
for version in 1 2; do
	ok "release $version" "$rw" release create --store store --name web \
		--version $version --sequence $version --rollback-index $version \
		--image "$(cat digest)"
	for key in a b image; do
		"$rw" release sign --key key-$key.key --cert key-$key.pem \
			--store store web $version 2>/dev/null
	done
done
ok 'another name' "$rw" release create --store store --name app --version 1 \
	--sequence 1 --image "$(cat digest)"

# policy LINE...
policy()
{
	printf '%s\n' store=LABEL=x "$@" >etc/boot.conf
}

verify()
{
	"$rw" release verify --config etc --store store "$@"
}

# refused NAME SENTENCE [ARGUMENT...]
refused()
{
	refused_name=$1 refused_text=$2
	shift 2
	try "$refused_name: refused" 1 verify "$@"
	is "$refused_name: the sentence" "$(head -n 1 "$err")" \
		"rootwright: $refused_text"
	is "$refused_name: nothing else is said" "$(cat "$out")" ''
}

cp key-image.pem etc/keys.d/
cp key-a.pem key-b.pem etc/release-keys.d/
policy trust=release release=web
try 'the releases of the policy' 0 verify
is 'and no others' "$(sed 's/:.*//' "$out")" 'web 2
web 1'
has 'by release keys' "$(cat "$out")" '"key a"'
has 'by both' "$(cat "$out")" '"key b"'
is 'and by no image key' "$(grep -c 'key image' "$out")" 0
try 'one version' 0 verify web 2
policy trust=release release=web threshold=2
try 'two keys' 0 verify
policy trust=release release=web threshold=3
refused 'more keys than there are' \
	'policy: threshold=3: expected as many certificates in release-keys.d, found 2'
cp key-b.pem etc/revoked.d/
policy trust=release release=web threshold=2
try 'a revoked key' 1 verify web 2
has 'does not count' "$(head -n 1 "$err")" 'expected signatures by 2 different keys, found 1: '
policy trust=release release=web
try 'the other one is enough' 0 verify
is 'and is named alone' "$(sed -n '1s/.*: signed by //; 1s/ (.*//p' "$out")" \
	'"key a"'
policy trust=release release=web rollback_floor=2
try 'a roll-back floor' 1 verify
is 'one is above it' "$(sed 's/:.*//' "$out")" 'web 2'
is 'the other is not' "$(head -n 1 "$err")" \
	'rootwright: release: releases/web/1/manifest: expected a rollback_index of 2 or more, found 1'
rm etc/release-keys.d/key-a.pem
cp key-image.pem etc/release-keys.d/image.pem
rm etc/revoked.d/*
cp key-image.pem etc/revoked.d/
policy trust=release release=web threshold=2
try 'a key in both roles, revoked' 1 verify web 2
has 'counts in none' "$(head -n 1 "$err")" 'expected signatures by 2 different keys, found 1: '

policy trust=release release=web
refused 'another name than the policy has' \
	'policy: etc: expected release=app, found release=web' app
refused 'no such version' \
	'store/releases/web/3: expected a release, found none' web 3
policy trust=signature
refused 'another trust' 'policy: etc: expected trust=release, found trust=signature'
rm etc/boot.conf
try 'no policy: refused' 1 verify
for more in '--keys etc/release-keys.d' '--cert key-a.pem' '--threshold 2' \
	'--revoked etc/revoked.d'; do
	# shellcheck disable=SC2086
	try "--config and $more" 2 verify $more
	is 'the sentence' "$(head -n 1 "$err")" \
		'rootwright release verify: expected --cert, --keys or --config, and nothing of the other two'
done
finish
