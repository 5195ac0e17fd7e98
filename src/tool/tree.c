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
	free(t->objects);
	free(t->digests);
	free(t->nlinks);
	free(t->backings);
	free(t->children);
	free(t->order);
	index_free(&t->by_name);
	index_free(&t->by_pair);
	index_free(&t->by_digest);
	free(t);
}

static uint64_t name_hash(const struct tree *t, uint32_t entry)
{
	return hash_bytes(t->entries[entry].parent, entry_name(t, entry),
		entry_name_size(t, entry));
}

/* Where the index has the name, or would have it. */
static uint32_t *name_slot(
	const struct tree *t, uint32_t dir, const char *name, size_t n)
{
	uint32_t mask = t->by_name.size - 1;
	uint32_t at = (uint32_t)hash_bytes(dir, name, n) & mask;

	for (; t->by_name.slots[at]; at = (at + 1) & mask) {
		uint32_t entry = t->by_name.slots[at] - 1;

		if (t->entries[entry].parent == dir &&
			entry_name_size(t, entry) == n &&
			memcmp(entry_name(t, entry), name, n) == 0)
			break;
	}
	return &t->by_name.slots[at];
}

/* A scan knows that its names are new: the index waits for who asks. */
static int index_names(struct tree *t, uint32_t more, struct err *e)
{
	uint32_t first = t->by_name.used;

	if (index_reserve(&t->by_name, t->n_entries - first + more, name_hash,
		    t, e) != 0)
		return -1;
	for (uint32_t i = first; i < t->n_entries; i++) {
		uint32_t *slot = name_slot(t, t->entries[i].parent,
			entry_name(t, i), entry_name_size(t, i));

		/* A name twice is found when the tree is frozen. */
		if (!*slot)
			*slot = i + 1;
	}
	t->by_name.used = t->n_entries;
	return 0;
}

/* The entry, which may be a removed one, or TREE_NONE. */
static uint32_t find(struct tree *t, uint32_t dir, const char *name, size_t n)
{
	struct err e;

	if (index_names(t, 0, &e) != 0)
		return TREE_NONE;
	return *name_slot(t, dir, name, n) - 1;
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
	if ((meta->mode & S_IFMT) == S_IFDIR)
		i->payload = TREE_NONE;
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

int entry_append(struct tree *t, uint32_t dir, const char *name, uint32_t inode,
	struct err *e)
{
	uint8_t n = (uint8_t)strlen(name);
	struct tree_entry *entry;
	uint32_t at, rest;

	if (array_reserve(&t->entries, &t->cap_entries,
		    (uint64_t)t->n_entries + 1, sizeof(*t->entries), e) != 0 ||
		pool_add(t, &n, 1, &at, e) != 0 ||
		pool_add(t, name, n + 1, &rest, e) != 0)
		return -1;
	entry = &t->entries[t->n_entries];
	entry->parent = dir;
	entry->name = at;
	entry->inode = inode;
	entry->next = t->inodes[dir].payload;
	t->inodes[dir].payload = t->n_entries;
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
		strchr(name, '/'))
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
	if (index_names(t, 1, e) != 0)
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
