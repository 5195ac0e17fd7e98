/* SPDX-License-Identifier: MIT */
/*
 * A scanned tree into an empty ext4: objects sealed with fs-verity, the rest
 * as it is. An object whose bytes do not have the digest of its name is
 * refused, and so is a file that is no longer what the scan saw.
 */
#ifndef RW_TOOL_DISK_COPY_H
#define RW_TOOL_DISK_COPY_H

#include "tool/disk_tree.h"
#include "tool/ext4.h"

must_check int disk_copy(
	struct ext4 *x, const struct disk_tree *t, struct err *e);

#endif
