/* SPDX-License-Identifier: MIT */
#include "tool/tree.h"

#include <stdlib.h>
#include <string.h>

#include "tool/tree_private.h"

struct tree *tree_new(enum hash_algorithm algorithm)
{
	const struct tree_meta root = { .mode = S_IFDIR | 0755 };
	struct tree *t = calloc(1, sizeof(*t));
	uint32_t inode, zero;
	struct err e;

	if (!t)
		return NULL;
	t->algorithm = algorithm;
	t->digest_size = algorithm == HASH_SHA512 ? 64 : 32;
	/* Place 0 of the pool and of refs[] stands for nothing. */
	if (pool_add(t, "", 1, &zero, &e) != 0 ||
		array_reserve(
			&t->refs, &t->cap_refs, 1, sizeof(*t->refs), &e) != 0 ||
		inode_new(t, &root, &inode, &e) != 0) {
		tree_free(t);
		return NULL;
	}
	t->refs[0] = 0;
	t->n_refs = 1;
	t->inodes[TREE_ROOT].links = 1;
	t->live_inodes = 1;
	t->live_entries = 1;
	return t;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	free(t->inodes);
	free(t->entries);
	free(t->pool);
	free(t->refs);
	free(t->pairs);
	free(t->digests);
	free(t->nlinks);
	free(t->backings);
	free(t->children);
	free(t->order);
	index_free(&t->by_name);
	index_free(&t->by_pair);
	free(t);
}

/* Where the index has the name, or would have it. */
static struct tree_slot *name_slot(const struct tree *t, uint32_t hash,
	uint32_t dir, const char *name, size_t n)
{
	uint32_t mask = t->by_name.size - 1, at = hash & mask;

	for (; t->by_name.slots[at].element; at = (at + 1) & mask) {
		uint32_t entry = t->by_name.slots[at].element - 1;

		if (t->by_name.slots[at].hash == hash &&
			t->entries[entry].parent == dir &&
			entry_name_size(t, entry) == n &&
			memcmp(entry_name(t, entry), name, n) == 0)
			break;
	}
	return &t->by_name.slots[at];
}

/*
 * Who knows that his names are new does not need the index: it waits for who
 * asks.
 */
static int index_names(struct tree *t, struct err *e)
{
	if (index_reserve(&t->by_name, t->n_entries - t->n_indexed, e) != 0)
		return -1;
	for (uint32_t i = t->n_indexed; i < t->n_entries; i++) {
		uint32_t dir = t->entries[i].parent;
		const char *name = entry_name(t, i);
		size_t n = entry_name_size(t, i);
		uint32_t hash = (uint32_t)hash_bytes(dir, name, n);
		struct tree_slot *slot = name_slot(t, hash, dir, name, n);

		/* A name twice is found when the tree is frozen. */
		if (!slot->element)
			index_put(&t->by_name, slot, hash, i);
	}
	t->n_indexed = t->n_entries;
	return 0;
}

/* The entry, which may be a removed one, or TREE_NONE. */
static uint32_t find(struct tree *t, uint32_t dir, const char *name, size_t n)
{
	uint32_t hash = (uint32_t)hash_bytes(dir, name, n);
	struct err e;

	if (index_names(t, &e) != 0)
		return TREE_NONE;
	return name_slot(t, hash, dir, name, n)->element - 1;
}

static uint32_t child(struct tree *t, uint32_t dir, const char *name, size_t n)
{
	uint32_t entry = find(t, dir, name, n);

	return entry == TREE_NONE ? TREE_NONE : t->entries[entry].inode;
}

uint32_t tree_child(struct tree *t, uint32_t dir, const char *name)
{
	return child(t, dir, name, strlen(name));
}

uint32_t tree_lookup(struct tree *t, const char *path)
{
	uint32_t at = TREE_ROOT;

	while (at != TREE_NONE) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0)
			return at;
		at = child(t, at, path, n);
		path += n;
	}
	return TREE_NONE;
}

int inode_new(struct tree *t, const struct tree_meta *meta, uint32_t *inode,
	struct err *e)
{
	struct tree_inode *i;

	if (array_reserve(&t->inodes, &t->cap_inodes, (uint64_t)t->n_inodes + 1,
		    sizeof(*t->inodes), e) != 0)
		return -1;
	*inode = t->n_inodes++;
	i = &t->inodes[*inode];
	memset(i, 0, sizeof(*i));
	i->entry = TREE_NONE;
	if ((meta->mode & S_IFMT) == S_IFDIR) {
		i->payload = TREE_NONE;
		i->ordered = true;
	}
	tree_set_meta(t, *inode, meta);
	return 0;
}

int inode_clone(struct tree *t, uint32_t from, uint32_t *inode, struct err *e)
{
	struct tree_meta meta;
	struct tree_inode *i;
	uint32_t n = t->refs[t->inodes[from].xattrs];

	tree_get_meta(t, from, &meta);
	if (inode_new(t, &meta, inode, e) != 0 ||
		array_reserve(&t->refs, &t->cap_refs,
			(uint64_t)t->n_refs + n + 1, sizeof(*t->refs), e) != 0)
		return -1;
	i = &t->inodes[*inode];
	*i = t->inodes[from];
	i->links = 0;
	i->entry = TREE_NONE;
	/* A list is changed in place, so each inode has its own. */
	if (n) {
		memcpy(t->refs + t->n_refs, t->refs + i->xattrs,
			(n + 1) * sizeof(*t->refs));
		i->xattrs = t->n_refs;
		t->n_refs += n + 1;
	}
	return 0;
}

/*
 * Does the name come after all that the directory ever had? Then it is new,
 * which is known without the index: most sources are sorted.
 */
