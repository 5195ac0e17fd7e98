/* SPDX-License-Identifier: MIT */
/*
 * Look into a tree as a program that runs in it would: symbolic links are
 * followed inside the tree, at most 40 of them, and ".." ends at its root.
 */
#ifndef RW_TOOL_INSIDE_H
#define RW_TOOL_INSIDE_H

#include <limits.h>

#include "core/file.h"
#include "tool/elf.h"
#include "tool/tree.h"

struct inside {
	struct tree *tree;
	const char *name; /* of the source, for messages */
	/*
	 * Opens a regular file whose content is not in the tree, by its path
	 * without a leading slash and without symbolic links. Returns an fd,
	 * or -1 with errno.
	 */
	int (*open)(void *ctx, const char *path);
	void *ctx;
};

/*
 * The inode of path, or TREE_NONE. real (PATH_MAX bytes, may be NULL) gets
 * its path without symbolic links, with a leading slash.
 */
uint32_t inside_resolve(const struct inside *in, const char *path, char *real);

/* Closes a source's file when its variable goes out of scope. */
#define AUTO_SOURCE __attribute__((cleanup(source_cleanup)))

static inline void source_cleanup(const struct elf_source *s)
{
	fd_cleanup(&s->fd);
}

/* The file's bytes, wherever they are. */
must_check int inside_open(const struct inside *in, const char *path,
	struct elf_source *source, struct err *e);

/*
 * Reads a text file of at most size - 1 bytes and adds a NUL. Returns the
 * number of bytes, or -1; a file that is not there is 0 bytes.
 */
must_check int inside_read(const struct inside *in, const char *path,
	char *text, size_t size, struct err *e);

#endif
