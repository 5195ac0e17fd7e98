/* SPDX-License-Identifier: MIT */
/*
 * The tree's order: what makes one tree one image, whatever the source and
 * the order in which it was read. Nothing here recurses: a tree may be deeper
 * than a stack.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/tree_private.h"

/* The part of a name that differs in its directory, big-endian, decides. */
struct sort_name {
	uint64_t key;
	uint32_t entry;
};

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct sort_name *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(entry_name(arg, x->entry), entry_name(arg, y->entry));
}

static size_t common_prefix(
	const struct tree *t, const struct sort_name *s, uint32_t n)
{
	const char *first = entry_name(t, s[0].entry);
	size_t common = entry_name_size(t, s[0].entry);

	for (uint32_t i = 1; i < n && common; i++) {
		const char *name = entry_name(t, s[i].entry);
		size_t k = 0;

		while (k < common && name[k] == first[k])
			k++;
		common = k;
	}
	return common;
}

static uint64_t sort_key(const struct tree *t, uint32_t entry, size_t skip)
{
	const char *name = entry_name(t, entry) + skip;
	size_t n = entry_name_size(t, entry) - skip;
	uint64_t key = 0;

	for (size_t i = 0; i < 8; i++)
		key = key << 8 | (i < n ? (uint8_t)name[i] : 0);
	return key;
}

/* How many names from the first on are sorted, each there only once. */
static uint32_t sorted_run(
	struct tree *t, const struct sort_name *s, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && compare_names(&s[i - 1], &s[i], t) < 0)
		i++;
	return i;
}

/* Merges s[0..run) and s[run..n), both sorted; spare has room for the rest. */
static void merge(struct tree *t, struct sort_name *s, uint32_t run, uint32_t n,
	struct sort_name *spare)
{
	uint32_t rest = n - run;

	memcpy(spare, s + run, rest * sizeof(*s));
	while (run && rest) {
		if (compare_names(&s[run - 1], &spare[rest - 1], t) > 0)
			s[--n] = s[--run];
		else
			s[--n] = spare[--rest];
	}
	memcpy(s, spare, rest * sizeof(*s));
}

/*
 * Sorts s[0..n), with as much room to spare; refuses a name that is there
 * twice. The root's names are sorted but for the stubs at the end.
 */
static int sort_names(struct tree *t, struct sort_name *s, uint32_t n,
	struct sort_name *spare, struct err *e)
{
	size_t skip;
	uint32_t run;

	if (n < 2)
		return 0;
	skip = common_prefix(t, s, n);
	for (uint32_t i = 0; i < n; i++)
		s[i].key = sort_key(t, s[i].entry, skip);
	run = sorted_run(t, s, n);
	if (run == n)
		return 0;
	qsort_r(s + run, n - run, sizeof(*s), compare_names, t);
	merge(t, s, run, n, spare);
	run = sorted_run(t, s, n);
	if (run < n)
		return err_set(e, REASON_FAILED,
			"%s: expected each name once in its directory, "
			"found it twice",
			entry_name(t, s[run].entry));
	return 0;
}

/* Where . and .. belong among the sorted names: "-a" comes before them. */
static uint32_t place_of(const struct tree *t, const struct sort_name *s,
	uint32_t n, const char *name)
{
	uint32_t i = 0;

	while (i < n && strcmp(entry_name(t, s[i].entry), name) < 0)
		i++;
	return i;
}

static int freeze_directory(struct tree *t, uint32_t dir, struct sort_name *s,
	struct sort_name *spare, uint32_t *at, struct err *e)
{
	struct tree_inode *i = &t->inodes[dir];
	uint32_t n = 0, dot, dotdot;

	for (uint32_t x = i->payload; x != TREE_NONE; x = t->entries[x].next)
		if (t->entries[x].inode != TREE_NONE)
			s[n++].entry = x;
	/* The list is newest first: the source's own order may be sorted. */
	for (uint32_t k = 0; k < n / 2; k++) {
		uint32_t x = s[k].entry;

		s[k].entry = s[n - 1 - k].entry;
		s[n - 1 - k].entry = x;
	}
	if (!i->ordered && sort_names(t, s, n, spare, e) != 0)
		return -1;
	dot = place_of(t, s, n, ".");
	dotdot = place_of(t, s, n, "..");
	i->payload = *at;
	i->size = (uint64_t)n + 2;
	for (uint32_t k = 0; k <= n; k++) {
		if (k == dot)
			t->children[(*at)++] = CHILD_DOT;
		if (k == dotdot)
			t->children[(*at)++] = CHILD_DOTDOT;
		if (k < n)
			t->children[(*at)++] = s[k].entry;
	}
	return 0;
}

