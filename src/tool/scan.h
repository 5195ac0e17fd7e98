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

#include "tool/tree.h"

#define SCAN_INLINE_MAX 64 /* bytes of a file that stays inside the image */

struct scan_options {
	/*
	 * Each entry becomes a file of its own with nlink 1, as mkcomposefs
	 * does. Otherwise hard links inside the tree are kept, and nlink is
	 * the number of links found inside the tree.
	 */
	bool no_hardlinks;

	/*
	 * Called once for each regular file (inode) of more than
	 * SCAN_INLINE_MAX bytes, fd open for reading at its start; gives the
	 * digest of its content. path is for messages.
	 */
	int (*object)(void *ctx, int fd, const char *path, uint64_t size,
		struct digest *d, struct err *e);
	void *ctx;
};

/*
 * Reads the directory dirfd (name is for messages) into the root of t, which
 * must be new.
 */
must_check int tree_scan(struct tree *t, int dirfd, const char *name,
	const struct scan_options *o, struct err *e);

#endif
