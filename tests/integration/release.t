#!/bin/sh
# SPDX-License-Identifier: MIT
# rootwright release: made, signed, listed, shown, verified, removed.
# The functions are called by try.
# shellcheck disable=SC2317
. tests/lib/tap.sh

rw=$(realpath "$B")/rootwright
make_key=$PWD/keys/make-key

mkdir -p "$T/tree/bin" "$T/keys" "$T/ring" "$T/revoked"
head -c 5000 /bin/sh >"$T/tree/bin/file"
cd "$T" || exit 1

ok 'an image' sh -c "'$rw' build --store store tree >one"
echo two >tree/two
ok 'another' sh -c "'$rw' build --store store tree >two"
one=$(cat one) two=$(cat two)
nowhere=$(printf %064d 0)
for key in a b c; do
	ok "key $key" "$make_key" --name "key $key" keys/$key
done
cp keys/a.pem keys/b.pem ring/

create()
{
	"$rw" release create --store store --name web "$@"
}

# --- create ---------------------------------------------------------------

try 'the least' 0 create --version 1 --sequence 10 --image "$one"
is 'says what and where' "$(cat "$err")" \
	'rootwright: store/releases/web/1: sequence 10, rollback_index 0: to be signed'
is 'nothing on stdout' "$(cat "$out")" ''
is 'the manifest' "$(cat store/releases/web/1/manifest)" \
	"format=rootwright-release-1
name=web
version=1
sequence=10
rollback_index=0
algorithm=sha256
images=$one"
is 'beside it a state of 8192 bytes' "$(stat -c '%s %a' store/state)" '8192 644'
has 'with a record of this name' "$(head -c 4096 store/state)" \
	'format=rootwright-state-1
generation=1
name=web
floor=0'
is 'which begins with its checksum' "$(head -n 1 store/state)" \
	"sha256=$(head -c 4096 store/state | tail -c +73 | sha256sum | cut -c1-64)"
is 'the second record is empty' \
	"$(tail -c 4096 store/state | tr -d '\0' | wc -c)" 0

try 'everything' 0 create --version 2.0-rc1 --sequence 20 \
	--rollback-index 15 --image "$two" --image "$one" \
	--preflight /bin/file --preflight /two --kernel-argument quiet \
	--kernel-argument console=ttyS0,115200 \
	--description "Caf$(printf '\303\251') 2: it's new"
is 'the manifest' "$(cat store/releases/web/2.0-rc1/manifest)" \
	"format=rootwright-release-1
name=web
version=2.0-rc1
sequence=20
rollback_index=15
algorithm=sha256
images=\"$two $one\"
preflight=\"/bin/file /two\"
kernel_arguments=\"quiet console=ttyS0,115200\"
description=\"Caf$(printf '\303\251') 2: it's new\""
cp store/state state.before
try 'without a rollback_index' 0 create --version 3 --sequence 30 --image "$two"
has 'has the largest of those that are there' "$(cat "$err")" \
	'sequence 30, rollback_index 15'
try 'a lower sequence' 0 create --version 0 --sequence 5 --rollback-index 0 \
	--image "$one"
is 'the state stays as it was' "$(cmp store/state state.before)" ''

# refused NAME SENTENCE ARGUMENT...: exit code 1, and nothing was made.
refused()
{
	refused_name=$1 refused_text=$2
	shift 2
	try "$refused_name: refused" 1 create "$@"
	is "$refused_name: the sentence" "$(head -n 1 "$err")" \
		"rootwright: $refused_text"
	is "$refused_name: nothing was made" "$(ls -A store/releases/web)" \
		"$there"
}
there=$(ls -A store/releases/web)

refused 'the same version' \
	'store/releases/web/3/manifest: expected no release web 3, found one' \
	--version 3 --sequence 31 --image "$one"
refused 'the same sequence' \
	'--sequence: expected one that no release of web has, found 20, which 2.0-rc1 has' \
	--version 4 --sequence 20 --image "$one"
refused 'an image that is not there' \
	"store/objects/00/$(printf %062d 0): expected the image in the store, found no such file" \
	--version 4 --sequence 40 --image "$nowhere"
