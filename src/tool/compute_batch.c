/* SPDX-License-Identifier: MIT */
#include "tool/compute_batch.h"

#include <stdlib.h>
#include <string.h>

#include "tool/compute_private.h"
#include "tool/hash.h"

#define QUEUE 32 /* blocks; each may need a padded copy */

/* What is left of a file to be hashed: a level of its tree. */
struct level {
	const uint8_t *bytes;
	size_t size;
};

struct queue {
	enum hash_algorithm algorithm;
	size_t n;
	bool failed;
	struct err *e;
	struct hash_block blocks[QUEUE];
	uint8_t padded[QUEUE][HASH_BLOCK];
};

static void flush(struct queue *q, size_t size)
{
	if (!q->failed &&
		hash_blocks(q->algorithm, q->blocks, q->n, size, q->e) != 0)
		q->failed = true;
	q->n = 0;
}

void compute_descriptor(uint8_t out[static DESCRIPTOR_SIZE],
	enum hash_algorithm a, uint64_t size, const uint8_t *root)
{
	memset(out, 0, DESCRIPTOR_SIZE);
	out[0] = 1; /* version */
	out[1] = (uint8_t)a;
	out[2] = 12; /* log2 of the block size */
	for (unsigned i = 0; i < 8; i++)
		out[8 + i] = (uint8_t)(size >> (8 * i));
	if (root)
		memcpy(out + 16, root, hash_size_of(a));
}

/* A block of at most HASH_BLOCK bytes; it stays until it is hashed. */
static void put(struct queue *q, const uint8_t *bytes, size_t n, uint8_t *out)
{
	uint8_t *padded = q->padded[q->n];

	if (n < HASH_BLOCK) {
		memcpy(padded, bytes, n);
		memset(padded + n, 0, HASH_BLOCK - n);
		bytes = padded;
	}
	q->blocks[q->n++] = (struct hash_block){ bytes, out };
	if (q->n == QUEUE)
		flush(q, HASH_BLOCK);
}

static size_t blocks_of(size_t size)
{
	return size / HASH_BLOCK + (size % HASH_BLOCK != 0);
}

/*
 * The blocks of all files whose level is larger than root bytes; their hashes
 * make the next levels. Returns the place after them.
 */
static uint8_t *hash_level(struct queue *q, struct level *levels, size_t n,
	size_t root, uint8_t *out)
{
	size_t hash_size = hash_size_of(q->algorithm);

	for (size_t i = 0; i < n; i++) {
		struct level l = levels[i];

		if (l.size <= root)
			continue;
		levels[i].bytes = out;
		levels[i].size = blocks_of(l.size) * hash_size;
		for (size_t at = 0; at < l.size; at += HASH_BLOCK) {
			size_t rest = l.size - at;

			put(q, l.bytes + at,
				rest < HASH_BLOCK ? rest : HASH_BLOCK, out);
			out += hash_size;
		}
	}
	flush(q, HASH_BLOCK);
	return out;
}

static void hash_descriptors(struct queue *q, const struct level *roots,
	struct compute_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct digest *d = &jobs[i].digest;

		memset(d, 0, sizeof(*d));
		d->algorithm = q->algorithm;
		d->size = (unsigned)hash_size_of(q->algorithm);
		compute_descriptor(q->padded[q->n], q->algorithm, jobs[i].size,
			roots[i].size ? roots[i].bytes : NULL);
		q->blocks[q->n] =
			(struct hash_block){ q->padded[q->n], d->bytes };
		if (++q->n == QUEUE)
			flush(q, DESCRIPTOR_SIZE);
	}
	flush(q, DESCRIPTOR_SIZE);
}

int compute_batch(enum hash_algorithm a, struct compute_job *jobs, size_t n,
	struct err *e)
{
	struct queue q; /* what is large in it needs no zeros */
	struct level *levels = calloc(n ? n : 1, sizeof(*levels));
	size_t blocks = 0, hash_size = hash_size_of(a);
	uint8_t *hashes, *out, *next;

	q.algorithm = a;
	q.n = 0;
	q.failed = false;
	q.e = e;
	for (size_t i = 0; i < n; i++)
		blocks += blocks_of(jobs[i].size);
	/* All levels above the first have fewer hashes than that one. */
	hashes = out = malloc(2 * blocks * hash_size + 1);
	if (!levels || !hashes) {
		free(levels);
		free(hashes);
		return err_set(e, REASON_FAILED, "hash: out of memory");
	}
	for (size_t i = 0; i < n; i++)
		levels[i] = (struct level){ jobs[i].bytes, jobs[i].size };
	next = hash_level(&q, levels, n, 0, out);
	while (next != out) {
		out = next;
		next = hash_level(&q, levels, n, hash_size, out);
	}
	hash_descriptors(&q, levels, jobs, n);
	free(levels);
	free(hashes);
	return q.failed ? -1 : 0;
}
