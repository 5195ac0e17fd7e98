/* SPDX-License-Identifier: MIT */
/*
 * Compute an fs-verity digest in user space: the one place that hashes
 * (libfsverity). 4096-byte blocks, no salt: what composefs means by a digest.
 */
#ifndef RW_TOOL_COMPUTE_H
#define RW_TOOL_COMPUTE_H

#include <stdint.h>

#include "core/digest.h"
#include "core/err.h"

/*
 * The digest of the first size bytes read from fd, from its current
 * position. name is for messages. A file that ends early is an error.
 */
must_check int compute_fd(int fd, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e);

/* The same of bytes in memory. */
must_check int compute_bytes(const void *bytes, size_t size, const char *name,
	enum hash_algorithm algorithm, struct digest *d, struct err *e);

#endif
