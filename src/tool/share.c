/* SPDX-License-Identifier: MIT */
/*
 * Which xattrs are shared: those that more than one inode has. The names of
 * objects (metacopy and redirect) are almost all unique and never stored as
 * pairs: an object counts its uses, and its two xattrs are made when asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/layout.h"
#include "tool/xxhash.h"

#define METACOPY "trusted.overlay.metacopy"
#define REDIRECT "trusted.overlay.redirect"

static const struct {
	const char *prefix;
	uint8_t index;
} prefixes[] = {
	{ "user.", 1 },
	{ "system.posix_acl_access", 2 },
	{ "system.posix_acl_default", 3 },
	{ "trusted.", 4 },
	{ "security.", 6 },
};

static struct xattr_name split_name(const char *key)
{
	struct xattr_name name = { 0 };
	uint32_t seed = EROFS_XATTR_FILTER_SEED;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (strncmp(key, prefixes[i].prefix, n) == 0) {
			name.prefix = prefixes[i].index;
			name.skip = (uint8_t)n;
			break;
		}
	}
	name.size = (uint8_t)strlen(key + name.skip);
	name.bit = xxh32(key + name.skip, name.size, seed + name.prefix) & 31;
	return name;
}

uint32_t xattr_size(const struct xattr *x)
{
	uint32_t n = (uint32_t)sizeof(struct erofs_xattr_entry) + x->name.size +
		     x->value_size;

	return (n + 3) & ~3u;
}

uint64_t layout_xattr_size(const struct layout *l, uint32_t *n_shared)
{
	uint64_t size = sizeof(struct erofs_xattr_header);

	*n_shared = 0;
	if (l->n_xattrs == 0)
		return 0;
	for (uint32_t i = 0; i < l->n_xattrs; i++) {
		if (l->xattrs[i].shared != TREE_NONE) {
			size += sizeof(uint32_t);
			++*n_shared;
		} else {
			size += xattr_size(&l->xattrs[i]);
		}
	}
	return size;
}

static void get_metacopy(struct layout *l, uint32_t object, struct xattr *x)
{
	x->key = METACOPY;
	x->name = l->metacopy_name;
	x->value = l->metacopy;
	x->value_size = 4 + l->tree->digest_size;
	x->shared = l->objects[object].shared_metacopy;
}

static void get_redirect(struct layout *l, uint32_t object, struct xattr *x)
{
	x->key = REDIRECT;
	x->name = l->redirect_name;
	x->value = (const uint8_t *)l->redirect;
	x->value_size = 2 + 2 * l->tree->digest_size;
	x->shared = l->objects[object].shared_redirect;
}

/*
 * Metacopy: version, length, flags, algorithm, digest: struct ovl_metacopy.
 * Redirect: "/ab/cdef...", the object as a data layer has it.
 */
static void make_values(struct layout *l, uint32_t object)
{
	const struct tree *t = l->tree;
	const uint8_t *digest = object_digest(t, object);
	const char hex[] = "0123456789abcdef";
	char *p = l->redirect;

	l->metacopy[0] = 0;
	l->metacopy[1] = (uint8_t)(4 + t->digest_size);
	l->metacopy[2] = 0;
	l->metacopy[3] = (uint8_t)t->algorithm;
	memcpy(l->metacopy + 4, digest, t->digest_size);
	*p++ = '/';
	for (unsigned i = 0; i < t->digest_size; i++) {
		if (i == 1)
			*p++ = '/';
		*p++ = hex[digest[i] >> 4];
		*p++ = hex[digest[i] & 15];
	}
}

void layout_values(struct layout *l, uint32_t inode)
{
	const struct tree_inode *i = &l->tree->inodes[inode];

	if (i->is_object && i->payload != TREE_NONE)
		make_values(l, i->payload);
}

static void get_pair(struct layout *l, uint32_t pair, struct xattr *x)
{
	const struct tree_pair *p = &l->tree->pairs[pair];

	x->key = (const char *)l->tree->pool + p->key;
	x->name = p->name;
	x->value = l->tree->pool + p->value;
	x->value_size = p->value_size;
	x->shared = p->shared;
}

void shared_get(struct layout *l, const struct shared_xattr *s, struct xattr *x)
{
	if (s->kind == SHARED_PAIR) {
		get_pair(l, s->index, x);
		return;
	}
	make_values(l, s->index);
	if (s->kind == SHARED_METACOPY)
		get_metacopy(l, s->index, x);
	else
		get_redirect(l, s->index, x);
}

int layout_xattrs(struct layout *l, uint32_t inode, struct err *e)
{
	const struct tree *t = l->tree;
	const struct tree_inode *i = &t->inodes[inode];
	const uint32_t *list = t->refs + i->xattrs;
	/* An object's two are still to come: their places are by name. */
	unsigned ours = i->is_object && i->payload != TREE_NONE ? 0 : 2,
		 references = 0;
	struct xattr *x;

	if (array_reserve(&l->xattrs, &l->cap_xattrs, (uint64_t)list[0] + 2,
		    sizeof(*l->xattrs), e) != 0)
		return -1;
	x = l->xattrs;
	for (uint32_t k = 1; k <= list[0] || ours < 2;) {
		if (k <= list[0])
			get_pair(l, list[k], x);
		if (ours < 2 &&
			(k > list[0] || strcmp(x->key, ours ? REDIRECT
							    : METACOPY) > 0)) {
			if (ours++ == 0)
				get_metacopy(l, i->payload, x);
			else
				get_redirect(l, i->payload, x);
		} else {
			k++;
		}
		if (x->shared != TREE_NONE &&
			references++ >= EROFS_XATTR_SHARED_MAX)
			x->shared = TREE_NONE;
		x++;
	}
	l->n_xattrs = (uint32_t)(x - l->xattrs);
	return 0;
}

