/* SPDX-License-Identifier: MIT */
/*
 * Releases and images of a store as plain files, laid out as the store is but
 * without symbolic links, so that anything that moves files moves them:
 *
 *	meta.json  objects/  signatures/  releases/	as in a store
 *	lists/images/<digest>			what the image needs
 *	lists/releases/<name>/<version>		what the release needs
 *
 * A list is text: "format=rootwright-list-1", then for each file a line
 * "<bytes> <path>", in byte order of the paths. It comes last, so that what
 * it names is there.
 */
#ifndef RW_TOOL_EXPORT_H
#define RW_TOOL_EXPORT_H

#include "tool/item.h"
#include "tool/transfer.h"

#define LIST_FORMAT "format=rootwright-list-1\n"

/* The text of an item's list, as it grows. */
struct list_line {
	char *path;
	uint64_t size; /* bytes */
};

struct list {
	struct list_line *lines;
	size_t n, cap;
};

must_check int list_add(
	struct list *l, const char *path, uint64_t size, struct err *e);

/* The objects from the first-th on, in any order. */
must_check int list_add_objects(
	struct list *l, const struct wanted *w, size_t first, struct err *e);

/* Sorts and formats; the caller frees what comes back. */
char *list_text(struct list *l, size_t *n, struct err *e);

void list_free(struct list *l);

#endif
