/* SPDX-License-Identifier: MIT */
/* The subcommands of rootwright release; argv[0] is the subcommand's name. */
#ifndef RW_TOOL_CMD_RELEASE_H
#define RW_TOOL_CMD_RELEASE_H

int release_create(int argc, char **argv);
int release_sign(int argc, char **argv);
int release_list(int argc, char **argv);
int release_show(int argc, char **argv);
int release_check(int argc, char **argv);
int release_remove(int argc, char **argv);

/* One sentence for an option that getopt_long refused; EXIT_USAGE. */
int release_bad_option(const char *command, int c, char **argv);

#endif
