/* SPDX-License-Identifier: MIT */
/*
 * Check every object of a store that lies on a disk, as `rootwright disk`
 * made it: a disk image or block device with a GPT, or one ext4 partition.
 * Reads only, needs no root, no mounting and no fs-verity in this kernel.
 *
 * Each object is read in full and hashed. It must be named by its digest,
 * carry the verity flag, and have the Merkle tree, descriptor and size that
 * the kernel would look for (format: Documentation/filesystems/ext4/
 * verity.rst of Linux). Everything else in the objects directory is a fault.
 */
#ifndef RW_TOOL_DISK_CHECK_H
#define RW_TOOL_DISK_CHECK_H

#include <stdint.h>

#include "core/err.h"

/* How disk_check() tells its caller; each may be NULL. */
struct disk_check_events {
	void *ctx;
	/* An object is about to be read; path is "objects/ab/cdef...". */
	void (*object)(void *ctx, const char *path, uint64_t size);
	/*
	 * One fault: the path below the store, and the rest of a sentence
	 * ("expected ..., found ..."), without a newline.
	 */
	void (*fault)(void *ctx, const char *path, const char *what);
};

struct disk_checked {
	uint64_t objects; /* seen, whole or not */
	uint64_t bytes;	  /* of their data */
	uint64_t faults;
};

/*
 * Returns 0 when every object could be looked at, however many faults there
 * are, else -1: no partition with a store, a file system that needs its
 * journal replayed first, a directory that cannot be read.
 */
must_check int disk_check(const char *path, const struct disk_check_events *ev,
	struct disk_checked *out, struct err *e);

#endif
