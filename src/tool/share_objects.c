/* SPDX-License-Identifier: MIT */
/*
 * Files of the same content have the same object. Which have is asked once,
 * for all, when the tree is laid out: then what is asked for next is known,
 * and memory has it when it is its turn.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/tree_private.h"

#define AHEAD 32 /* objects between the hash and the look-up */

/* The first object of the same digest. */
static uint32_t first_same(
	const struct tree *t, struct tree_index *x, uint32_t hash, uint32_t i)
{
	const uint8_t *digest = object_digest(t, i);
	uint32_t mask = x->size - 1, at = hash & mask;

	for (; x->slots[at].element; at = (at + 1) & mask) {
		uint32_t object = x->slots[at].element - 1;

		if (x->slots[at].hash == hash &&
			memcmp(object_digest(t, object), digest,
				t->digest_size) == 0)
			return object;
	}
	index_put(x, &x->slots[at], hash, i);
	return i;
}

static void find_same(
	const struct tree *t, struct tree_index *x, uint32_t *same)
{
	uint32_t hashes[AHEAD];

	for (uint64_t i = 0; i < (uint64_t)t->n_objects + AHEAD; i++) {
		uint32_t *hash = &hashes[i % AHEAD];

		if (i >= AHEAD)
			same[i - AHEAD] =
				first_same(t, x, *hash, (uint32_t)i - AHEAD);
		if (i >= t->n_objects)
			continue;
		/* Digests that are made up may have many bytes in common. */
		*hash = (uint32_t)hash_bytes(
			0, object_digest(t, (uint32_t)i), t->digest_size);
		__builtin_prefetch(&x->slots[*hash & (x->size - 1)], 1);
	}
}

int objects_merge(struct tree *t, struct err *e)
{
	struct tree_index x = { 0 };
	uint32_t *same = malloc(((size_t)t->n_objects + 1) * sizeof(*same));
	int r = same ? index_reserve(&x, t->n_objects, e)
		     : err_set(e, REASON_FAILED, "tree: out of memory");

	if (r == 0) {
		find_same(t, &x, same);
		for (uint32_t i = 0; i < t->n_inodes; i++)
			if (t->inodes[i].is_object &&
				t->inodes[i].payload != TREE_NONE)
				t->inodes[i].payload =
					same[t->inodes[i].payload];
	}
	index_free(&x);
	free(same);
	return r;
}
