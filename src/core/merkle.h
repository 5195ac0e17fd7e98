/* SPDX-License-Identifier: MIT */
/*
 * The fs-verity digest of bytes that no kernel measures for us: blocks of
 * 4096 bytes, no salt, as in the kernel's Documentation/filesystems/
 * fsverity.rst ("File digest computation"). One pass, constant memory.
 */
#ifndef RW_CORE_MERKLE_H
#define RW_CORE_MERKLE_H

#include "core/digest.h"

#define MERKLE_BLOCK 4096
#define MERKLE_LEVELS 8 /* 128^8 blocks: more than a file can have */

struct merkle {
	enum hash_algorithm algorithm;
	unsigned hash_size;
	uint64_t size; /* bytes seen */
	struct {
		unsigned used;	/* bytes of block in use */
		uint64_t count; /* hashes that this level got */
		uint8_t block[MERKLE_BLOCK];
	} level[MERKLE_LEVELS];
};

void merkle_begin(struct merkle *m, enum hash_algorithm algorithm);

/* The next block: 4096 bytes, fewer only for the last one. */
void merkle_block(struct merkle *m, const uint8_t *block, size_t n);

void merkle_end(struct merkle *m, struct digest *d);

#endif
