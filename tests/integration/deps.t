#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/deps, the second time: nothing to do, and no network to do it with.
. tests/lib/tap.sh

for piece in "$CACHE"/mbedtls-3.6.* "$CACHE/kernels/bookworm-6.12" \
	"$CACHE/oracle-sid" "$CACHE/trixie-demo.tar" \
	"$CACHE/trixie-uki.tar"; do
	[ -e "$piece" ] || skip_all "make deps has not filled the cache: no ${piece##*/}"
done
unshare -n true 2>/dev/null || skip_all 'unshare -n: no permission'

cached()
{
	find "$CACHE" -mindepth 1 -maxdepth 2 ! -name .lock -printf '%p %T@\n' |
		sort
}

before=$(cached)
try 'deps runs without a network' 0 unshare -n scripts/deps cross systems
for piece in 'mbedtls: 3.6' 'kernel bookworm-6.12: 6.12' 'composefs 1' \
	'trixie-demo tree: 13' 'trixie-uki tree: 13' 'trixie-dracut tree: 13' \
	'bookworm-dracut tree: 12' 'sid-dracut tree: '; do
	has "names its version: $piece" "$(cat "$err")" "$piece"
done
is 'stdout stays empty' "$(cat "$out")" ''
is 'the cache is as it was' "$(cached)" "$before"

# sid is broken today: said, not fatal, and nothing half made.
mkdir -p "$T/sid" "$T/bin"
ln -s "$CACHE"/mbedtls-3.6.* "$CACHE/kernels" "$CACHE"/trixie-* \
	"$CACHE"/bookworm-* "$T/sid"
cat >"$T/bin/mmdebstrap" <<'EOT'
#!/bin/sh
echo 'half an archive'
exit 25
EOT
chmod +x "$T/bin/mmdebstrap"
try 'sid cannot be had: deps goes on' 0 env CACHE="$T/sid" \
	PATH="$T/bin:$PATH" unshare -n scripts/deps systems
has 'and says so' "$(cat "$err")" 'deps: WARNING: the reference tools cannot be had from Debian sid now: THE TESTS THAT COMPARE WITH THEM WILL BE SKIPPED'
has 'and still makes the rest' "$(cat "$err")" 'trixie-dracut tree: 13'
is 'no half tools' "$(find "$T/sid" -name 'oracle*' -o -name '.deps*')" ''

# A machine whose apt knows no Debian archive is told so.
echo "Dir::Etc::SourceList \"/dev/null\"; Dir::Etc::SourceParts \"/dev/null\"; Dir::State::Lists \"$T/lists\";" >"$T/apt.conf"
mkdir -p "$T/empty" "$T/lists/partial"
try 'no archive: refused' 1 env CACHE="$T/empty" APT_CONFIG="$T/apt.conf" \
	unshare -n scripts/deps
has 'with a sentence' "$(cat "$err")" \
	'deps: apt: no Debian archive in the configuration of this machine'
is 'nothing half made is left' \
	"$(find "$T/empty" -mindepth 1 -maxdepth 1 -name '*.deps*' -o -maxdepth 1 -name 'mbedtls*')" ''

finish