object=$("$rw" objects "store/objects/$(echo "$one" | cut -c1-2)/$(echo "$one" | cut -c3-)" 2>/dev/null | tr -d / | head -n 1)
refused 'an object that is no image' \
	"store/objects/$(echo "$object" | cut -c1-2)/$(echo "$object" | cut -c3-): expected a composefs image, found something else" \
	--version 4 --sequence 40 --image "$object"
refused 'half a digest' \
	'0123: expected a digest of 64 or 128 lower-case hex digits, found something else' \
	--version 4 --sequence 40 --image 0123
refused 'an image twice' \
	"release: manifest:7: expected different images, found 'images=\"$one $(echo "$one" | cut -c1-7)'" \
	--version 4 --sequence 40 --image "$one" --image "$one"
refused 'a rollback_index above the sequence' \
	'release: manifest: expected a rollback_index of at most the sequence, found others' \
	--version 4 --sequence 40 --rollback-index 41 --image "$one"
refused 'sequence 0' \
	'release: manifest: expected a sequence of 1 or more, found others' \
	--version 4 --sequence 0 --rollback-index 0 --image "$one"
refused 'a relative path' \
	"release: manifest:8: expected at most 256 absolute paths without . or .. or //, of 255 characters at most, found 'preflight=bin/sh'" \
	--version 4 --sequence 40 --image "$one" --preflight bin/sh
# The shell's own words are what is meant here.
# shellcheck disable=SC2016
refused 'a dollar in the description' \
	'release: manifest:8: expected text without \ $ ` and ", in double quotes if there is more than letters, digits and ._-+:/,=@%, found '\''description="$HOME"'\' \
	--version 4 --sequence 40 --image "$one" --description '$HOME'
refused 'a long description' \
	"release: manifest:8: expected at most 255 bytes, found 'description=$(printf %068d 0)'" \
	--version 4 --sequence 40 --image "$one" --description "$(printf %0256d 0)"

# usage SENTENCE ARGUMENT...: exit code 2.
usage()
{
	usage_text=$1
	shift
	try "$usage_text" 2 create "$@"
	is 'the sentence' "$(head -n 1 "$err")" \
		"rootwright release create: $usage_text"
	is 'nothing was made' "$(ls -A store/releases/web)" "$there"
}

name_rule='1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit'
usage "--version: expected $name_rule, found '../x'" \
	--version ../x --sequence 40 --image "$one"
usage "--version: expected $name_rule, found ''" \
	--version '' --sequence 40 --image "$one"
usage "--name: expected $name_rule, found 'Web'" \
	--name Web --version 4 --sequence 40 --image "$one"
usage "--sequence: expected a number below 2^64 without a leading zero, found '040'" \
	--version 4 --sequence 040 --image "$one"
usage "--rollback-index: expected a number below 2^64 without a leading zero, found '-1'" \
	--version 4 --sequence 40 --rollback-index -1 --image "$one"
usage "--preflight: expected text without blanks and \", found '/a /b'" \
	--version 4 --sequence 40 --image "$one" --preflight '/a /b'
try 'a newline in the description' 2 create --version 4 --sequence 40 \
	--image "$one" --description 'a
images=x'
is 'the sentence' "$(head -n 1 "$err")" \
	"rootwright release create: --description: expected text without newlines and \", found 'a"
usage 'expected --image' --version 4 --sequence 40
usage 'expected --sequence' --version 4 --image "$one"
usage 'expected --version' --sequence 4 --image "$one"
usage '--image: expected at most 8 images' --version 4 --sequence 40 \
	--image 1 --image 2 --image 3 --image 4 --image 5 --image 6 --image 7 \
	--image 8 --image 9

# --- sign and verify ------------------------------------------------------

sign()
{
	key=$1
	shift
	"$rw" release sign --key keys/"$key".key --cert keys/"$key".pem \
		--store store "$@"
}

verify()
{
	"$rw" release verify --keys ring --store store "$@"
}

id()
{
	openssl x509 -in keys/"$1".pem -pubkey -noout |
		openssl pkey -pubin -outform DER | sha256sum | cut -c1-64
}
a=$(id a) b=$(id b)
short_a=$(echo "$a" | cut -c1-16) short_b=$(echo "$b" | cut -c1-16)

try 'not signed: refused' 1 verify web 1
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: release: releases/web/1/manifest: expected signatures by 1 different keys, found 0: expected *.p7s beside it, found none'
try 'sign' 0 sign a web 1
is 'says by whom and where' "$(cat "$err")" \
	"rootwright: store/releases/web/1/manifest: signed by \"key a\" ($short_a): store/releases/web/1/$short_a.p7s"
