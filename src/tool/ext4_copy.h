/* SPDX-License-Identifier: MIT */
/*
 * Contents from a file descriptor into an inode of an unmounted ext4, in
 * pieces, so that a file of any size needs 1 MiB. The file system is one of
 * ext4_make, where what was not written yet is zeros: a piece of nothing but
 * zeros stays a hole in the disk's file.
 */
#ifndef RW_TOOL_EXT4_COPY_H
#define RW_TOOL_EXT4_COPY_H

#include "tool/ext4_file.h"

#define EXT4_COPY_MAX (1 << 20)

struct ext4_copy {
	struct ext4_file *f;
	int fd;
	const char *what; /* for messages */
	uint64_t left;	  /* bytes */
	uint64_t logical; /* the next block */
	size_t n;	  /* bytes of buf that the last step moved */
	char *buf;
};

/* The inode's size is what will be copied; its blocks are mapped here. */
must_check int ext4_copy_begin(struct ext4_copy *c, struct ext4_file *f, int fd,
	const char *what, struct err *e);

/*
 * Reads the next piece into buf and writes it. At the end n is 0. A file
 * that has fewer bytes than it said is an error.
 */
must_check int ext4_copy_next(struct ext4_copy *c, struct err *e);

void ext4_copy_end(struct ext4_copy *c);

/* All of it, for a file without fs-verity. */
must_check int ext4_copy_plain(
	struct ext4_file *f, int fd, const char *what, struct err *e);

#endif
