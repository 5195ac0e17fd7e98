/* SPDX-License-Identifier: MIT */
/*
 * A directory becomes a tree. No symbolic link is followed, no file system
 * boundary is minded, and all that the image keeps is read: modes, owners,
 * mtimes, xattrs, targets, device numbers, content.
 *
 * Refused with a sentence that names the path: whatever cannot be read, and
 * a tree that changes while it is scanned (a file's size, mtime or ctime
 * differ after it was read; an entry vanishes or becomes another type).
 */
#ifndef RW_TOOL_SCAN_H
#define RW_TOOL_SCAN_H

#include <sys/stat.h>

#include "tool/tree.h"

#define SCAN_INLINE_MAX 64 /* bytes of a file that stays inside the image */
#define SCAN_PATH 1024	   /* bytes of a path in a message, with its NUL */

/* A regular file (inode) of more than SCAN_INLINE_MAX bytes. */
struct scan_file {
	int fd; /* open for reading, at its start */
	struct stat before;
	uint32_t inode;	  /* the tree's, without content yet */
	const char *path; /* for messages */
};

struct scan_options {
	/*
	 * Called once for each such file, in the order of the walk: takes fd
	 * over, sees to it that the inode gets its object, now or later, and
	 * that scan_unchanged is asked after the file was read.
	 */
	int (*file)(void *ctx, const struct scan_file *f, struct err *e);
	void *ctx;
};

/*
 * Reads the directory dirfd (name is for messages) into the root of t, which
 * must be new. Hard links inside the tree are kept.
 */
must_check int tree_scan(struct tree *t, int dirfd, const char *name,
	const struct scan_options *o, struct err *e);

/* Refuses a file that is not as fstat said before. */
must_check int scan_unchanged(
	int fd, const struct stat *before, const char *path, struct err *e);

#endif
