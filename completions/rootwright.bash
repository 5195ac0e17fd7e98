# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of rootwright, rootwright-initrd and rootwright-boot for bash.
# What there is to complete is read from --help of the program on the command
# line, so it is that program's own commands and options.

# _rootwright_help WORD...: the help of a program or of its command.
_rootwright_help()
{
	"$@" --help 2>/dev/null </dev/null
}

# _rootwright_commands PROGRAM [COMMAND]: its commands, or those of a command.
_rootwright_commands()
{
	if [ $# = 1 ]; then
		_rootwright_help "$@" |
			sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
	else
		_rootwright_help "$@" |
			sed -n "s/^[a-z: ]* rootwright $2 \([a-z]*\) .*/\1/p"
	fi
}

# _rootwright_options WORD...: all long options.
_rootwright_options()
{
	echo --help
	_rootwright_help "$@" | grep -o -e '--[a-z][a-z0-9-]*'
}

# _rootwright_value OPTION WORD...: what the option takes, as the help has it:
# DIR, FILE, a|b|c, ...; nothing: it takes none.
_rootwright_value()
{
	local option=$1
	shift
	_rootwright_help "$@" | sed -n \
		-e "s/.*$option \([A-Z][A-Z]*\).*/\1/p" \
		-e "s/.*$option \"\([A-Z][A-Z]*\).*/\1/p" \
		-e "s/.*$option \([a-z]*|[a-z|]*\).*/\1/p" | head -n 1
}

# _rootwright_values KIND WORD: completes a word of that kind.
_rootwright_values()
{
	case $1 in
	DIR)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	FILE | IMAGE | KEY | CERT | SIG)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	HASH)
		mapfile -t COMPREPLY < <(compgen -W 'sha256 sha512' -- "$2")
		;;
	RELEASE)
		mapfile -t COMPREPLY < <(cd /lib/modules 2>/dev/null &&
			compgen -d -- "$2")
		;;
	*'|'*)
		mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2")
		;;
	esac
}

_rootwright()
{
	local cur=${COMP_WORDS[COMP_CWORD]} option value
	local -a call=("${COMP_WORDS[0]}")
	local n=1 words=

	COMPREPLY=()
	# The command, and a command of the command.
	if [ "${call[0]##*/}" = rootwright ]; then
		while [ "$n" -le 2 ]; do
			words=$(_rootwright_commands "${call[@]}")
			if [ -z "$words" ] || [ "$n" -ge "$COMP_CWORD" ]; then
				break
			fi
			call+=("${COMP_WORDS[n]}")
			words=
			n=$((n + 1))
		done
	fi
	# bash makes a word of the = between an option and its value.
	[ "$cur" != = ] || cur=
	option=${COMP_WORDS[COMP_CWORD - 1]}
	[ "$option" != = ] || option=${COMP_WORDS[COMP_CWORD - 2]}
	[ "${COMP_WORDS[COMP_CWORD]}" != = ] ||
		option=${COMP_WORDS[COMP_CWORD - 1]}

	case $option in
	--*)
		value=$(_rootwright_value "$option" "${call[@]}")
		if [ -n "$value" ]; then
			_rootwright_values "$value" "$cur"
			return
		fi
		;;
	esac
	case $cur in
	-*) words=$(_rootwright_options "${call[@]}") ;;
	*)
		if [ -z "$words" ]; then
			_rootwright_values FILE "$cur"
			return
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur" | sort -u)
}

complete -F _rootwright rootwright rootwright-initrd rootwright-boot
