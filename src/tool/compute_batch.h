/* SPDX-License-Identifier: MIT */
/*
 * The fs-verity digests of many files that are in memory, with their blocks
 * hashed side by side across files: what makes small files fast. Any thread
 * may call it at any time.
 */
#ifndef RW_TOOL_COMPUTE_BATCH_H
#define RW_TOOL_COMPUTE_BATCH_H

#include "core/digest.h"
#include "core/err.h"

struct compute_job {
	const uint8_t *bytes;
	size_t size;
	struct digest digest; /* comes out */
};

/*
 * All digests. It takes memory of 1/64 of the bytes (SHA-512: 1/32), 16
 * bytes for each job, and 132 KiB of stack. Lanes are full from about 16 blocks
 * in all; a batch of 1 MiB is as good as a larger one.
 */
must_check int compute_batch(enum hash_algorithm a, struct compute_job *jobs,
	size_t n, struct err *e);

#endif