static bool is_behind(const struct tree *t, uint32_t dir, const char *name)
{
	const struct tree_inode *i = &t->inodes[dir];

	return i->ordered &&
	       (i->payload == TREE_NONE ||
		       strcmp(entry_name(t, i->payload), name) < 0);
}

int entry_append(struct tree *t, uint32_t dir, const char *name, uint32_t inode,
	struct err *e)
{
	size_t n = strlen(name);
	struct tree_entry *entry;

	if (array_reserve(&t->entries, &t->cap_entries,
		    (uint64_t)t->n_entries + 1, sizeof(*t->entries), e) != 0 ||
		array_reserve(&t->pool, &t->cap_pool,
			(uint64_t)t->n_pool + n + 2, 1, e) != 0)
		return -1;
	t->inodes[dir].ordered = is_behind(t, dir, name);
	entry = &t->entries[t->n_entries];
	entry->parent = dir;
	entry->name = t->n_pool;
	entry->inode = inode;
	entry->next = t->inodes[dir].payload;
	t->inodes[dir].payload = t->n_entries;
	t->pool[t->n_pool] = (uint8_t)n;
	memcpy(t->pool + t->n_pool + 1, name, n + 1);
	t->n_pool += (uint32_t)n + 2;
	t->live_entries++;
	if (t->inodes[inode].links++ == 0) {
		t->live_inodes++;
		t->inodes[inode].entry = t->n_entries;
	} else {
		t->has_links = true;
	}
	t->n_entries++;
	return 0;
}

static int check_name(struct tree *t, uint32_t dir, const char *name,
	uint32_t *old, struct err *e)
{
	size_t n = strlen(name);

	*old = TREE_NONE;
	if (n == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		memchr(name, '/', n))
		return err_set(e, REASON_FAILED,
			"%s: expected a file name, found \"%s\"", name, name);
	if (n > TREE_NAME_MAX)
		return err_set(e, REASON_FAILED,
			"%.40s...: expected a name of at most %d bytes, found "
			"%zu",
			name, TREE_NAME_MAX, n);
	if (!tree_type(t, dir, S_IFDIR))
		return err_set(e, REASON_FAILED,
			"%s: expected a directory above it, found another type",
			name);
	if (is_behind(t, dir, name))
		return 0;
	if (index_names(t, e) != 0)
		return -1;
	*old = find(t, dir, name, n);
	if (*old != TREE_NONE && t->entries[*old].inode != TREE_NONE)
		return err_set(e, REASON_FAILED,
			"%s: expected no such entry in the directory, found "
			"one",
			name);
	return 0;
}

static int check_type(const char *name, uint32_t mode, struct err *e)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	default:
		return err_set(e, REASON_FAILED,
			"%s: expected a mode with a file type, found %o", name,
			mode);
	}
}

/* The name is new, or its place is that of an entry that was removed. */
static int entry_put(struct tree *t, uint32_t dir, const char *name,
	uint32_t old, uint32_t inode, struct err *e)
{
	if (old == TREE_NONE)
		return entry_append(t, dir, name, inode, e);
	t->entries[old].inode = inode;
	t->live_entries++;
	if (t->inodes[inode].links++ == 0) {
		t->live_inodes++;
		t->inodes[inode].entry = old;
	} else {
		t->has_links = true;
	}
	return 0;
}

int tree_add(struct tree *t, uint32_t dir, const char *name,
	const struct tree_meta *meta, uint32_t *inode, struct err *e)
{
	uint32_t old;

	if (check_type(name, meta->mode, e) != 0 ||
		check_name(t, dir, name, &old, e) != 0 ||
		inode_new(t, meta, inode, e) != 0)
		return -1;
	return entry_put(t, dir, name, old, *inode, e);
}

int tree_link(struct tree *t, uint32_t dir, const char *name, uint32_t inode,
	struct err *e)
{
	uint32_t old;

	if (tree_type(t, inode, S_IFDIR))
		return err_set(e, REASON_FAILED,
			"%s: expected a hard link to a file, found one to a "
			"directory",
			name);
	if (check_name(t, dir, name, &old, e) != 0)
		return -1;
	return entry_put(t, dir, name, old, inode, e);
}

static void unlink_entry(struct tree *t, uint32_t entry)
{
	struct tree_inode *i = &t->inodes[t->entries[entry].inode];

	t->entries[entry].inode = TREE_NONE;
	t->live_entries--;
	if (--i->links == 0)
		t->live_inodes--;
}

/*
 * Goes through the tree below without a stack: a directory's own list of
 * entries is used up while it is emptied.
 */
static void empty_directory(struct tree *t, uint32_t top)
{
	uint32_t dir = top;

	for (;;) {
		uint32_t entry = t->inodes[dir].payload;
		uint32_t inode;

		if (entry == TREE_NONE) {
			if (dir == top)
				return;
			dir = t->entries[t->inodes[dir].entry].parent;
			continue;
		}
		t->inodes[dir].payload = t->entries[entry].next;
		inode = t->entries[entry].inode;
		if (inode == TREE_NONE)
			continue;
		unlink_entry(t, entry);
		if (tree_type(t, inode, S_IFDIR))
			dir = inode;
	}
}

bool tree_remove(struct tree *t, uint32_t dir, const char *name)
{
	uint32_t entry = find(t, dir, name, strlen(name));
	uint32_t inode;

	if (entry == TREE_NONE || t->entries[entry].inode == TREE_NONE)
		return false;
	inode = t->entries[entry].inode;
	unlink_entry(t, entry);
	if (tree_type(t, inode, S_IFDIR))
		empty_directory(t, inode);
	return true;
}
