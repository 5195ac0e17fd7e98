/* SPDX-License-Identifier: MIT */
/*
 * What every command of the host program shares: how it is called, how it
 * fails. Results go to stdout and nothing else does; words for people go to
 * stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
 */
#ifndef RW_TOOL_TOOL_H
#define RW_TOOL_TOOL_H

#include "core/digest.h"
#include "core/err.h"

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

/* Each command is one cmd_*.c; argv[0] is the command's name. */
int cmd_build(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_disk(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_objects(int argc, char **argv);
int cmd_missing(int argc, char **argv);
int cmd_measure(int argc, char **argv);
int cmd_oci(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_cat(int argc, char **argv);
int cmd_extract(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_bless(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_install(int argc, char **argv);
int cmd_repair(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_initrd(int argc, char **argv);

/* Prints the sentence and the hint on stderr; returns EXIT_REFUSED. */
int tool_fail(const struct err *e);

/*
 * Prints "rootwright build: <sentence>" and where help is found; returns
 * EXIT_USAGE.
 */
int tool_usage(const char *command, const char *fmt, ...) printf_like(2, 3);

/* Reads the value of --algorithm. 0, or as tool_usage(). */
int tool_algorithm(
	const char *command, const char *name, enum hash_algorithm *a);

/* The format's version that --min-version or --max-version gives, or a usage
 * error. */
int tool_version(const char *command, const char *text, unsigned *version);

/* Prints "rootwright: <words>" on stderr. */
void tool_say(const char *fmt, ...) printf_like(1, 2);

/*
 * From here on SIGHUP, SIGINT and SIGTERM end the program with a sentence
 * and EXIT_REFUSED. Nothing has to be undone: what is not whole has no name
 * (publish.h), or a temporary one that the next build sweeps away.
 */
void tool_catch_signals(void);

#endif
