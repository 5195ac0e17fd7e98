/* SPDX-License-Identifier: MIT */
/*
 * A store that lies on a disk, as `rootwright disk` made it: a disk image or
 * block device with a partition table, or one ext4 file system, that nobody
 * has mounted. Reads only; needs no root and no mounting.
 */
#ifndef RW_TOOL_DISK_STORE_H
#define RW_TOOL_DISK_STORE_H

#include <sys/stat.h>

#include "tool/ext4.h"

struct disk_store {
	const char *name; /* for messages; borrowed */
	int fd;
	struct ext4 x;
	ext2_ino_t top; /* the store's directory */
};

/*
 * Refused: what is no disk; no partition with a store, or more than one; a
 * journal that must be replayed first. On failure nothing stays open.
 */
must_check int disk_store_open(
	struct disk_store *s, const char *name, struct err *e);

/* Harmless on one that did not open, or is zero. */
void disk_store_close(struct disk_store *s);

/*
 * The inode of what a path leads to below a directory, following no symbolic
 * link. 0: there is nothing; what cannot be read counts as that.
 */
ext2_ino_t disk_find(struct ext4 *x, ext2_ino_t dir, const char *path);

#endif
