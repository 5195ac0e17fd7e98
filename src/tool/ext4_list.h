/* SPDX-License-Identifier: MIT */
/*
 * The names in a directory of an ext4 that nobody has mounted, in byte
 * order. They may be anything that is not a slash or a NUL.
 */
#ifndef RW_TOOL_EXT4_LIST_H
#define RW_TOOL_EXT4_LIST_H

#include "tool/ext4.h"

struct ext4_name {
	char *name;
	ext2_ino_t ino;
};

struct ext4_list {
	struct ext4_name *names;
	size_t n;
};

/* Without "." and "..". */
must_check int ext4_list(
	struct ext4 *x, ext2_ino_t dir, struct ext4_list *l, struct err *e);

/* Harmless twice. */
void ext4_list_free(struct ext4_list *l);

/* Its type and permissions; 0 when it cannot be read. */
mode_t ext4_mode(struct ext4 *x, ext2_ino_t ino);

#endif
