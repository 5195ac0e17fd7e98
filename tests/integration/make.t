#!/bin/sh
# SPDX-License-Identifier: MIT
# The makefile: the same bytes from another place, no work done twice, none
# forgotten, and what gets installed.
. tests/lib/tap.sh

unset MAKEFLAGS MFLAGS MAKELEVEL
version=${VERSION:-$(sed -n 's/^VERSION := //p' Makefile)}
here=$PWD
mbedtls=${MBEDTLS_SRC:-$(echo "$CACHE"/mbedtls-3.6.*)}
case $B in
/*) built=$B ;;
*) built=$here/$B ;;
esac

other=$T/another/place
mkdir -p "$other"
cp -r Makefile src initrd keys dracut-module kernel-install "$other"
cd "$other" || exit 1
mk()
{
	make -j2 B=out VERSION="$version" MBEDTLS_SRC="$mbedtls" "$@"
}

try 'builds in another place, into another directory' 0 mk
is 'without a warning' "$(cat "$err")" ''
for program in rootwright rootwright-boot; do
	ok "$program: the same bytes" cmp "out/$program" "$built/$program"
done

# made [ARGUMENT...]: the programs that are made by the next make.
made()
{
	for program in rootwright rootwright-boot; do
		cp -p "out/$program" "$T/$program.old"
	done
	mk "$@" >/dev/null 2>&1 || echo failed
	for program in rootwright rootwright-boot; do
		find "out/$program" -newer "$T/$program.old" -printf '%f '
	done
}

is 'nothing changed: nothing is made' "$(made)" ''
touch src/tool/tool.h
is "a header of the tool's: rootwright is made" "$(made)" 'rootwright '
is 'once' "$(made)" ''
touch src/core/err.h
is 'a header of both: both are made' "$(made)" 'rootwright rootwright-boot '
is 'another version: both are made' "$(made VERSION=9.9)" \
	'rootwright rootwright-boot '
has 'and say so' "$(out/rootwright --version 2>&1)" 9.9

try 'make help' 0 mk help
has 'lists what there is' "$(cat "$out")" 'make check '
try 'no mbedtls: refused' 2 make B=none MBEDTLS_SRC=/nonexistent
has 'with a sentence' "$(cat "$err")" 'mbedtls 3.6: no source in "/nonexistent": run make deps, or say where it is with MBEDTLS_SRC='
try 'make clean' 0 mk clean
ok 'leaves nothing behind' test ! -e out

cd "$here" || exit 1
try 'make install' 0 make install B="$B" VERSION="$version" \
	MBEDTLS_SRC="$mbedtls" DESTDIR="$T/dest" PREFIX=/opt/rw
ok 'rootwright is there' cmp "$B/rootwright" "$T/dest/opt/rw/bin/rootwright"
ok 'rootwright-boot is there' \
	cmp "$B/rootwright-boot" "$T/dest/opt/rw/sbin/rootwright-boot"
# The builder of initramfs, as installed, finds what it needs beside it.
mkdir "$T/config"
printf 'trust=digest\nstore=LABEL=x\n' >"$T/config/boot.conf"
try 'rootwright-initrd works where it is installed' 0 \
	"$T/dest/opt/rw/sbin/rootwright-initrd" --no-modules \
	--config "$T/config" --boot "$T/dest/opt/rw/sbin/rootwright-boot" \
	--output "$T/initrd"
has 'and puts the boot program in' \
	"$(zcat "$T/initrd" | cpio -t 2>/dev/null)" bin/rootwright-boot
try 'make-key works where it is installed' 0 \
	"$T/dest/opt/rw/lib/rootwright/keys/make-key" --development "$T/dev"
ok 'and makes a key' test -f "$T/dev.pem"
is 'every man page is there' \
	"$(find "$T/dest/opt/rw/share/man" -type f -printf '%f\n' | sort)" \
	"$(find src initrd dracut-module initramfs-tools kernel-install \
		-name '*.[1-8]' -printf '%f\n' | sort)"
is 'completion is there for each program' \
	"$(cd "$T/dest/opt/rw/share" && find -L bash-completion zsh -type f |
		sort | tr '\n' ' ')" \
	'bash-completion/completions/rootwright bash-completion/completions/rootwright-boot bash-completion/completions/rootwright-initrd zsh/vendor-completions/_rootwright '
is "the systemd units start what is installed" \
	"$(cat "$T"/dest/opt/rw/lib/systemd/system/*.service | grep -c '^Exec')" \
	"$(cat "$T"/dest/opt/rw/lib/systemd/system/*.service |
		grep -c '^ExecStart=/opt/rw/bin/rootwright ')"
is "nothing by the names of composefs' programs" \
	"$(find "$T/dest" -name '*composefs*' ! -path '*/man/*')" ''
try 'make install COMPAT=1' 0 make install B="$B" VERSION="$version" \
	MBEDTLS_SRC="$mbedtls" DESTDIR="$T/dest" PREFIX=/opt/rw COMPAT=1
is 'has those names' "$(cd "$T/dest/opt/rw/bin" && echo *composefs*)" \
	'composefs-dump composefs-info mkcomposefs'
has 'and they work' "$("$T/dest/opt/rw/bin/composefs-info" 2>&1)" \
	'No command specified'
has 'mount(8) finds its helper' \
	"$("$T/dest/opt/rw/sbin/mount.composefs" 2>&1)" 'No source path specified'
is 'nothing outside of the prefix' "$(ls "$T/dest")" opt
is 'nothing that others may write' \
	"$(find "$T/dest" ! -type l -perm /022)" ''

finish
