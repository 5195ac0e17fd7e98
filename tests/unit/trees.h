/* SPDX-License-Identifier: MIT */
/* Trees that are put together by hand. */
#ifndef RW_TESTS_TREES_H
#define RW_TESTS_TREES_H

#include <sys/stat.h>

#include "tool/tree.h"

static const struct tree_meta dir_meta = { .mode = S_IFDIR | 0755 };
static const struct tree_meta file_meta = { .mode = S_IFREG | 0644 };
static struct err e;

/* The new inode, or TREE_NONE with the reason in e. */
static uint32_t add(struct tree *t, uint32_t dir, const char *name,
	const struct tree_meta *meta)
{
	uint32_t inode = TREE_NONE;

	if (tree_add(t, dir, name, meta, &inode, &e) != 0)
		return TREE_NONE;
	return inode;
}

#endif
