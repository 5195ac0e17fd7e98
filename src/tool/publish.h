/* SPDX-License-Identifier: MIT */
/*
 * A file that appears under its final name only when it is complete: written
 * without a name (O_TMPFILE) where the file system can, so that a signal
 * leaves nothing behind, else under a temporary name, then linked or renamed.
 */
#ifndef RW_TOOL_PUBLISH_H
#define RW_TOOL_PUBLISH_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"

struct pending {
	int dirfd;    /* borrowed */
	int fd;	      /* read and write */
	char tmp[32]; /* empty: the file has no name yet */
};

/* dir is for messages. */
must_check int pending_open(struct pending *p, int dirfd, const char *dir,
	mode_t mode, struct err *e);

/*
 * From here on the file can only be read: fs-verity wants no writer. name is
 * for messages. Needs /proc.
 */
must_check int pending_freeze(
	struct pending *p, const char *name, struct err *e);

/*
 * Gives the file its name, which may lie in a directory below, and leaves it
 * open. Returns 0, or -1 with errno.
 */
int pending_name(struct pending *p, const char *name, bool replace);

/*
 * Gives the file its name in the directory and closes it. Without replace,
 * a name that exists is an error ("expected no such file, found one").
 * durable: fsync the file before and the directory after.
 */
must_check int pending_publish(struct pending *p, const char *name,
	bool replace, bool durable, struct err *e);

/* Forgets the file; nothing of it is left. Harmless after a publish. */
void pending_abort(struct pending *p);

#endif
