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

uint8_t xattr_prefix(const char *key, const char **rest)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (strncmp(key, prefixes[i].prefix, n) == 0) {
			*rest = key + n;
			return prefixes[i].index;
		}
	}
	*rest = key;
	return 0;
}

uint32_t xattr_size(const struct xattr *x)
{
	const char *rest;
	uint32_t n;

	xattr_prefix(x->key, &rest);
	n = (uint32_t)(sizeof(struct erofs_xattr_entry) + strlen(rest)) +
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

/* version, length, flags, algorithm, digest: struct ovl_metacopy. */
static void get_metacopy(struct layout *l, uint32_t object, struct xattr *x)
{
	const struct tree *t = l->tree;
	uint8_t size = (uint8_t)(4 + t->digest_size);

	l->metacopy[0] = 0;
	l->metacopy[1] = size;
	l->metacopy[2] = 0;
	l->metacopy[3] = (uint8_t)t->algorithm;
	memcpy(l->metacopy + 4, object_digest(t, object), t->digest_size);
	x->key = METACOPY;
	x->value = l->metacopy;
	x->value_size = size;
	x->shared = t->objects[object].shared_metacopy;
}

/* "/ab/cdef...": the object as a data layer has it. */
static void get_redirect(struct layout *l, uint32_t object, struct xattr *x)
{
	const struct tree *t = l->tree;
	const uint8_t *digest = object_digest(t, object);
	const char hex[] = "0123456789abcdef";
	char *p = l->redirect;

	*p++ = '/';
	for (unsigned i = 0; i < t->digest_size; i++) {
		if (i == 1)
			*p++ = '/';
		*p++ = hex[digest[i] >> 4];
		*p++ = hex[digest[i] & 15];
	}
	x->key = REDIRECT;
	x->value = (const uint8_t *)l->redirect;
	x->value_size = (uint32_t)(p - l->redirect);
	x->shared = t->objects[object].shared_redirect;
}

static void get_pair(struct layout *l, uint32_t pair, struct xattr *x)
{
	const struct tree_pair *p = &l->tree->pairs[pair];

	x->key = (const char *)l->tree->pool + p->key;
	x->value = l->tree->pool + p->value;
	x->value_size = p->value_size;
	x->shared = p->shared;
}

void shared_get(struct layout *l, const struct shared_xattr *s, struct xattr *x)
{
	if (s->kind == SHARED_METACOPY)
		get_metacopy(l, s->index, x);
	else if (s->kind == SHARED_REDIRECT)
		get_redirect(l, s->index, x);
	else
		get_pair(l, s->index, x);
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
	struct layout *l = arg;
	struct xattr x, y;
	uint8_t metacopy[sizeof(l->metacopy)];
	char redirect[sizeof(l->redirect)];
	int r;

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

static void count_uses(struct layout *l)
{
	struct tree *t = l->tree;

	for (uint32_t i = 0; i < t->n_pairs; i++)
		t->pairs[i].uses = 0;
	for (uint32_t i = 0; i < t->n_objects; i++)
		t->objects[i].uses = 0;
	for (uint32_t i = 0; i < t->n_order; i++) {
		const struct tree_inode *inode = &t->inodes[t->order[i]];
		const uint32_t *list = t->refs + inode->xattrs;

		for (uint32_t k = 1; k <= list[0]; k++)
			t->pairs[list[k]].uses++;
		if (inode->is_object && inode->payload != TREE_NONE)
			t->objects[inode->payload].uses++;
	}
}

static int gather_shared(struct layout *l, struct err *e)
{
	const struct tree *t = l->tree;
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->n_pairs; i++)
		n += t->pairs[i].uses > 1;
	for (uint32_t i = 0; i < t->n_objects; i++)
		n += t->objects[i].uses > 1 ? 2 : 0;
	l->shared = malloc((n + 1) * sizeof(*l->shared));
	if (!l->shared)
		return err_set(e, REASON_FAILED, "image: out of memory");
	for (uint32_t i = 0; i < t->n_pairs; i++)
		if (t->pairs[i].uses > 1)
			l->shared[l->n_shared++] =
				(struct shared_xattr){ SHARED_PAIR, i };
	for (uint32_t i = 0; i < t->n_objects; i++) {
		if (t->objects[i].uses <= 1)
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

	count_uses(l);
	for (uint32_t i = 0; i < t->n_pairs; i++)
		t->pairs[i].shared = TREE_NONE;
	for (uint32_t i = 0; i < t->n_objects; i++) {
		t->objects[i].shared_metacopy = TREE_NONE;
		t->objects[i].shared_redirect = TREE_NONE;
	}
	if (gather_shared(l, e) != 0)
		return -1;
	qsort_r(l->shared, l->n_shared, sizeof(*l->shared), compare_shared, l);
	for (uint32_t i = 0; i < l->n_shared; i++) {
		const struct shared_xattr *s = &l->shared[i];
		struct xattr x;
		uint32_t place = (uint32_t)(at / 4);

		shared_get(l, s, &x);
		if (s->kind == SHARED_METACOPY)
			t->objects[s->index].shared_metacopy = place;
		else if (s->kind == SHARED_REDIRECT)
			t->objects[s->index].shared_redirect = place;
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
