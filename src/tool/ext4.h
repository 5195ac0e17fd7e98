/* SPDX-License-Identifier: MIT */
/*
 * An ext4 file system inside a file that nobody has mounted, through
 * libext2fs: made from nothing, or opened to be read. Nothing of the machine
 * goes into a new one (no clock, no random numbers, no mke2fs.conf), so that
 * the same calls give the same bytes.
 *
 * 4096-byte blocks, extents, verity, a journal, checksums on metadata, no
 * reserved blocks, errors remount read-only.
 */
#ifndef RW_TOOL_EXT4_H
#define RW_TOOL_EXT4_H

#include <ext2fs/ext2fs.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define EXT4_BLOCK 4096
#define EXT4_INODE_SIZE 256
#define EXT4_LABEL_MAX 16
#define EXT4_FIRST_FREE_INODE 11 /* what comes before is reserved */
#define EXT4_TIME 1		 /* when everything was written */

struct ext4 {
	ext2_filsys fs;
	const char *name;  /* of the file, for messages; borrowed */
	blk64_t next;	   /* no block before this one is free */
	errcode_t written; /* the first write that failed, or 0 */
};

struct ext4_params {
	uint64_t offset; /* bytes from the start of the file */
	uint64_t blocks;
	uint32_t inodes;   /* at least so many */
	const char *label; /* at most EXT4_LABEL_MAX bytes */
	uint8_t uuid[16], hash_seed[16];
};

/*
 * Lays out an empty file system in fd, which must hold zeros only and be
 * long enough. Nothing is written before ext4_add_journal.
 */
must_check int ext4_make(struct ext4 *x, int fd, const char *name,
	const struct ext4_params *p, struct err *e);

/* Blocks that are free now. */
uint64_t ext4_free_blocks(const struct ext4 *x);

/* How long the journal of a file system of so many blocks is: 4 or 16 MiB. */
uint64_t ext4_journal_blocks(uint64_t blocks);

/* Adds the journal, at the first free blocks. */
must_check int ext4_add_journal(struct ext4 *x, struct err *e);

/*
 * Opens the file system at an offset of fd, to be read. One whose journal
 * must be replayed first is refused: what is in the journal is not seen here.
 * *absent tells "there is no ext4 here" from the other errors.
 */
must_check int ext4_open(struct ext4 *x, int fd, const char *name,
	uint64_t offset, bool *absent, struct err *e);

/* Writes out what is still in memory and closes; also after an error. */
must_check int ext4_close(struct ext4 *x, struct err *e);

/* Closes without writing. Harmless when it is closed already. */
void ext4_abandon(struct ext4 *x);

/* Fills *e with the words, ": " and libext2fs' own; returns -1. */
int ext4_fail(struct err *e, errcode_t code, const char *fmt, ...)
	printf_like(3, 4);

#endif