static int freeze_directories(struct tree *t, struct err *e)
{
	uint64_t total = t->live_entries;
	struct sort_name *s;
	uint32_t at = 0;
	int r = 0;

	for (uint32_t i = 0; i < t->n_inodes; i++)
		if (t->inodes[i].links && tree_type(t, i, S_IFDIR))
			total += 2;
	t->children = malloc(total * sizeof(*t->children));
	s = malloc((size_t)t->live_entries * 2 * sizeof(*s));
	if (!t->children || !s || total >= CHILD_DOTDOT)
		r = err_set(e, REASON_FAILED, "tree: out of memory");
	for (uint32_t i = 0; i < t->n_inodes && r == 0; i++)
		if (t->inodes[i].links && tree_type(t, i, S_IFDIR))
			r = freeze_directory(
				t, i, s, s + t->live_entries, &at, e);
	free(s);
	return r;
}

/* Does the source say where it is, and is it there still? */
static bool is_given(const struct tree *t, uint32_t inode)
{
	uint32_t entry = t->inodes[inode].entry;

	return t->given && entry != TREE_NONE &&
	       t->entries[entry].inode == inode;
}

/*
 * An inode with several names is at the first of them in the order of a
 * sorted walk, depth first: as composefs-info dump lists it.
 */
static int place_links(struct tree *t, struct err *e)
{
	struct step {
		uint32_t dir, k;
	} *stack = NULL;
	uint32_t depth = 1, cap = 0;

	for (uint32_t i = 0; i < t->n_inodes; i++)
		if (!tree_type(t, i, S_IFDIR) && !is_given(t, i))
			t->inodes[i].entry = TREE_NONE;
	if (array_reserve(&stack, &cap, 1, sizeof(*stack), e) != 0)
		return -1;
	stack[0] = (struct step){ TREE_ROOT, 0 };
	while (depth) {
		struct step *s = &stack[depth - 1];
		const struct tree_inode *dir = &t->inodes[s->dir];
		uint32_t entry, inode;

		if (s->k == dir->size) {
			depth--;
			continue;
		}
		entry = t->children[dir->payload + s->k++];
		if (entry == CHILD_DOT || entry == CHILD_DOTDOT)
			continue;
		inode = t->entries[entry].inode;
		if (t->inodes[inode].entry == TREE_NONE)
			t->inodes[inode].entry = entry;
		if (!tree_type(t, inode, S_IFDIR))
			continue;
		if (array_reserve(&stack, &cap, (uint64_t)depth + 1,
			    sizeof(*stack), e) != 0) {
			free(stack);
			return -1;
		}
		stack[depth++] = (struct step){ inode, 0 };
	}
	free(stack);
	return 0;
}

static int breadth_first(struct tree *t, struct err *e)
{
	t->order = malloc((size_t)t->live_inodes * sizeof(*t->order));
	if (!t->order)
		return err_set(e, REASON_FAILED, "tree: out of memory");
	t->order[t->n_order++] = TREE_ROOT;
	for (uint32_t i = 0; i < t->n_order; i++) {
		const struct tree_inode *dir = &t->inodes[t->order[i]];

		if (!tree_type(t, t->order[i], S_IFDIR))
			continue;
		for (uint64_t k = 0; k < dir->size; k++) {
			uint32_t entry = t->children[dir->payload + k];
			uint32_t inode;

			if (entry == CHILD_DOT || entry == CHILD_DOTDOT)
				continue;
			inode = t->entries[entry].inode;
			if (t->inodes[inode].entry == entry)
				t->order[t->n_order++] = inode;
		}
	}
	return 0;
}

int tree_freeze(struct tree *t, struct err *e)
{
	if (t->frozen)
		return err_set(e, REASON_FAILED,
			"tree: expected one that is not an image yet, found "
			"one that is");
	t->frozen = true;
	/* Look-ups are over; their memory is not needed any more. */
	index_free(&t->by_name);
	if (freeze_directories(t, e) != 0 ||
		(t->has_links && place_links(t, e) != 0))
		return -1;
	return breadth_first(t, e);
}
