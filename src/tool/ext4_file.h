/* SPDX-License-Identifier: MIT */
/*
 * One inode of an unmounted ext4: its blocks allocated one after another, so
 * that a new file system has no holes, and read and written by their number
 * in the file, also beyond its size (where fs-verity keeps its tree).
 */
#ifndef RW_TOOL_EXT4_FILE_H
#define RW_TOOL_EXT4_FILE_H

#include <sys/stat.h>

#include "tool/ext4.h"

#define EXT4_RUN_MAX 32768 /* blocks of one extent that is initialised */

struct ext4_run {
	uint64_t logical, physical, n; /* blocks */
};

struct ext4_file {
	struct ext4 *x;
	ext2_ino_t ino;
	struct ext2_inode_large inode;
	struct ext4_run *runs; /* ascending, none overlaps another */
	size_t n_runs;
};

/* An inode that is not there yet: mode with its type, no block, one link. */
must_check int ext4_file_new(struct ext4 *x, struct ext4_file *f,
	ext2_ino_t ino, mode_t mode, uid_t uid, gid_t gid, uint64_t size,
	struct err *e);

/*
 * Opens an inode to read it. Refuses what has no extents and an extent that
 * is not in the file system or out of order.
 */
must_check int ext4_file_open(
	struct ext4 *x, struct ext4_file *f, ext2_ino_t ino, struct err *e);

/* Allocates n blocks; logical comes after all that are there. */
must_check int ext4_file_map(
	struct ext4_file *f, uint64_t logical, uint64_t n, struct err *e);

/* n blocks that are mapped. */
must_check int ext4_file_write(struct ext4_file *f, uint64_t logical,
	uint64_t n, const void *blocks, struct err *e);

/*
 * n blocks; those that are not mapped read as zeros. Of what ext4_open opened
 * several threads may read at once.
 */
must_check int ext4_file_read(struct ext4_file *f, uint64_t logical, uint64_t n,
	void *blocks, struct err *e);

/* Where a block that is mapped lies in the file system. */
uint64_t ext4_file_physical(const struct ext4_file *f, uint64_t logical);

/* The block after the last one that is mapped. */
uint64_t ext4_file_end(const struct ext4_file *f);

/* Writes the inode and marks it as used. */
must_check int ext4_file_commit(struct ext4_file *f, struct err *e);

/* Forgets what is in memory; harmless twice. */
void ext4_file_free(struct ext4_file *f);

/* A symbolic link's target, in the inode or in a block. */
must_check int ext4_file_symlink(
	struct ext4_file *f, const char *target, struct err *e);

#endif
