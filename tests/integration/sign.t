#!/bin/sh
# SPDX-License-Identifier: MIT
# rootwright sign and verify, against openssl and fsverity, with every kind of
# key that is taken.
. tests/lib/tap.sh

rw=$(realpath "$B")/rootwright
make_key=$PWD/keys/make-key

mkdir -p "$T/tree/bin" "$T/keys"
head -c 5000 /bin/sh >"$T/tree/bin/file"
cd "$T" || exit 1

try 'an image' 0 "$rw" build --store store tree
digest=$(cat "$out")
object=store/objects/$(echo "$digest" | cut -c1-2)/$(echo "$digest" | cut -c3-)
place=store/signatures/$digest.p7s
ok 'the bytes to be signed' sh -c \
	"'$rw' sign --print-tbs --store store $digest >tbs"
is 'they are 44' "$(wc -c <tbs)" 44
is 'and end with the digest' "$(od -An -v -tx1 tbs | tr -d ' \n')" \
	"46535665726974790100$(printf 2000)$digest"

# --- each kind of key ---------------------------------------------------

for type in p256 p384 rsa3072 rsa4096; do
	ok "make-key $type" "$make_key" --name "test $type" --type $type keys/$type
done
openssl req -new -x509 -newkey rsa:2048 -nodes -keyout keys/rsa2048.key \
	-subj '/CN=test rsa2048' -out keys/rsa2048.pem 2>/dev/null
is 'a private key is for its owner only' "$(stat -c %a keys/p256.key)" 600

for type in p256 p384 rsa2048 rsa3072 rsa4096; do
	key=keys/$type.key cert=keys/$type.pem
	rm -f "$place"
	try "$type: sign" 0 "$rw" sign --key $key --cert $cert --store store "$digest"
	try "$type: verify" 0 "$rw" verify --cert $cert --store store "$digest"
	has "$type: says who" "$(cat "$out")" \
		"sha256:$digest: signed by \"test $type\" ("
	ok "$type: openssl smime takes it" openssl smime -verify -binary \
		-inform DER -in "$place" -content tbs -noverify \
		-certfile $cert -out /dev/null
	ok "$type: openssl cms takes it" openssl cms -verify -binary \
		-inform DER -in "$place" -content tbs -noverify \
		-certfile $cert -out /dev/null
	for md in sha256 sha384 sha512; do
		openssl smime -sign -binary -noattr -md $md -signer $cert \
			-inkey $key -in tbs -outform DER -out theirs
		try "$type: openssl smime's with $md is taken" 0 \
			"$rw" verify --cert $cert "$object" theirs
	done
	ok "$type: fsverity sign" fsverity sign "$object" theirs \
		--key=$key --cert=$cert
	try "$type: fsverity's is taken" 0 "$rw" verify --cert $cert "$object" theirs
	case $type in rsa*)
		ok "$type: and is the same bytes" cmp "$place" theirs
		;;
	esac
done

# --- as one document ----------------------------------------------------

# FIELD DOCUMENT: what of the first signature it says.
first() {
	python3 -c 'import json, sys
print(json.load(open(sys.argv[2]))["signatures"][0][sys.argv[1]])' "$1" "$2"
}
rm -f "$place"
for new in True False; do
	try "--json, new: $new" 0 "$rw" sign --key keys/p256.key \
		--cert keys/p256.pem --json --store store "$digest"
	cp "$out" document
	for field in file="$object" algorithm=sha256 digest="$digest" \
		signature="$place" subject='test p256' new=$new; do
		is "${field%%=*}" "$(first "${field%%=*}" document)" "${field#*=}"
	done
done
try '--json and --print-tbs' 2 "$rw" sign --json --print-tbs "$object"
rm -f "$place"

# SHA-512, whose objects have longer names.
mkdir -p store512/objects
echo '{"version":1,"algorithm":"fsverity-sha512-12"}' >store512/meta.json
long=$(fsverity digest --compact --hash-alg=sha512 "$object")
mkdir "store512/objects/$(echo "$long" | cut -c1-2)"
cp "$object" "store512/objects/$(echo "$long" | cut -c1-2)/$(echo "$long" | cut -c3-)"
for type in p256 p384 rsa3072; do
	rm -f "store512/signatures/$long.p7s"
	try "sha512, $type: sign" 0 "$rw" sign --key keys/$type.key \
		--cert keys/$type.pem --store store512 "$long"
	try "sha512, $type: verify" 0 "$rw" verify --cert keys/$type.pem \
		--store store512 "$long"
	fsverity sign "$object" theirs --hash-alg=sha512 --key=keys/$type.key \
		--cert=keys/$type.pem >/dev/null
	mv -f theirs "store512/signatures/$long.p7s"
	try "sha512, $type: fsverity's is taken" 0 "$rw" verify \
		--cert keys/$type.pem --store store512 "$long"
