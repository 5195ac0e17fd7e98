# SPDX-License-Identifier: MIT
# complete.zsh FUNCTIONS: for each line of stdin, what zsh would complete it
# to, with completions/_rootwright from the directory FUNCTIONS: the words,
# one a line, then a line with a dot. The shell that completes is another one
# in a pseudo-terminal, as completion works in no script.
zmodload zsh/zpty || exit 1
zpty z zsh -f -i
# What is written to it is not shown again, and lines have no end.
zpty -w z 'PROMPT= ; stty -echo; unsetopt zle_bracketed_paste; TERM=dumb'
zpty -w z "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D"
# Each match is told as it is added, and none is taken.
zpty -w z 'compadd() {
	local -a hits
	if [[ ${@[(I)-[OAD]]} -gt 0 ]]; then builtin compadd "$@"; return; fi
	builtin compadd -O hits "$@"
	(( $#hits )) && print -l -r -- "match "$^hits
	builtin compadd "$@"
}'
zpty -w z 'tell() { print BEGIN; _main_complete; print END; compstate[list]=; compstate[insert]= }; zle -C tell complete-word tell; bindkey "^I" tell; bindkey -r "^[["; print READY'
zpty -r -m z all '*READY*' || exit 1
while IFS= read -r line; do
	zpty -n -w z "$line"$'\t'
	zpty -r -m z all '*BEGIN*END*' || exit 1
	print -r -- "${all##*BEGIN}" | tr -d '\r' | sed -n 's/^match //p' | sort -u
	echo .
	zpty -n -w z $'\x15'
done
zpty -d z
