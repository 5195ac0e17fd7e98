/* SPDX-License-Identifier: MIT */
/*
 * What mkcomposefs leaves out of a directory when it is told to, done to a
 * tree after it was read: so it is the same whatever the source is.
 */
#ifndef RW_TOOL_FILTER_H
#define RW_TOOL_FILTER_H

#include "tool/tree.h"

struct filter {
	bool no_hardlinks; /* every name gets an inode of its own */
	bool use_epoch;	   /* all mtimes are 0 */
	bool skip_devices; /* character and block devices; not FIFOs, sockets */
	bool skip_xattrs;
	bool user_xattrs; /* only user.* stays */
};

bool filter_any(const struct filter *f);

/* The tree must not be frozen yet. */
must_check int tree_filter(
	struct tree *t, const struct filter *f, struct err *e);

#endif