done

# --- a key elsewhere, a key from a pipe ---------------------------------

rm -f "$place"
openssl smime -sign -binary -noattr -signer keys/p256.pem \
	-inkey keys/p256.key -in tbs -outform DER -out elsewhere
try '--attach by another key' 1 "$rw" sign --attach elsewhere \
	--cert keys/p384.pem --store store "$digest"
has 'says so' "$(cat "$err")" \
	'rootwright: signature: elsewhere: expected one by a trusted key, found one by the certificate with serial number '
ok 'puts nothing in place' test ! -e "$place"
try '--attach' 0 "$rw" sign --attach elsewhere --cert keys/p256.pem \
	--store store "$digest"
ok 'puts it in place' cmp elsewhere "$place"
openssl pkey -aes128 -passout pass:x -in keys/p256.key -out enc.key
rm -f "$place"
try 'a key with a passphrase' 1 "$rw" sign --key enc.key \
	--cert keys/p256.pem --store store "$digest"
is 'is refused' "$(head -n 1 "$err")" \
	'rootwright: key: enc.key: expected a private key without a passphrase, found an encrypted one'
ok 'nothing is written' test ! -e "$place"
ok 'a key from a pipe' sh -c \
	"openssl pkey -passin pass:x -in enc.key | '$rw' sign --key /dev/stdin --cert keys/p256.pem --store store $digest"
openssl x509 -in keys/p256.pem -outform DER -out p256.der
rm -f "$place"
try 'a certificate in DER' 0 "$rw" sign --key keys/p256.key --cert p256.der \
	--store store "$digest"
try 'and its keys.d' 0 "$rw" verify --keys keys --store store "$digest"

# --- what is there already ----------------------------------------------

cp "$place" before
try 'signed again' 0 "$rw" sign --key keys/p256.key --cert p256.der \
	--store store "$digest"
has 'says that it was' "$(cat "$err")" ': already signed by "test p256" ('
ok 'and leaves it' cmp before "$place"
try 'by another key' 1 "$rw" sign --key keys/p384.key --cert keys/p384.pem \
	--store store "$digest"
is 'is refused' "$(cat "$err")" \
	"rootwright: $place: expected no signature or one by this key, found another
hint: --force replaces it"
ok 'and leaves it too' cmp before "$place"
try '--force' 0 "$rw" sign --force --key keys/p384.key --cert keys/p384.pem \
	--store store "$digest"
try 'replaces it' 0 "$rw" verify --cert keys/p384.pem --store store "$digest"

# --- the development key ------------------------------------------------

ok 'a development key' "$make_key" --development dev/development
is 'in a directory of its own' "$(stat -c %a dev)" 700
cp dev/development.key before
ok 'once more' "$make_key" --development dev/development
ok 'is the same' cmp before dev/development.key
try 'sign with it' 0 "$rw" sign --force --key dev/development.key \
	--cert dev/development.pem --store store "$digest"
warning='rootwright: WARNING: this is a DEVELOPMENT key: development.pem: never ship what it signed'
is 'warns' "$(tail -n 1 "$err")" "$warning"
try 'verify with it' 0 "$rw" verify --keys dev --store store "$digest"
is 'warns too' "$(cat "$err")" "$warning"
try 'as JSON' 0 "$rw" verify --json --keys dev --store store "$digest"
ok 'the JSON' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["valid"] is True and d["digest"] == sys.argv[2], d
assert d["key"]["development"] is True and d["algorithm"] == "sha256", d
assert d["key"]["subject"] == "rootwright DEVELOPMENT key", d
assert len(d["key"]["id"]) == 64, d
' "$out" "$digest"
try 'refused, as JSON' 1 "$rw" verify --json --cert keys/p384.pem \
	--store store "$digest"
ok 'the JSON' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["valid"] is False and d["reason"] == "signature-untrusted", d
assert d["message"].startswith("signature: "), d
' "$out"

finish
