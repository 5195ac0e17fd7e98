/* SPDX-License-Identifier: MIT */
#include "tool/layout.h"

#include <stdlib.h>
#include <string.h>

#define CHUNKS_MAX 1024 /* their indices fill one block */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

unsigned chunk_bits(uint64_t size, uint64_t *n_chunks)
{
	/* The smallest power of two that is not below the size. */
	unsigned bits = size > 1 ? 64 - __builtin_clzll(size - 1) : 0;

	if (bits < EROFS_BLOCK_BITS)
		bits = EROFS_BLOCK_BITS;
	if (bits > EROFS_CHUNK_BITS_MAX)
		bits = EROFS_CHUNK_BITS_MAX;
	*n_chunks = ((size - 1) >> bits) + 1;
	return bits;
}

uint64_t directory_chunk(
	const struct tree *t, uint32_t dir, uint64_t k, uint32_t *size)
{
	uint64_t n = t->inodes[dir].size, first = k;

	*size = 0;
	for (; k < n; k++) {
		uint32_t one = (uint32_t)sizeof(struct erofs_dirent) +
			       child_at(t, dir, k).name_size;

		if (*size + one > EROFS_BLOCK)
			break;
		*size += one;
	}
	return k - first;
}

/* A tail of more than half a block takes a block instead. */
static void set_size(struct place *p, uint64_t blocks, uint32_t tail)
{
	if (tail > EROFS_BLOCK / 2) {
		blocks++;
		tail = 0;
	}
	p->blocks = (uint32_t)blocks;
	p->tail = (uint16_t)tail;
}

static void size_directory(const struct tree *t, uint32_t dir, struct place *p)
{
	uint64_t k = 0, blocks = 0;
	uint32_t size = 0;

	for (;;) {
		k += directory_chunk(t, dir, k, &size);
		if (k == t->inodes[dir].size)
			break;
		blocks++;
	}
	set_size(p, blocks, size);
}

static int size_object(
	struct layout *l, uint32_t inode, struct place *p, struct err *e)
{
	uint64_t n;
	char path[512];

	chunk_bits(l->tree->inodes[inode].size, &n);
	if (n > CHUNKS_MAX) {
		tree_path(l->tree, inode, path, sizeof(path));
		return err_set(e, REASON_FAILED,
			"%s: expected at most %d chunks of 8 TiB, found a file "
			"of %llu bytes",
			path, CHUNKS_MAX,
			(unsigned long long)l->tree->inodes[inode].size);
	}
	p->tail = (uint16_t)(n * sizeof(uint32_t));
	return 0;
}

static int size_inode(
	struct layout *l, uint32_t inode, struct place *p, struct err *e)
{
	const struct tree *t = l->tree;
	const struct tree_inode *i = &t->inodes[inode];

	p->blocks = 0;
	p->tail = 0;
	if (tree_type(t, inode, S_IFDIR))
		size_directory(t, inode, p);
	else if (tree_type(t, inode, S_IFLNK))
		p->tail = (uint16_t)i->size;
	else if (i->is_object)
		return size_object(l, inode, p, e);
	else if (tree_type(t, inode, S_IFREG))
		set_size(p, i->size / EROFS_BLOCK, i->size % EROFS_BLOCK);
	return 0;
}

static bool is_compact(
	const struct layout *l, uint32_t inode, const struct place *p)
{
	const struct tree_inode *i = &l->tree->inodes[inode];
	uint64_t size = i->size;

	if (tree_type(l->tree, inode, S_IFDIR))
		size = (uint64_t)p->blocks * EROFS_BLOCK + p->tail;
	return i->mtime == l->build_time &&
	       i->mtime_nsec == l->build_time_nsec && i->links <= UINT16_MAX &&
	       i->uid <= UINT16_MAX && i->gid <= UINT16_MAX &&
	       size <= UINT32_MAX;
}

/*
 * The kernel reads a symbolic link's target from the block of its inode;
 * it goes to a block of its own only where both can never share one. The
 * inode is at the start of a block then, though it need not be.
 */
static uint64_t pad_symlink(struct place *p, uint64_t pos, uint64_t head)
{
	uint64_t total = head + p->tail, pad = 0;

	if (pos / EROFS_BLOCK != (pos + total - 1) / EROFS_BLOCK)
		pad = round_up(pos, EROFS_BLOCK) - pos;
	if (total >= EROFS_BLOCK) {
		p->blocks = 1;
		p->tail = 0;
	}
	return pad;
}

/*
 * Bytes to skip before an inode at pos, whose head (with its xattrs) has so
 * many bytes, lest its tail cross a block boundary. If that cannot be had
 * (a chunk table of nearly 4096 bytes) the inode is at the start of a block
 * and its tail becomes a block.
 */