try 'verify' 0 verify web 1
is 'says who signed' "$(cat "$out")" \
	"web 1: sequence 10, rollback_index 0: signed by \"key a\" ($short_a)"
try 'sign again' 0 sign a web 1
has 'it is signed already' "$(cat "$err")" 'already signed by "key a"'
ok 'fsverity says the same of the manifest' sh -c \
	"'$rw' release sign --print-tbs --store store web 1 |
		tail -c 32 | od -An -v -tx1 | tr -d ' \n' >tbs &&
	fsverity digest --compact store/releases/web/1/manifest |
		tr -d '\n' | cmp - tbs"
try 'two keys are asked for: refused' 1 verify --threshold 2 web 1
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: release: releases/web/1/manifest: expected signatures by 2 different keys, found 1'
try 'a second key signs' 0 sign b web 1
try 'two keys' 0 verify --threshold 2 web 1
has 'the second is said' "$(cat "$out")" "\"key b\" ($short_b)"
is 'two files' "$(ls store/releases/web/1)" \
	"$(printf '%s\n' "$short_a.p7s" "$short_b.p7s" manifest | sort)"

openssl x509 -in keys/b.pem -outform DER -out revoked/b.der
try 'one of them revoked: refused' 1 verify --threshold 2 --revoked revoked web 1
has 'the sentence' "$(head -n 1 "$err")" \
	"expected one by a key that is not revoked, found one by \"key b\" ($short_b)"
try 'and one is enough' 0 verify --revoked revoked web 1
try 'a key that is not trusted' 0 sign c web 1
try 'does no harm' 0 verify --threshold 2 web 1
try 'nor does noise' 0 sh -c \
	"echo x >store/releases/web/1/x.p7s; '$rw' release verify --keys ring \
		--threshold 2 --store store web 1"
rm -f store/releases/web/1/x.p7s store/releases/web/1/"$(id c | cut -c1-16)".p7s

openssl smime -sign -binary -noattr -md sha256 -signer keys/a.pem \
	-inkey keys/a.key -in /dev/null -outform DER -out other.p7s
try 'attach a signature over something else: refused' 1 "$rw" release sign \
	--attach other.p7s --cert keys/a.pem --store store web 3
ok 'not in place' test ! -e "store/releases/web/3/$short_a.p7s"
ok 'a signature made by openssl' sh -c \
	"'$rw' release sign --print-tbs --store store web 3 |
	openssl smime -sign -binary -noattr -md sha256 -signer keys/a.pem \
		-inkey keys/a.key -outform DER -out good.p7s"
try 'attach' 0 "$rw" release sign --attach good.p7s --cert keys/a.pem \
	--store store web 3
try 'verify' 0 verify web 3

cp -r store/releases/web/3 kept
sed -i s/rollback_index=15/rollback_index=14/ store/releases/web/3/manifest
try 'one byte of the manifest: refused' 1 verify web 3
has 'the sentence' "$(head -n 1 "$err")" \
	"found 0: signature: releases/web/3/$short_a.p7s: expected one over this digest by key \"key a\", found one that does not verify"
try 'signed again: refused' 1 sign a web 3
has 'the sentence' "$(head -n 1 "$err")" \
	"store/releases/web/3/$short_a.p7s: expected no signature or one by this key, found another"
try '--force' 0 sign a --force web 3
try 'verify' 0 verify web 3
rm -rf store/releases/web/3
mv kept store/releases/web/3

echo 'x=y' >>store/releases/web/0/manifest
try 'a manifest that nobody can use is not signed' 1 sign a web 0
has 'the sentence' "$(head -n 1 "$err")" \
	"release: releases/web/0/manifest:8: expected key=value with a key of this format, found 'x=y'"

try 'verify of all: one is bad' 1 verify --json
ok 'JSON' python3 - "$a" "$one" "$two" <<'END'
import json
import sys
a, one, two = sys.argv[1:]
r = json.load(open(".stdout"))["releases"]
assert [x["version"] for x in r] == ["3", "2.0-rc1", "1", "0"], r
assert [x["valid"] for x in r] == [True, False, True, False], r
assert r[1]["reason"] == "signature-missing", r[1]
assert r[3]["reason"] == "signature-missing", r[3]
assert r[0]["signed_by"] == [{"subject": "key a", "id": a,
    "certificate": "a.pem", "development": False}], r[0]
