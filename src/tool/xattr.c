/* SPDX-License-Identifier: MIT */
/*
 * The xattrs of a tree. A name with its value is a pair, and the same pair
 * is there only once: a label that a million files share takes its bytes
 * once, and what can be shared in the image is known by counting.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/tree_private.h"

#define XATTR_NAME_MAX_ 255
#define OVERLAY "trusted.overlay."
#define ESCAPED OVERLAY "overlay."

static const char *pair_key(const struct tree *t, uint32_t pair)
{
	return (const char *)t->pool + t->pairs[pair].key;
}

static uint32_t hash_pair(const char *key, const void *value, size_t n)
{
	return (uint32_t)hash_bytes(hash_bytes(0, key, strlen(key)), value, n);
}

static struct tree_slot *pair_slot(const struct tree *t, uint32_t hash,
	const char *key, const void *value, size_t n)
{
	uint32_t mask = t->by_pair.size - 1, at = hash & mask;

	for (; t->by_pair.slots[at].element; at = (at + 1) & mask) {
		uint32_t pair = t->by_pair.slots[at].element - 1;
		const struct tree_pair *p = &t->pairs[pair];

		if (t->by_pair.slots[at].hash == hash && p->value_size == n &&
			strcmp(pair_key(t, pair), key) == 0 &&
			(n == 0 || memcmp(t->pool + p->value, value, n) == 0))
			break;
	}
	return &t->by_pair.slots[at];
}

int pair_intern(struct tree *t, const char *key, const void *value, size_t n,
	uint32_t *pair, struct err *e)
{
	struct tree_pair p = { .value_size = (uint32_t)n };
	uint32_t hash = hash_pair(key, value, n);
	struct tree_slot *slot;

	if (index_reserve(&t->by_pair, 1, e) != 0)
		return -1;
	slot = pair_slot(t, hash, key, value, n);
	if (slot->element) {
		*pair = slot->element - 1;
		return 0;
	}
	if (array_reserve(&t->pairs, &t->cap_pairs, (uint64_t)t->n_pairs + 1,
		    sizeof(*t->pairs), e) != 0 ||
		pool_add(t, key, strlen(key) + 1, &p.key, e) != 0 ||
		pool_add(t, value, n, &p.value, e) != 0)
		return -1;
	*pair = t->n_pairs++;
	t->pairs[*pair] = p;
	index_put(&t->by_pair, slot, hash, *pair);
	return 0;
}

uint32_t pair_lookup(
	const struct tree *t, const char *key, const void *value, size_t n)
{
	if (!t->by_pair.size)
		return TREE_NONE;
	return pair_slot(t, hash_pair(key, value, n), key, value, n)->element -
	       1;
}

int pair_set(struct tree *t, uint32_t inode, uint32_t pair, struct err *e)
{
	uint32_t at = t->inodes[inode].xattrs;
	uint32_t n = t->refs[at];

	for (uint32_t i = at + 1; i <= at + n; i++) {
		if (strcmp(pair_key(t, t->refs[i]), pair_key(t, pair)) == 0) {
			t->refs[i] = pair;
			return 0;
		}
	}
	if (array_reserve(&t->refs, &t->cap_refs, (uint64_t)t->n_refs + n + 2,
		    sizeof(*t->refs), e) != 0)
		return -1;
	/* A list that is not the last one moves to the end to grow. */
	if (n == 0 || at + n + 1 != t->n_refs) {
		memcpy(t->refs + t->n_refs, t->refs + at,
			(n + 1) * sizeof(*t->refs));
		at = t->n_refs;
		t->n_refs += n + 1;
		t->inodes[inode].xattrs = at;
	}
	t->refs[at]++;
	t->refs[t->n_refs++] = pair;
	return 0;
}

