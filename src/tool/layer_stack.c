/* SPDX-License-Identifier: MIT */
#include "tool/layer_stack.h"

#include <stdlib.h>
#include <string.h>

#include "tool/layer_private.h"
#include "tool/tree_private.h"

/* On the way from the tree of all layers to that of one. */
struct taking {
	const struct layers *l;
	struct tree *all;
	struct layer_tree *own;
	bool *needed; /* by inode of all: a directory that leads somewhere */
	bool *below;  /* likewise: one that the layers below have, too */
	uint32_t *to; /* by inode of all: the same in own, or TREE_NONE */
	struct err *e;
};

int layer_hid(struct layers *l, uint32_t dir, const char *name, struct err *e)
{
	struct layer_stack *s = l->stack;
	struct layer_hidden *h;

	if (!s)
		return 0;
	if (array_reserve(&s->hidden, &s->cap_hidden, (uint64_t)s->n_hidden + 1,
		    sizeof(*s->hidden), e) != 0)
		return -1;
	h = &s->hidden[s->n_hidden++];
	h->dir = dir;
	strcpy(h->name, name);
	return 0;
}

int layer_hid_all(struct layers *l, uint32_t dir, struct err *e)
{
	return layer_hid(l, dir, "", e);
}

/* Takes over owner, mode, time and xattrs; remembers where it is from. */
static int copy_inode(struct taking *t, uint32_t from, uint32_t inode)
{
	const struct tree *all = t->all;
	struct tree *own = t->own->tree;
	const uint32_t *list = all->refs + all->inodes[from].xattrs;
	struct tree_meta meta;

	tree_get_meta(all, from, &meta);
	tree_set_meta(own, inode, &meta);
	for (uint32_t i = 1; i <= list[0]; i++) {
		const struct tree_pair *p = &all->pairs[list[i]];

		if (xattr_set_own(own, inode, (const char *)all->pool + p->key,
			    all->pool + p->value, p->value_size, t->e) != 0)
			return -1;
	}
	t->to[from] = inode;
	while (t->own->n_from <= inode) {
		if (array_reserve(&t->own->from, &t->own->cap_from,
			    (uint64_t)t->own->n_from + 1, sizeof(*t->own->from),
			    t->e) != 0)
			return -1;
		t->own->from[t->own->n_from++] = TREE_NONE;
	}
	t->own->from[inode] = from;
	if (!tree_type(all, from, S_IFLNK))
		return 0;
	return tree_set_target(own, inode, tree_target(all, from), t->e);
}

static int take_entry(struct taking *t, const struct tree_entry *entry)
{
	const char *name = (const char *)t->all->pool + entry->name + 1;
	uint32_t dir = t->to[entry->parent], inode = t->to[entry->inode];
	struct tree_meta meta;

	if (inode != TREE_NONE)
		return tree_link(t->own->tree, dir, name, inode, t->e);
	tree_get_meta(t->all, entry->inode, &meta);
	if (tree_add(t->own->tree, dir, name, &meta, &inode, t->e) != 0)
		return -1;
	return copy_inode(t, entry->inode, inode);
}

/* A directory's entry is before those of what is in it, always. */
static int take_entries(struct taking *t)
{
	const struct tree *all = t->all;

	for (uint32_t i = all->n_entries; i-- > 0;) {
		uint32_t inode = all->entries[i].inode;

		if (inode != TREE_NONE &&
			(t->needed[inode] || layer_has(t->l, inode)))
			t->needed[all->entries[i].parent] = true;
	}
	if (copy_inode(t, TREE_ROOT, TREE_ROOT) != 0)
		return -1;
	for (uint32_t i = 0; i < all->n_entries; i++) {
		uint32_t inode = all->entries[i].inode;

		if (inode != TREE_NONE &&
			(t->needed[inode] || layer_has(t->l, inode)) &&
			take_entry(t, &all->entries[i]) != 0)
			return -1;
	}
	return 0;
}

/* The image has whiteouts of the names 00 to ff in its root in any case. */
static bool is_stub(uint32_t dir, const char *name)
{
	const char digits[] = "0123456789abcdef";

	return dir == TREE_ROOT && strlen(name) == 2 &&
	       strspn(name, digits) == 2;
}

