/* SPDX-License-Identifier: MIT */
/*
 * What a source may say that is otherwise worked out from the tree: link
 * counts, which of its names a hard-linked file is stored at, and a file's
 * backing path. Kept aside, for few files have it.
 */
#include <string.h>

#include "tool/tree_private.h"

void tree_keep_given(struct tree *t)
{
	t->given = true;
}

int tree_set_nlink(
	struct tree *t, uint32_t inode, uint32_t nlink, struct err *e)
{
	if (array_reserve(&t->nlinks, &t->cap_nlinks, (uint64_t)t->n_nlinks + 1,
		    sizeof(*t->nlinks), e) != 0)
		return -1;
	t->nlinks[t->n_nlinks++] = (struct tree_nlink){ inode, nlink };
	return 0;
}

int tree_set_backing(struct tree *t, uint32_t inode, uint64_t size,
	const char *path, const struct digest *d, struct err *e)
{
	struct tree_backing b = { .inode = inode };

	if (array_reserve(&t->backings, &t->cap_backings,
		    (uint64_t)t->n_backings + 1, sizeof(*t->backings),
		    e) != 0 ||
		(path &&
			pool_add(t, path, strlen(path) + 1, &b.path, e) != 0) ||
		(d && pool_add(t, d->bytes, t->digest_size, &b.digest, e) != 0))
		return -1;
	t->backings[t->n_backings++] = b;
	t->inodes[inode].is_object = true;
	t->inodes[inode].payload = TREE_NONE;
	t->inodes[inode].size = size;
	return 0;
}

#define METACOPY "trusted.overlay.metacopy"
#define REDIRECT "trusted.overlay.redirect"

/* The value of a metacopy xattr (struct ovl_metacopy); returns its size. */
static size_t metacopy(const struct tree *t, const uint8_t *digest,
	uint8_t value[4 + DIGEST_MAX])
{
	value[0] = 0;
	value[1] = (uint8_t)(4 + t->digest_size);
	value[2] = 0;
	value[3] = (uint8_t)t->algorithm;
	memcpy(value + 4, digest, t->digest_size);
	return value[1];
}

static int set_xattrs(
	struct tree *t, const struct tree_backing *b, struct err *e)
{
	uint8_t value[4 + DIGEST_MAX];
	char path[TREE_TARGET_MAX + 2] = "/";
	size_t n = b->digest ? metacopy(t, t->pool + b->digest, value) : 0;

	if (xattr_set_own(t, b->inode, METACOPY, value, n, e) != 0)
		return -1;
	if (!b->path)
		return 0;
	strncat(path, (const char *)t->pool + b->path, TREE_TARGET_MAX);
	return xattr_set_own(t, b->inode, REDIRECT, path, strlen(path), e);
}

/* Has a file with a backing path an xattr that the object makes, too? */
static bool is_mixed(const struct tree *t, uint32_t object)
{
	const uint8_t *digest = object_digest(t, object);
	uint8_t value[4 + DIGEST_MAX];
	char path[OBJECT_PATH_MAX];
	struct digest d = { t->algorithm, t->digest_size, { 0 } };

	if (pair_lookup(t, METACOPY, value, metacopy(t, digest, value)) !=
		TREE_NONE)
		return true;
	memcpy(d.bytes, digest, d.size);
	digest_object_path(&d, path);
	return pair_lookup(t, REDIRECT, path + strlen("objects"),
		       strlen(path) - strlen("objects")) != TREE_NONE;
}

/* Then all must have it as a pair: what is shared is found by counting. */
static int set_mixed(struct tree *t, struct err *e)
{
	for (uint32_t i = 0; i < t->n_inodes; i++) {
		struct tree_backing b = { .inode = i };
		char path[OBJECT_PATH_MAX];
		struct digest d;

		if (!t->inodes[i].is_object ||
			t->inodes[i].payload == TREE_NONE ||
			!is_mixed(t, t->inodes[i].payload))
			continue;
		if (!tree_object(t, i, &d))
			continue;
		digest_object_path(&d, path);
		if (pool_add(t, d.bytes, d.size, &b.digest, e) != 0 ||
			pool_add(t, path + strlen("objects/"),
				strlen(path) - strlen("objects"), &b.path,
				e) != 0)
			return -1;
		t->inodes[i].payload = TREE_NONE;
		if (set_xattrs(t, &b, e) != 0)
			return -1;
	}
	return 0;
}

int given_xattrs(struct tree *t, struct err *e)
{
	for (uint32_t i = 0; i < t->n_backings; i++) {
		const struct tree_backing *b = &t->backings[i];
		const struct tree_inode *inode = &t->inodes[b->inode];

		/* Another content may have come since. */
		if (inode->is_object && inode->payload == TREE_NONE &&
			set_xattrs(t, b, e) != 0)
			return -1;
	}
	return t->n_backings ? set_mixed(t, e) : 0;
}

void given_nlinks(struct tree *t)
{
	if (!t->given)
		return;
	for (uint32_t i = 0; i < t->n_inodes; i++)
		if (t->inodes[i].links && !tree_type(t, i, S_IFDIR))
			t->inodes[i].links = 1;
	for (uint32_t i = 0; i < t->n_nlinks; i++)
		if (t->inodes[t->nlinks[i].inode].links)
			t->inodes[t->nlinks[i].inode].links =
				t->nlinks[i].nlink;
}
