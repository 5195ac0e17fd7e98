#!/bin/sh
# SPDX-License-Identifier: MIT
# What rootwright sign and verify refuse: each its exact sentence, exit code 1,
# and nothing written.
. tests/lib/tap.sh

rw=$(realpath "$B")/rootwright
make_key=$PWD/keys/make-key

mkdir "$T/tree"
head -c 5000 /bin/sh >"$T/tree/file"
cd "$T" || exit 1
digest=$("$rw" build --store store tree 2>/dev/null)
object=store/objects/$(echo "$digest" | cut -c1-2)/$(echo "$digest" | cut -c3-)
cp "$object" image
for name in ours other; do
	"$make_key" --name "the $name" $name 2>/dev/null
done
how='hint: sign with rootwright sign, or sign the bytes of rootwright sign --print-tbs with openssl smime -sign -binary -noattr -outform DER'
# The names of all files, but those that the test itself writes.
names()
{
	find . ! -name '.std*' ! -name before ! -name after | sort
}

unchanged()
{
	names >after
	ok "$1: nothing is written" diff before after
}

# signing SENTENCE ARGUMENT...: this is refused so.
signing()
{
	sentence=$1
	shift
	try "refused: $sentence" 1 "$rw" sign "$@"
	is 'the sentence' "$(head -n 1 "$err")" "rootwright: $sentence"
	is 'nothing on stdout' "$(cat "$out")" ''
	unchanged "$sentence"
}

names >before

# --- what is not signed -------------------------------------------------

set -- --key ours.key --cert ours.pem
signing 'tree/file: expected a composefs image, found something else' \
	"$@" tree/file
is 'the hint' "$(tail -n 1 "$err")" \
	'hint: rootwright build makes images; --raw signs any other file'
signing 'tree/file: expected a composefs image, found something else' \
	"$@" image tree/file
signing 'tree/file: expected a composefs image, found something else' \
	--print-tbs tree/file
signing 'none: cannot be opened: No such file or directory' "$@" image none
signing 'tree: expected a regular file, found something else' "$@" tree
mkfifo fifo
names >before
signing 'fifo: expected a regular file, found something else' "$@" --raw fifo
signing 'none: cannot be opened as a store: No such file or directory' \
	"$@" --store none "$digest"
signing 'tree: expected a store, found a directory without meta.json' \
	"$@" --store tree "$digest"
signing 'abc: expected a digest of 64 or 128 lower-case hex digits, found something else' \
	"$@" --store store abc
wrong=$(echo "$digest" | tr '0-9a-f' '1-9a-f0')
signing "store/objects/$(echo "$wrong" | cut -c1-2)/$(echo "$wrong" | cut -c3-): expected the image in the store, found no such file" \
	"$@" --store store "$wrong"
mkdir -p "store/objects/$(echo "$wrong" | cut -c1-2)"
wrong_object=store/objects/$(echo "$wrong" | cut -c1-2)/$(echo "$wrong" | cut -c3-)
cp image "$wrong_object"
names >before
signing "$wrong_object: expected the digest that it is named by, found $digest: it was changed or damaged" \
	"$@" --store store "$digest" "$wrong"

# --- keys and certificates ----------------------------------------------

signing 'key: other.key: expected the private key of ours.pem, found another key' \
	--key other.key --cert ours.pem image
signing 'key: ours.pem: expected a private key in PEM, found something else' \
	--key ours.pem --cert ours.pem image
signing 'key: none: cannot be read: No such file or directory' \
	--key none --cert ours.pem image
signing 'certificate: none: cannot be read: No such file or directory' \
	--key ours.key --cert none image
signing 'certificate: image: expected an X.509 certificate in PEM or DER, found something else' \
	--key ours.key --cert image image
signing 'certificate: ours.key: expected an X.509 certificate in PEM or DER, found a private key: it must never be where certificates are' \
	--key ours.key --cert ours.key image
for kind in EC:ec_paramgen_curve:P-521 RSA:rsa_keygen_bits:1024 ED25519 RSA-PSS; do
	set -- -algorithm "${kind%%:*}"
	case $kind in *:*) set -- "$@" -pkeyopt "${kind#*:}" ;; esac
	openssl genpkey "$@" -out odd.key 2>/dev/null
	openssl req -new -x509 -key odd.key -subj /CN=odd -out odd.pem
	names >before
	found='a key that is not ECDSA P-256 or P-384 or RSA of 2048 to 4096 bits'
	case $kind in
	ED25519 | RSA-PSS)
		found='one signed by other means than ECDSA or RSA PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512'
		;;
	esac
	signing "certificate: odd.pem: expected an X.509 certificate in PEM or DER, found $found" \
		--key odd.key --cert odd.pem image
done

# --- signatures that are none -------------------------------------------

"$rw" sign --print-tbs image >tbs
"$rw" sign --key ours.key --cert ours.pem image 2>/dev/null
mv image.p7s good

# verifying SENTENCE HINT: the file sig is refused so, by verify and --attach.
verifying()
{
	try "refused: $1" 1 "$rw" verify --cert ours.pem image sig
	is 'the sentences' "$(cat "$err")" "rootwright: signature: sig: $1
$2"
	is 'nothing on stdout' "$(cat "$out")" ''
	try 'refused by --attach too' 1 "$rw" sign --attach sig \
		--cert ours.pem image
	is 'the same sentences' "$(cat "$err")" "rootwright: signature: sig: $1
$2"
	ok 'nothing is in place' test ! -e image.p7s
}

: >sig
verifying 'expected a detached PKCS#7 signature, found an empty file' "$how"
head -c 1048576 /dev/zero >sig
verifying 'expected a file of at most 16384 bytes: File too large' \
	'hint: sign the image again with rootwright sign'
