/* SPDX-License-Identifier: MIT */
/*
 * Check every object of a store that lies on a disk, as `rootwright disk`
 * made it: a disk image or block device with a partition table, or one ext4
 * file system. Reads only; needs no root, no mounting and no fs-verity in
 * this kernel.
 *
 * Each object is read in full and hashed. It must be named by its digest and
 * be sealed: the inode's flag, the Merkle tree and the descriptor as the
 * kernel would look for them (ext4_verity.h). Any other name in objects/ is
 * a fault. Links, releases and signatures are checked as those of a store
 * (check.h). Whether the file system itself is sound is for e2fsck to say.
 */
#ifndef RW_TOOL_DISK_CHECK_H
#define RW_TOOL_DISK_CHECK_H

#include "tool/check.h"

/*
 * Reports to c, after a check_begin. -1 only when there is nothing to check: no
 * partition with a store or more than one, a journal that must be replayed
 * first, a directory that cannot be read.
 */
must_check int disk_check(struct check *c, const char *path, struct err *e);

#endif