static uint64_t pad_inode(struct place *p, uint64_t pos, uint64_t head)
{
	uint64_t room = EROFS_BLOCK - (pos + head) % EROFS_BLOCK;
	uint64_t pad;

	if (room >= p->tail)
		return 0;
	pad = round_up(room, EROFS_SLOT);
	room = EROFS_BLOCK - (pos + head + pad) % EROFS_BLOCK;
	if (room >= p->tail)
		return pad;
	p->blocks++;
	p->tail = 0;
	return round_up(pos, EROFS_BLOCK) - pos;
}

static int place_inode(
	struct layout *l, uint32_t inode, uint64_t *pos, struct err *e)
{
	struct place *p = &l->places[inode];
	uint32_t n_shared;
	uint64_t head, xattrs;

	if (size_inode(l, inode, p, e) != 0 || layout_xattrs(l, inode, e) != 0)
		return -1;
	p->compact = is_compact(l, inode, p);
	xattrs = layout_xattr_size(l, &n_shared);
	head = xattrs + (p->compact ? sizeof(struct erofs_inode_compact)
				    : sizeof(struct erofs_inode_extended));
	*pos = round_up(*pos, EROFS_SLOT);
	if (tree_type(l->tree, inode, S_IFLNK))
		*pos += pad_symlink(p, *pos, head);
	else
		*pos += pad_inode(p, *pos, head);
	if (*pos / EROFS_SLOT > UINT32_MAX)
		return err_set(e, REASON_FAILED,
			"image: expected at most 128 GiB of inodes, found "
			"more");
	p->nid = (uint32_t)(*pos / EROFS_SLOT);
	*pos += head + p->tail;
	l->n_blocks += p->blocks;
	return 0;
}

/* The smallest mtime becomes the image's, and is not stored again. */
static void find_build_time(struct layout *l)
{
	const struct tree *t = l->tree;

	l->build_time = t->inodes[TREE_ROOT].mtime;
	l->build_time_nsec = t->inodes[TREE_ROOT].mtime_nsec;
	for (uint32_t k = 0; k < t->n_order; k++) {
		const struct tree_inode *i = &t->inodes[t->order[k]];

		if (i->mtime > l->build_time ||
			(i->mtime == l->build_time &&
				i->mtime_nsec >= l->build_time_nsec))
			continue;
		l->build_time = i->mtime;
		l->build_time_nsec = i->mtime_nsec;
	}
}

static void find_acl(struct layout *l)
{
	const struct tree *t = l->tree;

	for (uint32_t i = 0; i < t->n_pairs; i++) {
		const char *key = (const char *)t->pool + t->pairs[i].key;

		if (t->pairs[i].uses &&
			(strcmp(key, "system.posix_acl_access") == 0 ||
				strcmp(key, "system.posix_acl_default") == 0))
			l->has_acl = true;
	}
}

/* As mkcomposefs has it: 2 and the subdirectories, for a directory. */
static void count_directory_links(struct tree *t)
{
	for (uint32_t k = 0; k < t->n_order; k++)
		if (tree_type(t, t->order[k], S_IFDIR))
			t->inodes[t->order[k]].links = 2;
	for (uint32_t k = 1; k < t->n_order; k++)
		if (tree_type(t, t->order[k], S_IFDIR))
			t->inodes[tree_parent(t, t->order[k])].links++;
}

int layout_make(struct layout *l, struct tree *t, struct err *e)
{
	uint64_t pos = EROFS_SUPER_OFFSET + sizeof(struct erofs_super);

	memset(l, 0, sizeof(*l));
	l->tree = t;
	l->places = malloc((size_t)t->n_inodes * sizeof(*l->places));
	if (!l->places)
		return err_set(e, REASON_FAILED, "image: out of memory");
	count_directory_links(t);
	find_build_time(l);
	if (layout_share(l, e) != 0)
		return -1;
	find_acl(l);
	for (uint32_t k = 0; k < t->n_order; k++)
		if (place_inode(l, t->order[k], &pos, e) != 0)
			return -1;
	l->inodes_end = round_up(pos, EROFS_SLOT);
	l->data_start = round_up(l->inodes_end + l->shared_size, EROFS_BLOCK);
	if (l->data_start / EROFS_BLOCK + l->n_blocks > UINT32_MAX)
		return err_set(e, REASON_FAILED,
			"image: expected at most 16 TiB, found more");
	return 0;
}

void layout_free(struct layout *l)
{
	free(l->places);
	free(l->objects);
	free(l->shared);
	free(l->xattrs);
	memset(l, 0, sizeof(*l));
}
