/* SPDX-License-Identifier: MIT */
/*
 * The one place that hashes: many blocks of one size at once, by the widest
 * kernel that this processor has (AVX-512: 16 blocks side by side for
 * SHA-256, 8 for SHA-512; SHA-NI: 4 streams of SHA-256; ARMv8: 2), else by
 * OpenSSL.
 * Every kernel gives the same digests (FIPS 180-4); only the time differs.
 * Any thread may call it at any time.
 */
#ifndef RW_TOOL_HASH_H
#define RW_TOOL_HASH_H

#include "core/digest.h"
#include "core/err.h"

#define HASH_BLOCK 4096	  /* what fs-verity hashes at once */
#define HASH_LANES_MAX 16 /* more blocks than this at once gain nothing */

struct hash_block {
	const uint8_t *bytes;
	uint8_t *out; /* 32 or 64 bytes, by the algorithm */
};

/*
 * The hashes of n blocks, each of size bytes, a multiple of 128. Blocks may
 * be the same; outputs may not overlap blocks of the same call.
 */
must_check int hash_blocks(enum hash_algorithm a, const struct hash_block *b,
	size_t n, size_t size, struct err *e);

/*
 * For tests and measurements: that kernel alone from now on, whatever n is,
 * and OpenSSL for an algorithm that it has not; NULL: the choice is free
 * again. A name that is unknown, and a kernel that this processor cannot run,
 * are refused. Not while other threads hash.
 */
must_check int hash_use(const char *kernel, struct err *e);

/* The kernels' names by number, the widest first; NULL after the last. */
const char *hash_kernel(unsigned i);

#endif