uint32_t pair_find(const struct tree *t, uint32_t inode, const char *key)
{
	const uint32_t *list = t->refs + t->inodes[inode].xattrs;

	for (uint32_t i = 1; i <= list[0]; i++)
		if (strcmp(pair_key(t, list[i]), key) == 0)
			return list[i];
	return TREE_NONE;
}

int xattr_set_own(struct tree *t, uint32_t inode, const char *name,
	const void *value, size_t n, struct err *e)
{
	uint32_t pair;

	if (pair_intern(t, name, value, n, &pair, e) != 0)
		return -1;
	return pair_set(t, inode, pair, e);
}

/* The bytes of all xattrs when this one has been set. */
static uint64_t total_size(
	const struct tree *t, uint32_t inode, const char *name, size_t n)
{
	const uint32_t *list = t->refs + t->inodes[inode].xattrs;
	uint64_t total = 12 + 7 + strlen(name) + n;

	for (uint32_t i = 1; i <= list[0]; i++) {
		const char *key = pair_key(t, list[i]);

		if (strcmp(key, name) != 0)
			total += 7 + strlen(key) + t->pairs[list[i]].value_size;
	}
	return total;
}

int tree_set_xattr(struct tree *t, uint32_t inode, const char *name,
	const void *value, size_t n, struct err *e)
{
	size_t name_n = strlen(name);
	uint64_t total;

	if (name_n == 0 || name_n > XATTR_NAME_MAX_)
		return err_set(e, REASON_FAILED,
			"%.40s: expected an xattr name of 1 to %d bytes, found "
			"%zu",
			name, XATTR_NAME_MAX_, name_n);
	if (n > TREE_XATTR_VALUE_MAX)
		return err_set(e, REASON_FAILED,
			"%s: expected an xattr value of at most %d bytes, "
			"found %zu",
			name, TREE_XATTR_VALUE_MAX, n);
	total = total_size(t, inode, name, n);
	if (total > TREE_XATTRS_MAX)
		return err_set(e, REASON_FAILED,
			"%s: expected xattrs of at most %d bytes in all, found "
			"%llu",
			name, TREE_XATTRS_MAX, (unsigned long long)total);
	return xattr_set_own(t, inode, name, value, n, e);
}

int xattr_escape(struct tree *t, struct err *e)
{
	const size_t prefix = strlen(OVERLAY), longer = strlen(ESCAPED);
	bool any = false;

	for (uint32_t i = 0; i < t->n_pairs; i++) {
		char key[XATTR_NAME_MAX_ + sizeof(ESCAPED)];
		const char *old = pair_key(t, i);

		if (strncmp(old, OVERLAY, prefix) != 0)
			continue;
		memcpy(key, ESCAPED, longer);
		strcpy(key + longer, old + prefix);
		if (pool_add(t, key, strlen(key) + 1, &t->pairs[i].key, e) != 0)
			return -1;
		any = true;
	}
	if (!any)
		return 0;
	/* The names changed, so every place in the index did. */
	index_free(&t->by_pair);
	if (index_reserve(&t->by_pair, t->n_pairs, e) != 0)
		return -1;
	for (uint32_t i = 0; i < t->n_pairs; i++) {
		const uint8_t *value = t->pool + t->pairs[i].value;
		size_t n = t->pairs[i].value_size;
		uint32_t hash = hash_pair(pair_key(t, i), value, n);

		index_put(&t->by_pair,
			pair_slot(t, hash, pair_key(t, i), value, n), hash, i);
	}
	return 0;
}

static int compare_keys(const void *a, const void *b, void *arg)
{
	return strcmp(pair_key(arg, *(const uint32_t *)a),
		pair_key(arg, *(const uint32_t *)b));
}

void xattr_sort(struct tree *t)
{
	for (uint32_t i = 0; i < t->n_inodes; i++) {
		uint32_t *list = t->refs + t->inodes[i].xattrs;

		if (list[0] > 1)
			qsort_r(list + 1, list[0], sizeof(*list), compare_keys,
				t);
	}
}
