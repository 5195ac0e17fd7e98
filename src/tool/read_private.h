/* SPDX-License-Identifier: MIT */
/* What the files of the reader share. */
#ifndef RW_TOOL_READ_PRIVATE_H
#define RW_TOOL_READ_PRIVATE_H

#include "tool/read.h"

/*
 * Parses and checks the inode at this offset, its data and its xattrs. *own
 * is how many bytes of the image are its own: no other inode's.
 */
must_check int read_inode_at(const struct read_image *r, uint64_t at,
	struct read_stat *s, uint64_t *own, struct err *e);

/* Gathers the xattrs that begin at this offset and take n bytes. */
must_check int read_xattrs_at(const struct read_image *r, uint64_t inode,
	uint64_t at, uint64_t n, struct read_stat *s, struct err *e);

/* Fills nodes and inodes, from the root on. */
must_check int read_tree(struct read_image *r, uint64_t root, struct err *e);

/* Do n bytes from at on lie in the image? */
static inline bool read_inside(
	const struct read_image *r, uint64_t at, uint64_t n)
{
	return at <= r->size && n <= r->size - at;
}

/* `image: inode at N: ...` */
#define read_bad(r, at, e, fmt, ...) \
	err_set(e, REASON_FAILED, "%s: inode at byte %llu: " fmt, (r)->name, \
		(unsigned long long)(at), ##__VA_ARGS__)

#endif