assert r[2]["sequence"] == 10 and r[2]["rollback_index"] == 0
assert r[2]["images"] == [one] and r[2]["signature_files"] == 2
assert r[1]["images"] == [two, one]
END
try 'no such release' 1 verify web 7
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: store/releases/web/7: expected a release, found none'
try 'no such name' 1 verify wep
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: store/releases/wep: expected a release, found none'
try '--threshold 0' 2 verify --threshold 0 web 1
is 'the sentence' "$(head -n 1 "$err")" \
	"rootwright release verify: --threshold: expected 1 to 16, found '0'"
try 'no keys' 2 "$rw" release verify --store store web 1
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright release verify: expected --cert, --keys or --config, and nothing of the other two'

# --- list and show --------------------------------------------------------

try 'list: one cannot be used' 1 "$rw" release list --store store
is 'the others, the newest first' "$(cat "$out")" \
	"web 3: sequence 30, rollback_index 15, 1 signature
web 2.0-rc1: sequence 20, rollback_index 15, 0 signatures: Caf$(printf '\303\251') 2: it's new
web 1: sequence 10, rollback_index 0, 2 signatures"
is 'and why that one not' "$(cat "$err")" \
	"rootwright: release: releases/web/0/manifest:8: expected key=value with a key of this format, found 'x=y'
rootwright: releases: expected 4 manifests that can be used, found 3"
sed -i '/^x=y$/d' store/releases/web/0/manifest
try 'list' 0 "$rw" release list --json --store store web
ok 'JSON' python3 - "$two" "$one" <<'END'
import json
import sys
r = json.load(open(".stdout"))["releases"]
assert [x["sequence"] for x in r] == [30, 20, 10, 5], r
assert r[1]["preflight"] == ["/bin/file", "/two"], r[1]
assert r[1]["kernel_arguments"] == ["quiet", "console=ttyS0,115200"], r[1]
assert r[1]["description"] == "Café 2: it's new", r[1]
assert r[1]["images"] == sys.argv[1:], r[1]
assert "kernel_arguments" not in r[0] and r[0]["preflight"] == [], r[0]
END
try 'list another name' 0 "$rw" release list --store store nothing
is 'is empty' "$(cat "$out")" ''
try 'show' 0 "$rw" release show --store store web 1
ok 'is the manifest' cmp "$out" store/releases/web/1/manifest
try 'show --json' 0 "$rw" release show --json --store store web 1
ok 'JSON' python3 -c '
import json
assert json.load(open(".stdout"))["version"] == "1"'
try 'show what is not there' 1 "$rw" release show --store store web 7
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: store/releases/web/7: expected a release, found none'

# --- remove ---------------------------------------------------------------

try 'remove' 0 "$rw" release remove --store store web 0
is 'it is gone' "$(ls -A store/releases/web)" "$(printf '1\n2.0-rc1\n3')"
try 'remove it again: refused' 1 "$rw" release remove --store store web 0
is 'the sentence' "$(head -n 1 "$err")" \
	'rootwright: store/releases/web/0: expected a release, found none'
try 'remove with a path: refused' 1 "$rw" release remove --store store web ../web
mkdir -p store/releases/web/.tmp-release store/releases/web/.tmp-removed
touch store/releases/web/.tmp-release/manifest \
	store/releases/web/.tmp-removed/a.p7s
try 'what was interrupted is not a release' 0 "$rw" release list --store store
try 'the next one that writes' 0 "$rw" release remove --store store web 3
is 'takes it away' "$(ls -A store/releases/web)" "$(printf '1\n2.0-rc1')"
try 'remove' 0 "$rw" release remove --store store web 2.0-rc1
try 'remove the last one' 0 "$rw" release remove --store store web 1
ok 'its directory goes too' test ! -e store/releases/web
try 'check finds the store good' 0 "$rw" check store

try 'release' 2 "$rw" release
try 'release --help' 0 "$rw" release --help
for command in create sign verify list show remove; do
	try "release $command --help" 0 "$rw" release $command --help
	has "release $command: says how" "$(cat "$out")" \
		"usage: rootwright release $command"
	try "release $command --nonsense" 2 "$rw" release $command --nonsense
done

finish
