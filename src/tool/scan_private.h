/* SPDX-License-Identifier: MIT */
/* What the scan's two halves share: the walk, and what an inode has. */
#ifndef RW_TOOL_SCAN_PRIVATE_H
#define RW_TOOL_SCAN_PRIVATE_H

#include "tool/scan.h"
#include "tool/tree_private.h"

/* An inode of the source that has more names than one. */
struct seen {
	uint64_t dev, ino;
	uint32_t inode; /* of the tree */
	bool used;
};

struct scan {
	struct tree *tree;
	const char *name; /* of the root, for messages */
	const struct scan_options *o;
	int root; /* borrowed */
	int fd;	  /* the directory where the walk is */
	/* Its path, as scan_path writes it, and a slash. */
	char path[SCAN_PATH + TREE_NAME_MAX + 2];
	size_t n_path;
	struct seen *seen;
	uint32_t n_seen, cap_seen; /* open addressing, a power of two */
	char *list;		   /* xattr names, then a value */
	uint32_t cap_list;
	struct err *e;
};

/* The path of name in dir (or of dir itself) into SCAN_PATH bytes. */
void scan_path(const struct scan *s, uint32_t dir, const char *name, char *out);

/*
 * Whether the inode was met before under another name: then the entry is
 * made. 1 when it was, 0 when not, -1 for an error.
 */
must_check int scan_link(
	struct scan *s, uint32_t dir, const char *name, const struct stat *st);

/* Remembers an inode that has more names. */
must_check int scan_link_note(
	struct scan *s, const struct stat *st, uint32_t inode);

/*
 * Reads the xattrs of fd, or (fd < 0) of a name in the directory where the
 * walk is that cannot be opened. dir and name are for messages.
 */
must_check int scan_xattrs(struct scan *s, int fd, const char *at, uint32_t dir,
	const char *name, uint32_t inode);

#endif
