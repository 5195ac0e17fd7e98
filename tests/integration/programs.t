#!/bin/sh
# SPDX-License-Identifier: MIT
# The two programs as files: how big they are, how they are linked, and what
# the kernel will map writable or executable.
. tests/lib/tap.sh

host=$B/rootwright
boot=$B/rootwright-boot

segments()
{
	readelf -lW "$1" | sed -n '/^Program Headers/,/^$/p'
}

# The flags (R, RW, RE, RWE) of each segment, and nothing else.
flags()
{
	segments "$1" | sed -n 's/^ *\([A-Z_]*\) .* 0x[0-9a-f]* \([RWE ]*\) 0x[0-9a-f]*$/\1 \2/p' |
		sed 's/ //2g'
}

for program in "$host" "$boot" "$B"/*-linux-*/rootwright "$B"/*-linux-*/rootwright-boot; do
	[ -e "$program" ] || continue
	name=${program#"$B/"}
	has "$name: is position independent" "$(readelf -hW "$program")" 'DYN '
	has "$name: segments are seen" "$(flags "$program")" 'LOAD RE'
	is "$name: no segment is writable and executable" \
		"$(flags "$program" | grep -c 'W.*E')" 0
	has "$name: the stack is not executable" "$(flags "$program")" \
		'GNU_STACK RW'
	has "$name: relocations become read-only" "$(flags "$program")" \
		GNU_RELRO
	has "$name: and all of them at once" "$(readelf -dW "$program")" NOW
done

size=$(stat -c %s "$boot")
ok "rootwright-boot: at most 196608 bytes, has $size" test "$size" -le 196608
is 'rootwright-boot: no program interpreter' \
	"$(segments "$boot" | grep -c INTERP)" 0
is 'rootwright-boot: no shared library' \
	"$(readelf -dW "$boot" | grep -c NEEDED)" 0
is 'rootwright-boot: no symbols left' \
	"$(readelf -SW "$boot" | grep -c symtab)" 0

# There may be no entropy when it runs: what it never asks for cannot block it.
has 'rootwright-boot: its symbols are seen' \
	"$(nm "$boot.debug")" ' main'
is 'rootwright-boot: asks the kernel for no random numbers' \
	"$(nm "$boot.debug" | grep -ci 'getrandom\|getentropy\|arc4')" 0
is 'rootwright-boot: nor by a device' "$(grep -c /random "$boot")" 0
is 'rootwright-boot: nor by a system call of its own' \
	"$(grep -rn 'SYS_getrandom\|GRND_' src/core src/boot)" ''

# 1 MiB of address space leaves no way to have more of it resident.
mkdir "$T/config" "$T/config/keys.d"
echo 'trust=signature' >"$T/config/boot.conf"
echo 'store=LABEL=x' >>"$T/config/boot.conf"
openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=big' -days 1 \
	-keyout "$T/key" -out "$T/config/keys.d/big.pem" 2>/dev/null
try 'rootwright-boot: judges a policy in 1 MiB' 0 \
	sh -c "ulimit -v 1024; exec '$boot' --check-config '$T/config'"

finish
