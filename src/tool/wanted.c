/* SPDX-License-Identifier: MIT */
#include "tool/wanted.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/read.h"

int wanted_add(
	struct wanted *w, const struct digest *d, uint64_t size, struct err *e)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap + w->cap / 2 : 64;
		void *more = reallocarray(w->list, cap, sizeof(*w->list));

		if (!more)
			return err_set(
				e, REASON_FAILED, "objects: out of memory");
		w->list = more;
		w->cap = cap;
	}
	w->list[w->n++] = (struct wanted_object){ *d, size };
	return 0;
}

static int add_inode(struct wanted *w, struct read_image *r, uint32_t inode,
	struct read_stat *s, enum hash_algorithm algorithm, struct err *e)
{
	uint32_t node = r->inodes[inode].node;

	if (node == UINT32_MAX) /* a stub */
		return 0;
	if (read_stat(r, inode, s, e) != 0)
		return -1;
	if (!S_ISREG(s->mode) || !s->is_object)
		return 0;
	if (read_object(r, node, s, e) != 0)
		return -1;
	if (s->digest.algorithm != algorithm)
		return err_set(e, REASON_FAILED,
			"%s: expected objects of %s, as the store has, found one of %s",
			r->name, hash_name(algorithm),
			hash_name(s->digest.algorithm));
	return wanted_add(w, &s->digest, s->size, e);
}

int wanted_add_image(struct wanted *w, struct read_image *image,
	enum hash_algorithm algorithm, struct err *e)
{
	struct read_stat s = { 0 };
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < image->n_inodes; i++)
		r = add_inode(w, image, i, &s, algorithm, e);
	read_stat_free(&s);
	return r;
}

static int by_digest(const void *a, const void *b)
{
	const struct wanted_object *x = a, *y = b;

	if (x->digest.size != y->digest.size)
		return x->digest.size < y->digest.size ? -1 : 1;
	return memcmp(x->digest.bytes, y->digest.bytes, x->digest.size);
}

/* Two sizes of one object: the one that somebody said, or a refusal. */
static int merge(struct wanted_object *into, const struct wanted_object *o,
	struct err *e)
{
	char hex[DIGEST_HEX_MAX];

	if (into->size == WANTED_ANY)
		into->size = o->size;
	if (o->size == WANTED_ANY || into->size == o->size)
		return 0;
	return err_set(e, REASON_FAILED,
		"object %s: expected one size, found %llu and %llu bytes",
		digest_to_hex(&into->digest, hex),
		(unsigned long long)into->size, (unsigned long long)o->size);
}

int wanted_sort(struct wanted *w, struct err *e)
{
	size_t last = 0;

	if (w->n == 0)
		return 0;
	qsort(w->list, w->n, sizeof(*w->list), by_digest);
	for (size_t i = 1; i < w->n; i++) {
		if (by_digest(&w->list[last], &w->list[i]) != 0)
			w->list[++last] = w->list[i];
		else if (merge(&w->list[last], &w->list[i], e) != 0)
			return -1;
	}
	w->n = last + 1;
	return 0;
}

const struct wanted_object *wanted_find(
	const struct wanted *w, const struct digest *d)
{
	const struct wanted_object key = { .digest = *d };

	return w->n ? bsearch(&key, w->list, w->n, sizeof(*w->list), by_digest)
		    : NULL;
}

void wanted_free(struct wanted *w)
{
	free(w->list);
	*w = (struct wanted){ 0 };
}
