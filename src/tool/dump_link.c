/* SPDX-License-Identifier: MIT */
/*
 * Hard links. One whose target is not there yet is kept until the end, when
 * its target may still be another that was kept: each then waits for that
 * one, and is made as soon as that one is.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/dump_private.h"
#include "tool/tree_private.h"

#define NO_LINK UINT32_MAX

static int keep_text(struct dump *d, const char *s, uint32_t *at)
{
	size_t n = strlen(s) + 1;

	if (array_reserve(&d->text, &d->cap_text, (uint64_t)d->n_text + n, 1,
		    d->e) != 0)
		return dump_at(d, FIELD_PAYLOAD);
	memcpy(d->text + d->n_text, s, n);
	*at = d->n_text;
	d->n_text += (uint32_t)n;
	return 0;
}

/* 1: linked; 0: the target is not there (yet); -1: refused. */
static int try_link(
	struct dump *d, uint32_t dir, const char *name, const char *target)
{
	uint32_t inode = tree_lookup(d->t, target);

	if (inode == TREE_NONE)
		return 0;
	if (tree_type(d->t, inode, S_IFDIR)) {
		const struct span s = { (char *)target, strlen(target) };

		return dump_expected(d, FIELD_PAYLOAD, &s,
			"a hard link's target that is no directory");
	}
	if (tree_link(d->t, dir, name, inode, d->e) != 0)
		return dump_at(d, FIELD_PATH);
	return 1;
}

int dump_link(
	struct dump *d, uint32_t dir, const char *name, const char *target)
{
	struct dump_link l = { .line = d->line, .dir = dir };
	int r = try_link(d, dir, name, target);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (keep_text(d, name, &l.name) != 0 ||
		keep_text(d, target, &l.target) != 0)
		return -1;
	if (array_reserve(&d->links, &d->cap_links, (uint64_t)d->n_links + 1,
		    sizeof(*d->links), d->e) != 0)
		return dump_at(d, FIELD_PAYLOAD);
	d->links[d->n_links++] = l;
	return 0;
}

/*
 * The directory that the link's target is in, or TREE_NONE, and its name;
 * slashes at the end say nothing.
 */
static uint32_t split_target(
	struct dump *d, const struct dump_link *l, struct span *name)
{
	char *target = d->text + l->target, *slash;
	size_t n = strlen(target);
	uint32_t dir = TREE_ROOT;

	while (n && target[n - 1] == '/')
		n--;
	slash = memrchr(target, '/', n);
	name->p = slash ? slash + 1 : target;
	name->n = n - (size_t)(name->p - target);
	if (slash) {
		*slash = '\0';
		dir = tree_lookup(d->t, target);
		*slash = '/';
	}
	return dir;
}

static bool is_named(const struct dump *d, const struct dump_link *l,
	const struct span *name)
{
	const char *own = d->text + l->name;

	return strlen(own) == name->n && !memcmp(own, name->p, name->n);
}

static int no_target(struct dump *d, const struct dump_link *l)
{
	char *target = d->text + l->target;
	const struct span s = { target, strlen(target) };
	struct span name;

	d->line = l->line;
	if (split_target(d, l, &name) == l->dir && is_named(d, l, &name))
		return dump_expected(d, FIELD_PAYLOAD, &s,
			"a hard link's target, not itself");
	return dump_expected(
		d, FIELD_PAYLOAD, &s, "a hard link's target that is there");
}

/* The place of the first kept link of that name, or where it would be. */
static struct tree_slot *link_slot(const struct dump *d,
	const struct tree_index *x, uint32_t hash, uint32_t dir,
	const struct span *name)
{
	uint32_t mask = x->size - 1, at = hash & mask;

	for (; x->slots[at].element; at = (at + 1) & mask) {
		const struct dump_link *l = &d->links[x->slots[at].element - 1];

		if (x->slots[at].hash == hash && l->dir == dir &&
			is_named(d, l, name))
			break;
	}
	return &x->slots[at];
}

/* By name, the first of each. */
static int index_links(struct dump *d, struct tree_index *x)
{
	if (index_reserve(x, d->n_links, d->e) != 0)
		return -1;
	for (uint32_t i = 0; i < d->n_links; i++) {
		const struct dump_link *l = &d->links[i];
		char *own = d->text + l->name;
		const struct span name = { own, strlen(own) };
		uint32_t hash = (uint32_t)hash_bytes(l->dir, own, name.n);
		struct tree_slot *slot = link_slot(d, x, hash, l->dir, &name);

		if (!slot->element)
			index_put(x, slot, hash, i);
	}
	return 0;
}

/* Every link that is not done waits for that which is its target. */
static void make_wait(struct dump *d, const struct tree_index *x)
{
	for (uint32_t i = 0; i < d->n_links; i++) {
		struct dump_link *l = &d->links[i], *target;
		uint32_t dir, hash, found;
		struct span name;

		if (l->done)
			continue;
		dir = split_target(d, l, &name);
		hash = (uint32_t)hash_bytes(dir, name.p, name.n);
		found = link_slot(d, x, hash, dir, &name)->element;
		if (!found)
			continue;
		target = &d->links[found - 1];
		l->next = target->waiting;
		target->waiting = i;
	}
}

/* Makes the link; 0 if its target is not there. */
static int try_kept(struct dump *d, struct dump_link *l)
{
	int r;

	d->line = l->line;
	r = try_link(d, l->dir, d->text + l->name, d->text + l->target);
	l->done = r == 1;
	return r < 0 ? -1 : 0;
}

/* Makes all that waited for i, and then all that waited for those. */
static int make_waiting(struct dump *d, uint32_t i)
{
	uint32_t todo = d->links[i].waiting;

	d->links[i].waiting = NO_LINK;
	while (todo != NO_LINK) {
		struct dump_link *l = &d->links[todo];
		uint32_t last = l->waiting;

		if (try_kept(d, l) != 0)
			return -1;
		todo = l->next;
		if (last == NO_LINK)
			continue;
		/* Its own come next, and then what is still to do. */
		l->waiting = NO_LINK;
		i = last;
		while (d->links[i].next != NO_LINK)
			i = d->links[i].next;
		d->links[i].next = todo;
		todo = last;
	}
	return 0;
}

int dump_resolve_links(struct dump *d)
{
	struct tree_index x = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < d->n_links && r == 0; i++) {
		d->links[i].next = d->links[i].waiting = NO_LINK;
		r = try_kept(d, &d->links[i]);
	}
	if (r == 0 && d->n_links && (r = index_links(d, &x)) == 0)
		make_wait(d, &x);
	for (uint32_t i = 0; i < d->n_links && r == 0; i++)
		if (d->links[i].done)
			r = make_waiting(d, i);
	for (uint32_t i = 0; i < d->n_links && r == 0; i++)
		if (!d->links[i].done)
			r = no_target(d, &d->links[i]);
	index_free(&x);
	return r;
}
