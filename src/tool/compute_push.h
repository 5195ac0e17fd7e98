/* SPDX-License-Identifier: MIT */
/*
 * compute.h for bytes that come one after the other: one pass, constant
 * memory, nothing is kept.
 */
#ifndef RW_TOOL_COMPUTE_PUSH_H
#define RW_TOOL_COMPUTE_PUSH_H

#include "tool/compute.h"

#define COMPUTE_BLOCK 4096
#define COMPUTE_LEVELS 10 /* 64^9 blocks are more than 2^64 bytes */

struct compute_push {
	enum hash_algorithm algorithm;
	const void *md; /* OpenSSL's */
	void *ctx;
	unsigned hash_size;
	uint64_t size; /* bytes seen */
	bool failed;
	/* A level's block is passed on when more comes, or at the end. */
	struct {
		unsigned used;
		bool passed_on; /* an earlier block was */
		uint8_t block[COMPUTE_BLOCK];
	} level[COMPUTE_LEVELS];
};

/* Always to be followed by compute_push_end. */
must_check int compute_push_begin(
	struct compute_push *c, enum hash_algorithm a, struct err *e);

void compute_push(struct compute_push *c, const void *bytes, size_t n);

/* Frees what it has; d may be NULL: then nothing is computed. */
must_check int compute_push_end(
	struct compute_push *c, struct digest *d, struct err *e);

#endif
