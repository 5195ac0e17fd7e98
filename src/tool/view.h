/* SPDX-License-Identifier: MIT */
/*
 * A store's directory as it is looked at, and not changed: one of this
 * machine, or one on a disk that nobody has mounted. Paths are relative to
 * it, and no symbolic link of them is followed; errors are those of Linux,
 * EIO for what libext2fs cannot read.
 */
#ifndef RW_TOOL_VIEW_H
#define RW_TOOL_VIEW_H

#include <sys/stat.h>
#include <sys/types.h>

#include "tool/disk_store.h"
#include "tool/store.h"

struct view {
	const char *name;	       /* the store's, for messages */
	enum hash_algorithm algorithm; /* 0: any */
	const struct store *store;     /* borrowed; or */
	struct disk_store *disk;
};

/* Borrows the store. */
struct view view_of(const struct store *s);

/* The names in a directory but "." and "..", in byte order. */
struct view_names {
	char **list;
	size_t n;
};

/* 0, or errno, and then there are no names. */
must_check int view_list(
	const struct view *v, const char *path, struct view_names *names);
void view_names_free(struct view_names *names);

/* Its type and permissions; 0 where there is nothing. */
mode_t view_mode(const struct view *v, const char *path);

/* Its inode on a disk; 0 where there is none, and on this machine. */
uint32_t view_inode(const struct view *v, const char *path);

/* Both: the number of bytes, or -1 with errno; EFBIG where there are more. */
ssize_t view_read(
	const struct view *v, const char *path, void *buf, size_t max);
ssize_t view_link(
	const struct view *v, const char *path, char target[static PATH_MAX]);

/* Does this path, links followed, lead to a file within the store? */
bool view_leads_to_file(const struct view *v, const char *path);

#endif
