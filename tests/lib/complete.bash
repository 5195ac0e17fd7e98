# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# complete.bash SCRIPT: for each line of stdin, words separated by tabs, what
# bash would complete the last of them to: one a line, then a line with a dot.
# shellcheck source=completions/rootwright.bash
. "$1"
while IFS= read -r line; do
	mapfile -t -d $'\t' COMP_WORDS < <(printf '%s' "$line")
	[[ $line != *$'\t' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_rootwright
	printf '%s\n' "${COMPREPLY[@]}"
	echo .
done