head -c 100 good >sig
verifying 'expected a detached PKCS#7 signature, found the end: it was cut short' "$how"
{ cat good && echo; } >sig
verifying 'expected a detached PKCS#7 signature, found more after it' "$how"
openssl pkcs7 -inform DER -in good -out sig
verifying 'expected DER, found PEM' "$how"

# made WORDS... -- SENTENCE: what openssl makes of tbs is refused so.
made()
{
	openssl "$@" -binary -in tbs -signer ours.pem -inkey ours.key \
		-outform DER -out sig
}
made smime -sign
verifying 'expected a signature over the digest itself (-noattr), found one over signed attributes' "$how"
made smime -sign -noattr -nodetach
verifying 'expected a detached signature, found attached content' "$how"
made cms -sign -noattr -keyid
verifying 'expected a signer named by issuer and serial number, found one named by its subject key id' "$how"
made cms -sign -noattr -nodetach -stream
verifying 'expected DER, found BER with an indefinite length' "$how"
made cms -sign -noattr -signer other.pem -inkey other.key
verifying 'expected one signer, found several' "$how"
made smime -sign -noattr -md sha1
verifying 'expected SHA-256, SHA-384 or SHA-512, found another hash' "$how"
openssl req -new -x509 -newkey rsa:2048 -nodes -keyout rsa.key -subj /CN=rsa \
	-out rsa.pem 2>/dev/null
openssl cms -sign -noattr -binary -in tbs -signer rsa.pem -inkey rsa.key \
	-keyopt rsa_padding_mode:pss -outform DER -out sig
verifying 'expected RSA PKCS#1 v1.5 or ECDSA, found RSA-PSS' "$how"

again='hint: sign the image again with rootwright sign'
other='expected one over this digest by key "the ours", found one that does not verify: it is for something else or damaged'
openssl smime -sign -binary -noattr -in image -signer ours.pem \
	-inkey ours.key -outform DER -out sig
verifying "$other" "$again" # over the file instead of its digest
"$rw" sign --raw --key ours.key --cert ours.pem tree/file 2>/dev/null
mv tree/file.p7s sig
verifying "$other" "$again" # for another file
openssl smime -sign -binary -noattr -in tbs -signer other.pem \
	-inkey other.key -outform DER -out sig
serial=$(openssl x509 -in other.pem -noout -serial | cut -d= -f2 | tr A-F a-f)
verifying "expected one by a trusted key, found one by the certificate with serial number $serial: none of the 1 trusted certificates has this issuer and number" \
	'hint: sign the image with a key whose certificate is in keys.d of the initramfs'

bad=0
n=$(wc -c <good)
while [ "$n" -gt 0 ]; do
	n=$((n - 1))
	head -c "$n" good >sig
	"$rw" verify --cert ours.pem image sig 2>/dev/null && bad=$((bad + 1))
done
is 'cut at no byte is it accepted' "$bad" 0
try 'and whole it is' 0 "$rw" verify --cert ours.pem image good

# --- places -------------------------------------------------------------

try 'no signature in the store' 1 "$rw" verify --cert ours.pem \
	--store store "$digest"
is 'says so' "$(head -n 1 "$err")" \
	"rootwright: signature: signatures/$digest.p7s: expected a signature, found no file"
mkdir store/signatures elsewhere
ln -s ../../good "store/signatures/$digest.p7s"
try 'a symbolic link in its place' 1 "$rw" verify --cert ours.pem \
	--store store "$digest"
is 'is not followed' "$(head -n 1 "$err")" \
	"rootwright: signature: signatures/$digest.p7s: expected a regular file of at most 16384 bytes: Too many levels of symbolic links"
rm -r store/signatures
ln -s ../elsewhere store/signatures
try 'signatures is a symbolic link' 1 "$rw" sign --key ours.key \
	--cert ours.pem --store store "$digest"
has 'it is not followed' "$(cat "$err")" 'Too many levels of symbolic links'
try 'nor with --force' 1 "$rw" sign --force --key ours.key \
	--cert ours.pem --store store "$digest"
is 'it is not followed' "$(head -n 1 "$err")" \
	'rootwright: store: no signature can be put there: Not a directory'
is 'nothing is written behind it' "$(ls elsewhere)" ''
mkdir empty
try 'no certificate in --keys' 1 "$rw" verify --keys empty image good
is 'says so' "$(head -n 1 "$err")" \
	'rootwright: keys: empty: expected a certificate (*.pem, *.der), found none'

mkdir full
if mount -t tmpfs -o size=64k none full 2>/dev/null; then
	cp image full/
	head -c 1000000 /dev/zero >full/zero 2>/dev/null
	try 'a full disk' 1 "$rw" sign --key ours.key --cert ours.pem full/image
	has 'says so' "$(cat "$err")" 'No space left on device'
	is 'nothing is left there' "$(ls -A full)" "image
zero"
	umount full
else
	skip 'a full disk' 'tmpfs cannot be mounted'
fi

# --- usage --------------------------------------------------------------

usage()
{
	try "usage: $1" 2 "$rw" "$@"
	has 'says where help is' "$(cat "$err")" "hint: rootwright $1 --help"
}
usage sign
usage sign image
usage sign --key ours.key image
usage sign --key ours.key --cert ours.pem
usage sign --print-tbs --key ours.key image
usage sign --attach good image
usage sign --attach good --cert ours.pem image image
usage sign --nothing
usage verify --cert ours.pem image
usage verify image good
usage verify --keys . --cert ours.pem image good
for command in sign verify; do
	try "$command --help" 0 "$rw" $command --help
	has 'is on stdout' "$(cat "$out")" "usage: rootwright $command"
done

finish
