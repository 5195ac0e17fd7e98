/* SPDX-License-Identifier: MIT */
#include "tool/compute_push.h"

#include <stdlib.h>
#include <string.h>

#include "tool/compute_private.h"
#include "tool/hash.h"

/*
 * Lanes are filled in the two lowest levels. What is above them is one block
 * in 16384.
 */
#define WIDE (HASH_LANES_MAX * HASH_BLOCK)

int compute_push_begin(
	struct compute_push *c, enum hash_algorithm a, struct err *e)
{
	uint8_t *p;

	memset(c, 0, sizeof(*c));
	c->algorithm = a;
	c->e = e;
	p = c->memory = malloc(2 * WIDE + (COMPUTE_LEVELS - 2) * HASH_BLOCK);
	if (!p)
		return err_set(e, REASON_FAILED, "hash: out of memory");
	for (unsigned i = 0; i < COMPUTE_LEVELS; i++) {
		c->level[i].capacity = i < 2 ? WIDE : HASH_BLOCK;
		c->level[i].bytes = p;
		p += c->level[i].capacity;
	}
	return 0;
}

void compute_push_to(struct compute_push *c, const struct compute_stream *taker,
	uint64_t size)
{
	uint64_t blocks[COMPUTE_LEVELS] = { 0 };
	unsigned per = HASH_BLOCK / hash_size_of(c->algorithm), top = 0;

	c->taker = taker;
	/* Blocks of each level up to the one that is a single block. */
	blocks[0] = size / HASH_BLOCK + (size % HASH_BLOCK != 0);
	while (blocks[top] > 1) {
		blocks[top + 1] = (blocks[top] + per - 1) / per;
		top++;
	}
	/* The topmost comes first in the tree. */
	while (top-- > 1)
		c->begins[top] = c->begins[top + 1] + blocks[top + 1];
}

static void give(struct compute_push *c, unsigned level, const uint8_t *bytes,
	size_t blocks)
{
	uint64_t at = c->begins[level] + c->level[level].passed_on;

	if (level == 0 || !c->taker || !c->taker->block)
		return;
	for (size_t i = 0; i < blocks && !c->failed; i++) {
		c->taken =
			c->taker->block(c->taker->ctx, bytes + i * HASH_BLOCK,
				HASH_BLOCK, (at + i) * HASH_BLOCK);
		c->failed = c->taken != 0;
	}
}

static void add(
	struct compute_push *c, unsigned level, const uint8_t *bytes, size_t n);

/* Whole blocks of a level; at most HASH_LANES_MAX of them. */
static void hash(struct compute_push *c, unsigned level, const uint8_t *bytes,
	size_t blocks)
{
	uint8_t hashes[HASH_LANES_MAX * DIGEST_MAX];
	struct hash_block b[HASH_LANES_MAX];
	size_t hash_size = hash_size_of(c->algorithm);

	for (size_t i = 0; i < blocks; i++)
		b[i] = (struct hash_block){ bytes + i * HASH_BLOCK,
			&hashes[i * hash_size] };
	give(c, level, bytes, blocks);
	if (c->failed)
		return;
	if (hash_blocks(c->algorithm, b, blocks, HASH_BLOCK, c->e) != 0) {
		c->failed = true;
		return;
	}
	c->level[level].passed_on += blocks;
	add(c, level + 1, hashes, blocks * hash_size);
}

/* What the level has, its last block padded, becomes hashes above it. */
static void pass_on(struct compute_push *c, unsigned level)
{
	struct compute_level *l = &c->level[level];
	size_t blocks = (l->used + HASH_BLOCK - 1) / HASH_BLOCK;

	memset(l->bytes + l->used, 0, blocks * HASH_BLOCK - l->used);
	l->used = 0;
	hash(c, level, l->bytes, blocks);
}

static void add(
	struct compute_push *c, unsigned level, const uint8_t *bytes, size_t n)
{
	struct compute_level *l = &c->level[level];

	while (n && !c->failed) {
		size_t part = l->capacity - l->used;

		if (part == 0) {
			pass_on(c, level);
			continue;
		}
		/* Not copied: more than enough, and nothing to be put before */
		if (l->used == 0 && n > l->capacity) {
			hash(c, level, bytes, part / HASH_BLOCK);
		} else {
			part = part < n ? part : n;
			memcpy(l->bytes + l->used, bytes, part);
			l->used += part;
		}
		bytes += part;
		n -= part;
	}
}

void compute_push(struct compute_push *c, const void *bytes, size_t n)
{
	c->size += n;
	add(c, 0, bytes, n);
}

void compute_push_hashes(
	struct compute_push *c, const uint8_t *hashes, size_t n)
{
	size_t blocks = n / HASH_BLOCK + (n % HASH_BLOCK != 0);

	c->size += n;
	c->level[0].passed_on += blocks;
	add(c, 1, hashes, blocks * hash_size_of(c->algorithm));
}

static void finish(struct compute_push *c, struct digest *d)
{
	size_t hash_size = hash_size_of(c->algorithm);
	uint8_t descriptor[DESCRIPTOR_SIZE];
	const struct hash_block b = { descriptor, d->bytes };
	unsigned top = 1;

	if (c->level[0].used)
		pass_on(c, 0);
	/* The root is the hash that is alone in its level. */
	while (!c->failed &&
		(c->level[top].passed_on || c->level[top].used > hash_size))
		pass_on(c, top++);
	if (c->failed)
		return;
	compute_descriptor(descriptor, c->algorithm, c->size,
		c->size ? c->level[top].bytes : NULL);
	memset(d, 0, sizeof(*d));
	d->algorithm = c->algorithm;
	d->size = (unsigned)hash_size;
	c->failed =
		hash_blocks(c->algorithm, &b, 1, DESCRIPTOR_SIZE, c->e) != 0;
	if (!c->failed && c->taker && c->taker->descriptor) {
		c->taken = c->taker->descriptor(
			c->taker->ctx, descriptor, DESCRIPTOR_SIZE);
		c->failed = c->taken != 0;
	}
}

int compute_push_end(struct compute_push *c, struct digest *d, struct err *e)
{
	if (d) {
		c->e = e;
		finish(c, d);
	}
	free(c->memory);
	c->memory = NULL;
	return c->failed ? -1 : 0;
}
