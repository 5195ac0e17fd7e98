/* SPDX-License-Identifier: MIT */
/*
 * Where things lie on the disk, and how it is called: a GPT with one ext4
 * partition between 1 MiB and the end less 1 MiB. Sizes are found by laying
 * the file system out in memory, so that what does not fit is known before
 * anything is written; identities are derived from what is on the disk, so
 * that the same input gives the same bytes.
 */
#ifndef RW_TOOL_DISK_LAYOUT_H
#define RW_TOOL_DISK_LAYOUT_H

#include "tool/disk_tree.h"
#include "tool/ext4.h"

#define DISK_MIB (1 << 20)
#define DISK_TABLES (2 * DISK_MIB) /* before and after the partition */
#define DISK_UUID_TEXT 37 /* bytes of a UUID in letters, with its NUL */

struct disk_ids {
	char fs[DISK_UUID_TEXT], hash_seed[DISK_UUID_TEXT];
	char table[DISK_UUID_TEXT], partition[DISK_UUID_TEXT];
};

/*
 * uuid is NULL, or the UUID of the file system; the others then derive from
 * it, else all from the names, sizes and digests of the tree and the label.
 */
must_check int disk_ids_derive(struct disk_ids *ids, const struct disk_tree *t,
	const char *label, const char *uuid, struct err *e);

/*
 * The smallest disk, in bytes, that holds the tree. A disk is made larger by
 * disk_slack of that: room for what an update adds first, and for the
 * journal of changes that e2fsck may need to make.
 */
must_check int disk_size_least(
	const struct disk_tree *t, uint64_t *bytes, struct err *e);
uint64_t disk_slack(uint64_t bytes);

/* What ext4_make needs for a disk of so many bytes; identities are zeros. */
void disk_file_system(
	struct ext4_params *p, const struct disk_tree *t, uint64_t bytes);

/* Writes both GPTs into fd, which is already as long as the disk. */
must_check int disk_gpt_write(int fd, const char *name,
	const struct disk_ids *ids, const char *label, struct err *e);

/*
 * The offsets, in bytes, of the partitions of a disk, at most max; one 0
 * when it has no partition table. Returns how many, or -1.
 */
must_check int disk_partitions(
	int fd, const char *name, uint64_t *offsets, size_t max, struct err *e);

#endif