/* By name, then length, then bytes, each descending. */
static int compare_shared(const void *a, const void *b, void *arg)
{
	const struct shared_xattr *of_a = a, *of_b = b;
	struct layout *l = arg;
	struct xattr x, y;
	uint8_t metacopy[sizeof(l->metacopy)];
	char redirect[sizeof(l->redirect)];
	int r;

	/* Both values of an object are ordered as its digest is. */
	if (of_a->kind == of_b->kind && of_a->kind != SHARED_PAIR)
		return memcmp(object_digest(l->tree, of_b->index),
			object_digest(l->tree, of_a->index),
			l->tree->digest_size);
	shared_get(l, a, &x);
	/* What is made when asked would overwrite the first answer. */
	if (x.value == l->metacopy)
		x.value = memcpy(metacopy, l->metacopy, sizeof(metacopy));
	else if (x.value == (const uint8_t *)l->redirect)
		x.value = memcpy(redirect, l->redirect, sizeof(redirect));
	shared_get(l, b, &y);
	r = strcmp(y.key, x.key);
	if (r != 0)
		return r;
	if (x.value_size != y.value_size)
		return y.value_size < x.value_size ? -1 : 1;
	return memcmp(y.value, x.value, x.value_size);
}

static int prepare(struct layout *l, struct err *e)
{
	struct tree *t = l->tree;

	l->metacopy_name = split_name(METACOPY);
	l->redirect_name = split_name(REDIRECT);
	l->objects = malloc(((size_t)t->n_objects + 1) * sizeof(*l->objects));
	if (!l->objects)
		return err_set(e, REASON_FAILED, "image: out of memory");
	for (uint32_t i = 0; i < t->n_objects; i++)
		l->objects[i] = (struct tree_object){ 0, TREE_NONE, TREE_NONE };
	for (uint32_t i = 0; i < t->n_pairs; i++) {
		struct tree_pair *p = &t->pairs[i];

		p->uses = 0;
		p->shared = TREE_NONE;
		p->name = split_name((const char *)t->pool + p->key);
	}
	return objects_merge(t, e);
}

static void count_uses(struct layout *l)
{
	struct tree *t = l->tree;

	for (uint32_t i = 0; i < t->n_order; i++) {
		const struct tree_inode *inode = &t->inodes[t->order[i]];
		const uint32_t *list = t->refs + inode->xattrs;

		for (uint32_t k = 1; k <= list[0]; k++)
			t->pairs[list[k]].uses++;
		if (inode->is_object && inode->payload != TREE_NONE)
			l->objects[inode->payload].uses++;
	}
}

static int gather_shared(struct layout *l, struct err *e)
{
	const struct tree *t = l->tree;
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->n_pairs; i++)
		n += t->pairs[i].uses > 1;
	for (uint32_t i = 0; i < t->n_objects; i++)
		n += l->objects[i].uses > 1 ? 2 : 0;
	l->shared = malloc((n + 1) * sizeof(*l->shared));
	if (!l->shared)
		return err_set(e, REASON_FAILED, "image: out of memory");
	for (uint32_t i = 0; i < t->n_pairs; i++)
		if (t->pairs[i].uses > 1)
			l->shared[l->n_shared++] =
				(struct shared_xattr){ SHARED_PAIR, i };
	for (uint32_t i = 0; i < t->n_objects; i++) {
		if (l->objects[i].uses <= 1)
			continue;
		l->shared[l->n_shared++] =
			(struct shared_xattr){ SHARED_METACOPY, i };
		l->shared[l->n_shared++] =
			(struct shared_xattr){ SHARED_REDIRECT, i };
	}
	return 0;
}

int layout_share(struct layout *l, struct err *e)
{
	struct tree *t = l->tree;
	uint64_t at = 0;

	if (prepare(l, e) != 0)
		return -1;
	count_uses(l);
	if (gather_shared(l, e) != 0)
		return -1;
	qsort_r(l->shared, l->n_shared, sizeof(*l->shared), compare_shared, l);
	for (uint32_t i = 0; i < l->n_shared; i++) {
		const struct shared_xattr *s = &l->shared[i];
		struct xattr x;
		uint32_t place = (uint32_t)(at / 4);

		shared_get(l, s, &x);
		if (s->kind == SHARED_METACOPY)
			l->objects[s->index].shared_metacopy = place;
		else if (s->kind == SHARED_REDIRECT)
			l->objects[s->index].shared_redirect = place;
		else
			t->pairs[s->index].shared = place;
		at += xattr_size(&x);
		/* An inode refers to a place by 32 bits of 4 bytes each. */
		if (at / 4 + EROFS_BLOCK >= TREE_NONE)
			return err_set(e, REASON_FAILED,
				"image: expected at most 16 GiB of shared "
				"xattrs, found more");
	}
	l->shared_size = at;
	return 0;
}
