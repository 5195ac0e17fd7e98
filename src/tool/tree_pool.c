/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tool/tree_private.h"

int array_grow(
	void *array, uint32_t *cap, uint64_t need, size_t size, struct err *e)
{
	uint64_t n = *cap;
	void *old, *bigger;

	if (need >= UINT32_MAX)
		return err_set(e, REASON_FAILED,
			"tree: expected at most 4 GiB of names and contents, "
			"found more");
	n = n < 512 ? 1024 : n * 2;
	if (n < need)
		n = need;
	if (n > UINT32_MAX)
		n = UINT32_MAX;
	/* array is the address of some pointer: copied, not aliased. */
	memcpy(&old, array, sizeof(old));
	bigger = realloc(old, n * size);
	if (!bigger)
		return err_set(e, REASON_FAILED, "tree: out of memory");
	memcpy(array, &bigger, sizeof(bigger));
	*cap = (uint32_t)n;
	/* cppcheck-suppress memleak; array has it */
	return 0;
}

int pool_add(struct tree *t, const void *bytes, size_t n, uint32_t *at,
	struct err *e)
{
	if (array_reserve(
		    &t->pool, &t->cap_pool, (uint64_t)t->n_pool + n, 1, e) != 0)
		return -1;
	*at = t->n_pool;
	if (n)
		memcpy(t->pool + t->n_pool, bytes, n);
	t->n_pool += (uint32_t)n;
	return 0;
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = seed ^ 0x9e3779b97f4a7c15u ^ n, w;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	w = 0;
	if (n)
		memcpy(&w, p, n);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 32;
}

int index_reserve(struct tree_index *x, uint32_t more, struct err *e)
{
	uint64_t size = x->size ? x->size : 1024;
	struct tree_index bigger = { .used = x->used };

	while (((uint64_t)x->used + more) * 4 > size * 3)
		size *= 2;
	if (size == x->size)
		return 0;
	bigger.slots = calloc(size, sizeof(*bigger.slots));
	if (!bigger.slots || size > UINT32_MAX) {
		free(bigger.slots);
		return err_set(e, REASON_FAILED, "tree: out of memory");
	}
	bigger.size = (uint32_t)size;
	for (uint32_t i = 0; i < x->size; i++) {
		uint32_t at;

		if (!x->slots[i].element)
			continue;
		at = x->slots[i].hash & (bigger.size - 1);
		while (bigger.slots[at].element)
			at = (at + 1) & (bigger.size - 1);
		bigger.slots[at] = x->slots[i];
	}
	free(x->slots);
	*x = bigger;
	return 0;
}

void index_free(struct tree_index *x)
{
	free(x->slots);
	memset(x, 0, sizeof(*x));
}
