/* SPDX-License-Identifier: MIT */
/*
 * A composefs dump becomes a tree. One line an entry, 11 fields separated by
 * single spaces, then xattrs:
 *
 *	path size mode nlink uid gid rdev mtime payload content digest k=v...
 *
 * "-" is an absent payload, content or digest; \xHH, \n, \r, \t and \\ are
 * escapes. The root comes first, a directory before what is in it; a hard
 * link has "@" before its mode, its target as payload and may come before
 * it; its other fields are not looked at.
 *
 * Format: composefs-dump(5), and what mkcomposefs 1.0.8 makes of it. What it
 * refuses is refused, with the line and the field; so is what it lets
 * through by mistake: a digest that is too short, too long or not hex,
 * numbers that do not fit or have something behind them, fields that are
 * missing, a NUL byte in a name.
 *
 * One pass; memory grows with the entries and the longest line.
 */
#ifndef RW_TOOL_DUMP_READ_H
#define RW_TOOL_DUMP_READ_H

#include "tool/input.h"
#include "tool/tree.h"

#define DUMP_CONTENT_MAX 5000	/* bytes of a file inside the image */
#define DUMP_LINE_MAX (4 << 20) /* bytes: 64 KiB of xattrs, each escaped */

struct dump_options {
	/* As mkcomposefs with CFS_PARSE_STRICT: also refuse what has no
	 * meaning (a size that is not a symbolic link's, its content, the
	 * device number of what is no device) and a last line without a
	 * newline. */
	bool strict;
};

/* Reads in to its end into t, which must be new. */
must_check int tree_read_dump(struct tree *t, struct input *in,
	const struct dump_options *o, struct err *e);

#endif
