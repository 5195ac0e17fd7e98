/* SPDX-License-Identifier: MIT */
/* What one inode of a tree is: set and asked. */
#include <string.h>

#include "tool/tree_private.h"

void tree_get_meta(const struct tree *t, uint32_t inode, struct tree_meta *meta)
{
	const struct tree_inode *i = &t->inodes[inode];

	memset(meta, 0, sizeof(*meta));
	meta->mode = i->mode;
	meta->uid = i->uid;
	meta->gid = i->gid;
	meta->mtime = i->mtime;
	meta->mtime_nsec = i->mtime_nsec;
	if (tree_type(t, inode, S_IFCHR) || tree_type(t, inode, S_IFBLK))
		meta->rdev = i->payload;
}

void tree_set_meta(struct tree *t, uint32_t inode, const struct tree_meta *meta)
{
	struct tree_inode *i = &t->inodes[inode];

	i->mode = (uint16_t)meta->mode;
	i->uid = meta->uid;
	i->gid = meta->gid;
	i->mtime = meta->mtime;
	i->mtime_nsec = meta->mtime_nsec;
	if (tree_type(t, inode, S_IFCHR) || tree_type(t, inode, S_IFBLK))
		i->payload = meta->rdev;
}

int tree_set_content(struct tree *t, uint32_t inode, const void *bytes,
	size_t n, struct err *e)
{
	uint32_t at;

	if (pool_add(t, bytes, n, &at, e) != 0)
		return -1;
	t->inodes[inode].payload = at;
	t->inodes[inode].size = n;
	t->inodes[inode].is_object = false;
	return 0;
}

int tree_set_object(struct tree *t, uint32_t inode, uint64_t size,
	const struct digest *d, struct err *e)
{
	if (d->algorithm != t->algorithm || d->size != t->digest_size)
		return err_set(e, REASON_FAILED,
			"object: expected a digest by %s, found one by %s",
			hash_name(t->algorithm), hash_name(d->algorithm));
	if (size == 0)
		return err_set(e, REASON_FAILED,
			"object: expected content, found an empty file");
	if (array_reserve(&t->digests, &t->cap_objects,
		    (uint64_t)t->n_objects + 1, t->digest_size, e) != 0)
		return -1;
	memcpy(t->digests + (size_t)t->n_objects * t->digest_size, d->bytes,
		t->digest_size);
	t->inodes[inode].payload = t->n_objects++;
	t->inodes[inode].size = size;
	t->inodes[inode].is_object = true;
	return 0;
}

int tree_set_target(
	struct tree *t, uint32_t inode, const char *target, struct err *e)
{
	size_t n = strlen(target);
	uint32_t at;

	if (n == 0 || n > TREE_TARGET_MAX)
		return err_set(e, REASON_FAILED,
			"symbolic link: expected a target of 1 to %d bytes, "
			"found %zu",
			TREE_TARGET_MAX, n);
	if (pool_add(t, target, n + 1, &at, e) != 0)
		return -1;
	t->inodes[inode].payload = at;
	t->inodes[inode].size = n;
	return 0;
}

int tree_hide(struct tree *t, uint32_t dir, const char *name, struct err *e)
{
	struct tree_meta meta;
	uint32_t inode;

	tree_get_meta(t, dir, &meta);
	meta.mode = S_IFCHR | 0644;
	meta.rdev = 0;
	if (tree_add(t, dir, name, &meta, &inode, e) != 0)
		return -1;
	t->inodes[inode].hides = true;
	return 0;
}

void tree_set_opaque(struct tree *t, uint32_t dir)
{
	t->inodes[dir].opaque = true;
}

const char *tree_target(const struct tree *t, uint32_t inode)
{
	if (!tree_type(t, inode, S_IFLNK))
		return NULL;
	return (const char *)t->pool + t->inodes[inode].payload;
}

uint64_t tree_size(const struct tree *t, uint32_t inode)
{
	return tree_type(t, inode, S_IFREG) ? t->inodes[inode].size : 0;
}

const void *tree_content(const struct tree *t, uint32_t inode)
{
	if (!tree_type(t, inode, S_IFREG) || t->inodes[inode].is_object)
		return NULL;
	return t->pool + t->inodes[inode].payload;
}

bool tree_object(const struct tree *t, uint32_t inode, struct digest *d)
{
	if (!tree_type(t, inode, S_IFREG) || !t->inodes[inode].is_object ||
		t->inodes[inode].payload == TREE_NONE)
		return false;
	memset(d, 0, sizeof(*d));
	d->algorithm = t->algorithm;
	d->size = t->digest_size;
	memcpy(d->bytes, object_digest(t, t->inodes[inode].payload), d->size);
	return true;
}

int tree_each(const struct tree *t, uint32_t dir,
	int (*each)(void *ctx, const char *name, uint32_t inode), void *ctx)
{
	uint32_t i = t->inodes[dir].payload;
	int r = 0;

	if (!tree_type(t, dir, S_IFDIR))
		return 0;
	for (; i != TREE_NONE && r == 0; i = t->entries[i].next)
		if (t->entries[i].inode != TREE_NONE)
			r = each(ctx, entry_name(t, i), t->entries[i].inode);
	return r;
}

uint32_t tree_inodes(const struct tree *t)
{
	return t->live_inodes;
}

uint32_t tree_entries(const struct tree *t)
{
	return t->live_entries;
}

void tree_path(const struct tree *t, uint32_t inode, char *out, size_t n)
{
	size_t at = n - 1;

	/* From the end: of a path that is too long the end says more. */
	out[at] = '\0';
	while (inode != TREE_ROOT) {
		uint32_t entry = t->inodes[inode].entry;
		size_t size = entry_name_size(t, entry);

		if (size + 5 > at) {
			at -= 3;
			memcpy(out + at, "...", 3);
			break;
		}
		at -= size;
		memcpy(out + at, entry_name(t, entry), size);
		out[--at] = '/';
		inode = t->entries[entry].parent;
	}
	memmove(out, out + at, n - at);
}
