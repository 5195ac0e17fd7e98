/* SPDX-License-Identifier: MIT */
/*
 * compute.h for bytes that come one after the other: one pass, 164 KiB,
 * nothing is kept. One thread at a time.
 */
#ifndef RW_TOOL_COMPUTE_PUSH_H
#define RW_TOOL_COMPUTE_PUSH_H

#include "tool/compute.h"

#define COMPUTE_LEVELS 10 /* 64^9 blocks are more than 2^64 bytes */

struct compute_push {
	enum hash_algorithm algorithm;
	uint64_t size; /* bytes seen */
	bool failed;
	struct err *e; /* filled by what failed first */
	/* Who takes the tree's blocks, and where each level begins in it. */
	const struct compute_stream *taker;
	uint64_t begins[COMPUTE_LEVELS];
	int taken; /* what the taker returned */
	/* Level 0 is the bytes; full ones are passed on when more comes. */
	struct compute_level {
		size_t used, capacity;
		uint64_t passed_on; /* blocks */
		uint8_t *bytes;
	} level[COMPUTE_LEVELS];
	uint8_t *memory;
};

/* Always to be followed by compute_push_end. */
must_check int compute_push_begin(
	struct compute_push *c, enum hash_algorithm a, struct err *e);

/* The blocks of the tree go to taker->block; size is what will be pushed. */
void compute_push_to(struct compute_push *c, const struct compute_stream *taker,
	uint64_t size);

void compute_push(struct compute_push *c, const void *bytes, size_t n);

/*
 * The same for n bytes of which the caller has the hashes of their blocks,
 * after whole blocks only.
 */
void compute_push_hashes(
	struct compute_push *c, const uint8_t *hashes, size_t n);

/* Frees what it has; d may be NULL: then nothing is computed. */
must_check int compute_push_end(
	struct compute_push *c, struct digest *d, struct err *e);

#endif