static int take_hidden(struct taking *t, const struct layer_hidden *h)
{
	uint32_t dir = t->to[h->dir], child;

	/* The directory may be gone by now, and what was in it with it. */
	if (t->all->inodes[h->dir].links == 0)
		return 0;
	if (h->name[0] == '\0') {
		tree_set_opaque(t->own->tree, dir);
		return 0;
	}
	if (!t->below[h->dir])
		return 0;
	child = tree_child(t->own->tree, dir, h->name);
	if (child == TREE_NONE)
		return is_stub(dir, h->name)
			       ? 0
			       : tree_hide(t->own->tree, dir, h->name, t->e);
	/* A file hides what is below it as it is. */
	if (tree_type(t->own->tree, child, S_IFDIR))
		tree_set_opaque(t->own->tree, child);
	return 0;
}

/*
 * overlayfs lists a directory that only one layer has as it is, with the
 * whiteouts in it, which then cannot be opened: there may be none. Inodes
 * are counted on, and a directory is never moved: its parent is before it.
 */
static void find_below(struct taking *t, const struct layer_stack *s)
{
	const struct tree *all = t->all;

	t->below[TREE_ROOT] = s->n > 1;
	for (uint32_t i = TREE_ROOT + 1; i < t->l->first; i++)
		t->below[i] =
			all->inodes[i].links && tree_type(all, i, S_IFDIR);
	for (uint32_t i = 0; i < s->n_hidden; i++)
		if (s->hidden[i].name[0] == '\0')
			t->below[s->hidden[i].dir] = false;
	for (uint32_t i = TREE_ROOT + 1; i < t->l->first; i++)
		if (t->below[i])
			t->below[i] = t->below[tree_parent(all, i)];
}

static int take(struct taking *t, const struct layer_stack *s)
{
	find_below(t, s);
	for (uint32_t i = 0; i < s->n_hidden; i++)
		if (t->all->inodes[s->hidden[i].dir].links)
			t->needed[s->hidden[i].dir] = true;
	if (take_entries(t) != 0)
		return -1;
	for (uint32_t i = 0; i < s->n_hidden; i++)
		if (take_hidden(t, &s->hidden[i]) != 0)
			return -1;
	return 0;
}

int layer_stack_take(struct layers *l, struct err *e)
{
	struct taking t = { .l = l, .all = l->tree, .e = e };
	struct layer_stack *s = l->stack;
	size_t n = l->tree->n_inodes;
	int r = -1;

	if (array_reserve(&s->list, &s->cap, (uint64_t)s->n + 1,
		    sizeof(*s->list), e) != 0)
		return -1;
	t.own = &s->list[s->n++];
	memset(t.own, 0, sizeof(*t.own));
	t.own->tree = tree_new(l->tree->algorithm);
	t.needed = calloc(n, sizeof(*t.needed));
	t.below = calloc(n, sizeof(*t.below));
	t.to = malloc(n * sizeof(*t.to));
	if (t.own->tree && t.needed && t.below && t.to) {
		memset(t.to, 0xff, n * sizeof(*t.to));
		r = take(&t, s);
	} else {
		err_set(e, REASON_FAILED, "layer: out of memory");
	}
	s->n_hidden = 0;
	free(t.needed);
	free(t.below);
	free(t.to);
	return r;
}

static int fill(struct tree *own, uint32_t inode, const struct tree *all,
	uint32_t from, struct err *e)
{
	uint64_t size = tree_size(all, from);
	struct digest d;

	if (tree_object(all, from, &d))
		return tree_set_object(own, inode, size, &d, e);
	return size ? tree_set_content(
			      own, inode, tree_content(all, from), size, e)
		    : 0;
}

int layer_stack_fill(
	struct layer_stack *s, const struct tree *all, struct err *e)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct layer_tree *own = &s->list[i];

		for (uint32_t k = 0; k < own->n_from; k++)
			if (own->from[k] != TREE_NONE &&
				tree_type(all, own->from[k], S_IFREG) &&
				fill(own->tree, k, all, own->from[k], e) != 0)
				return -1;
	}
	return 0;
}

void layer_stack_free(struct layer_stack *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		tree_free(s->list[i].tree);
		free(s->list[i].from);
	}
	free(s->list);
	free(s->hidden);
	memset(s, 0, sizeof(*s));
}
