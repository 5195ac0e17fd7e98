/* SPDX-License-Identifier: MIT */
/*
 * A whole directory of an unmounted ext4 at once, from a list of entries:
 * linear, where adding names one by one would search for each. Without a
 * hash index, as the kernel reads any directory.
 */
#ifndef RW_TOOL_EXT4_DIR_H
#define RW_TOOL_EXT4_DIR_H

#include "tool/ext4_file.h"

struct ext4_entry {
	const char *name; /* 1 to 255 bytes, no two the same */
	ext2_ino_t ino;
	mode_t mode; /* its type counts */
};

/* Blocks of a directory with these entries. */
uint64_t ext4_dir_blocks(const struct ext4_entry *entries, size_t n);

/*
 * Writes "." (the inode itself), ".." and the entries, and sets the size
 * and the link count.
 */
must_check int ext4_dir_write(struct ext4_file *f, ext2_ino_t parent,
	const struct ext4_entry *entries, size_t n, struct err *e);

#endif
