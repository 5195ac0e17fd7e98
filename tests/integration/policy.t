#!/bin/sh
# SPDX-License-Identifier: MIT
# boot.conf as a person meets it: what --check-config says, and that the man
# page knows every key, every default and no other.
. tests/lib/tap.sh

boot=$B/rootwright-boot
page=src/boot/rootwright-boot.conf.5
conf=$T/etc
mkdir -p "$conf/keys.d"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$T/key.pem" -out "$T/cert.pem" -days 3650 \
	-subj '/CN=policy test' 2>"$err" || fail 'a certificate' "$(cat "$err")"

# check NAME CODE: rootwright-boot --check-config
check()
{
	try "$1" "$2" "$boot" --check-config "$conf"
}

# refuses NAME REASON SENTENCE: exit 1, this sentence and nothing on stdout
refuses()
{
	check "$1" 1
	is "$1: its sentence" "$(head -n 1 "$err")" \
		"rootwright-boot: refused [$2]: $3"
	is "$1: nothing on stdout" "$(cat "$out")" ''
}

check 'no boot.conf and no keys' 0
is 'they mean trust=digest' "$(head -n 1 "$out")" \
	'trust=digest (no boot.conf: from the keys)'
cp "$T/cert.pem" "$conf/keys.d/a.pem"
check 'no boot.conf and a key' 0
is 'it means trust=digest+signature' "$(head -n 1 "$out")" \
	'trust=digest+signature (no boot.conf: from the keys)'

printf 'trust=signature\n\n# a comment\n  timeout=60\t\n' >"$conf/boot.conf"
check 'a good boot.conf' 0
is 'its trust' "$(head -n 1 "$out")" 'trust=signature'
rm "$conf/keys.d/a.pem"
refuses 'the same without a certificate' keys-empty \
	'policy: trust=signature: expected a certificate in keys.d, found none'
is 'and what to do' "$(sed -n 2p "$err")" \
	'rootwright-boot: hint: put a certificate into the directory, or set trust=digest'

printf 'trust=digest\n\ntimeout=1h\n' >"$conf/boot.conf"
refuses 'a malformed value' policy-invalid \
	"policy: $conf/boot.conf:3: expected whole seconds from 1 to 3600, found 'timeout=1h'"
printf 'trust=digest\ndebug=yes\n' >"$conf/boot.conf"
refuses 'an unknown key' policy-invalid \
	"policy: $conf/boot.conf:2: expected key=value with a key of this format, found 'debug=yes'"
printf 'trust=digest\nstore.3=factory\n' >"$conf/boot.conf"
refuses 'a further store' policy-invalid \
	"policy: $conf/boot.conf:2: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store.3=factory'"
printf 'trust=digest\nstore.2=LABEL=factory\nstore.3=/dev/sdb1\n' \
	>"$conf/boot.conf"
check 'further stores' 0
printf 'timeout=5\n' >"$conf/boot.conf"
refuses 'no line trust=' policy-invalid \
	'policy: boot.conf: expected a line trust=, found none'
printf 'trust=digest\nallow_unverified=yes\nimage=%064d\n' 0 >"$conf/boot.conf"
refuses 'allow_unverified beside image' policy-invalid \
	'policy: allow_unverified=yes: expected no image= beside it, found one'
head -c 16385 /dev/zero | tr '\0' '#' >"$conf/boot.conf"
refuses 'a file too large' policy-invalid \
	"policy: $conf/boot.conf: expected a regular file of at most 16384 bytes: File too large"
rm "$conf/boot.conf"
mkfifo "$conf/boot.conf"
check 'a FIFO in its place' 1
has 'its reason' "$(cat "$err")" 'refused [policy-invalid]'
rm "$conf/boot.conf"
ln -s /dev/null "$conf/boot.conf"
check 'a symbolic link in its place' 1
has 'its reason' "$(cat "$err")" 'refused [policy-invalid]'
rm "$conf/boot.conf"

# Every example of the man page is accepted as it stands there.
mkdir -p "$conf/release-keys.d"
for key in keys.d/a release-keys.d/a release-keys.d/b; do
	cp "$T/cert.pem" "$conf/$key.pem"
done
awk -v dir="$T" '/^\.Sh/ { examples = $2 == "EXAMPLES" }
	examples && /^\.Bd/ { n++; on = 1; next } /^\.Ed/ { on = 0 }
	on && !/^\$/ { print >(dir "/example." n) }' "$page"
for example in "$T"/example.*; do
	cp "$example" "$conf/boot.conf"
	check "the man page's ${example##*/}" 0
done

# The keys of the source, and those of the man page.
sed -n '/^static const struct field list/,/^}/s/^\t{ "\([a-z_]*\)",.*/\1/p' \
	src/core/policy.c | sort >"$T/source"
sed -n 's/^\.It Cm \([a-z_]*\) Ns = Ns .*/\1/p' "$page" | sort >"$T/page"
is 'the man page lists the keys' "$(cat "$T/page")" "$(cat "$T/source")"
is 'there are some' "$(wc -l <"$T/source")" 31
while read -r key; do
	text=$(sed -n "/^\.It Cm $key Ns = /,/^\.It Cm [a-z_]* Ns = /p" "$page")
	case $text in
	*Default* | *Required*) pass "$key has its default" ;;
	*) fail "$key has its default" "$text" ;;
	esac
done <"$T/source"

finish
