/* SPDX-License-Identifier: MIT */
/*
 * Restore the tree of an image below a directory: content out of a store,
 * each object's digest checked as it is copied; owners, modes, mtimes,
 * xattrs, devices, hard links.
 *
 * Nothing is created but below that directory, which must be empty or not
 * there: each parent is looked up beneath it without following a link or
 * crossing a mount, and each entry is created new.
 *
 * Refused: paths of PATH_MAX and more, which the kernel cannot look up.
 */
#ifndef RW_TOOL_EXTRACT_H
#define RW_TOOL_EXTRACT_H

#include "tool/read_cmd.h"
#include "tool/store.h"

struct extract_stats {
	uint64_t entries, objects, bytes;
};

/* s may be without a store (fd -1): then a file that needs one is refused. */
must_check int extract_image(struct reading *d, const struct store *s,
	const char *target, struct extract_stats *stats, struct err *e);

#endif
