/* SPDX-License-Identifier: MIT */
#ifndef RW_TOOL_COMPUTE_PRIVATE_H
#define RW_TOOL_COMPUTE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "tool/compute.h"

#define DESCRIPTOR_SIZE 256

static inline size_t hash_size_of(enum hash_algorithm a)
{
	return a == HASH_SHA512 ? 64 : 32;
}

/*
 * struct fsverity_descriptor, from the kernel's Documentation/filesystems/
 * fsverity.rst. Its hash is the digest; root may be NULL: an empty file.
 */
void compute_descriptor(uint8_t out[static DESCRIPTOR_SIZE],
	enum hash_algorithm a, uint64_t size, const uint8_t *root);

/*
 * A file that is hashed in chunks, by several threads where it is large.
 * Both return 0 or a negative errno, as those of compute_stream do; each
 * fills the error that it is given.
 */
struct compute_chunks {
	void *ctx;
	/* NULL, or fills a chunk; never twice at once, and in order */
	int (*next)(void *ctx, void *buf, size_t n);
	/* NULL, or fills a chunk or takes what next filled; at any time */
	int (*each)(
		void *ctx, void *buf, size_t n, uint64_t offset, struct err *e);
	const struct compute_stream *taker; /* of the tree; NULL: nobody */
};

must_check int compute_chunks(const struct compute_chunks *k, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e);

#define COMPUTE_CHUNK (256 * 1024)

#endif
