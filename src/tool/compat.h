/* SPDX-License-Identifier: MIT */
/*
 * The programs of composefs 1.0.8 under their own names: options, output and
 * exit codes are theirs, the code is ours. What differs is in
 * rootwright-compat(7).
 */
#ifndef RW_TOOL_COMPAT_H
#define RW_TOOL_COMPAT_H

/*
 * Runs the program that argv[0] names. Returns its exit code, or -1 when it
 * is none of them.
 */
int compat_run(int argc, char **argv);

int compat_info(int argc, char **argv);
int compat_mk(int argc, char **argv);
int compat_dump(int argc, char **argv);
int compat_mount(int argc, char **argv);

#endif
