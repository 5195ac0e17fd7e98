# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# TAP for tests written in shell. They say, at the top of the tree:
#	. tests/lib/tap.sh
#	try 'exit code 1' 1 build/rootwright check "$dir"
#	is 'the sentence' "$(cat "$err")" 'rootwright: ...'
#	finish
# $T is a scratch directory, removed at the end.

. tests/lib/env.sh

tap_n=0
tap_bad=0
T=$(mktemp -d) || exit 1
# shellcheck disable=SC2034
out=$T/.stdout err=$T/.stderr
trap 'rm -rf "$T"' EXIT
trap 'exit 1' HUP INT TERM

# pass NAME, fail NAME [WHY]
pass()
{
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

fail()
{
	tap_n=$((tap_n + 1))
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_n - $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# ok NAME COMMAND...: the command succeeds.
ok()
{
	tap_name=$1
	shift
	if tap_text=$("$@" 2>&1); then
		pass "$tap_name"
	else
		fail "$tap_name" "$* gives exit code $?
$tap_text"
	fi
}

# is NAME GOT WANT: two strings are equal.
is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" " got: $2
want: $3"
	fi
}

# has NAME TEXT WORDS: the text contains the words, literally.
has()
{
	case $2 in
	*"$3"*) pass "$1" ;;
	*) fail "$1" "  not found: $3
in: $2" ;;
	esac
}

# try NAME CODE COMMAND...: runs it with stdout in $out and stderr in $err;
# the exit code is CODE.
try()
{
	tap_name=$1
	tap_want=$2
	shift 2
	tap_code=0
	"$@" >"$out" 2>"$err" || tap_code=$?
	if [ "$tap_code" = "$tap_want" ]; then
		pass "$tap_name"
	else
		fail "$tap_name" "exit code $tap_code, want $tap_want: $*
$(head -c 2000 "$err")"
	fi
}

# skip NAME WHY: counted in the last line of make check.
skip()
{
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# skip_all WHY
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# finish: the plan, and the exit code.
finish()
{
	echo "1..$tap_n"
	[ "$tap_bad" = 0 ]
	exit
}
