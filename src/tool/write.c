/* SPDX-License-Identifier: MIT */
#include "tool/write.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tool/xxhash.h"

#define BUFFER (1u << 20)

struct writer {
	struct layout *l;
	const struct image_sink *sink;
	uint8_t *buffer;
	size_t used;
	uint64_t pos;
	uint32_t next_block; /* address of the next data block to give out */
	bool failed;	     /* *e says why; the rest is not written */
	struct err *e;
};

static void flush(struct writer *w)
{
	if (!w->failed && w->used &&
		w->sink->write(w->sink->ctx, w->buffer, w->used, w->e) != 0)
		w->failed = true;
	w->used = 0;
}

static void put(struct writer *w, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	w->pos += n;
	while (n) {
		size_t some = BUFFER - w->used < n ? BUFFER - w->used : n;

		memcpy(w->buffer + w->used, p, some);
		w->used += some;
		p += some;
		n -= some;
		if (w->used == BUFFER)
			flush(w);
	}
}

static void pad_to(struct writer *w, uint64_t pos)
{
	static const uint8_t zero[EROFS_BLOCK];

	while (w->pos < pos)
		put(w, zero,
			pos - w->pos < sizeof(zero) ? pos - w->pos
						    : sizeof(zero));
}

static void align(struct writer *w, uint64_t to)
{
	pad_to(w, (w->pos + to - 1) / to * to);
}

static void put_super(struct writer *w, unsigned version)
{
	const struct layout *l = w->l;
	const struct composefs_header header = {
		.magic = htole32(COMPOSEFS_MAGIC),
		.version = htole32(COMPOSEFS_HEADER_VERSION),
		.flags = htole32(l->has_acl ? COMPOSEFS_HAS_ACL : 0),
		.composefs_version = htole32(version),
	};
	const struct erofs_super super = {
		.magic = htole32(EROFS_MAGIC),
		.feature_compat =
			htole32(EROFS_COMPAT_MTIME | EROFS_COMPAT_XATTR_FILTER),
		.blkszbits = EROFS_BLOCK_BITS,
		.root_nid = htole16((uint16_t)l->places[TREE_ROOT].nid),
		.inos = htole64(l->tree->n_order),
		.build_time = htole64((uint64_t)l->build_time),
		.build_time_nsec = htole32(l->build_time_nsec),
		.blocks = htole32(
			(uint32_t)(l->data_start / EROFS_BLOCK + l->n_blocks)),
		.xattr_blkaddr =
			htole32((uint32_t)(l->inodes_end / EROFS_BLOCK)),
	};

	put(w, &header, sizeof(header));
	pad_to(w, EROFS_SUPER_OFFSET);
	put(w, &super, sizeof(super));
}

static void put_xattr(struct writer *w, const struct xattr *x)
{
	const char *rest;
	struct erofs_xattr_entry entry = {
		.name_index = xattr_prefix(x->key, &rest),
		.value_size = htole16((uint16_t)x->value_size),
	};
	size_t n = strlen(rest);

	entry.name_size = (uint8_t)n;
	put(w, &entry, sizeof(entry));
	put(w, rest, n);
	put(w, x->value, x->value_size);
	align(w, sizeof(uint32_t));
}

/* A bit that is 0 tells the kernel to look for such a name. */
static uint32_t name_filter(const struct layout *l)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < l->n_xattrs; i++) {
		const char *rest;
		uint8_t index = xattr_prefix(l->xattrs[i].key, &rest);

		bits |= 1u << (xxh32(rest, strlen(rest),
				       EROFS_XATTR_FILTER_SEED + index) &
				31);
	}
	return ~bits;
}

/* The references, whose number comes first, then the others. */
static void put_xattrs(struct writer *w, uint32_t n_shared)
{
	const struct layout *l = w->l;
	const struct erofs_xattr_header header = {
		.name_filter = htole32(name_filter(l)),
		.shared_count = (uint8_t)n_shared,
	};
	uint32_t base = (uint32_t)(l->inodes_end % EROFS_BLOCK / 4);

	if (l->n_xattrs == 0)
		return;
	put(w, &header, sizeof(header));
	for (uint32_t i = 0; i < l->n_xattrs; i++) {
		uint32_t place = htole32(base + l->xattrs[i].shared);

		if (l->xattrs[i].shared != TREE_NONE)
			put(w, &place, sizeof(place));
	}
	for (uint32_t i = 0; i < l->n_xattrs; i++)
		if (l->xattrs[i].shared == TREE_NONE)
			put_xattr(w, &l->xattrs[i]);
}

static uint8_t file_type(uint16_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 1;
	case S_IFDIR:
		return 2;
	case S_IFCHR:
		return 3;
	case S_IFBLK:
		return 4;
	case S_IFIFO:
		return 5;
	case S_IFSOCK:
		return 6;
	default:
		return 7;
	}
}

/* n names of the directory from the k-th on, as one block or tail has them. */
static void put_names(struct writer *w, uint32_t dir, uint64_t k, uint64_t n)
{
	const struct tree *t = w->l->tree;
	size_t nameoff = n * sizeof(struct erofs_dirent);

	for (uint64_t i = k; i < k + n; i++) {
		struct child c = child_at(t, dir, i);
		struct erofs_dirent entry = {
			.nid = htole64(w->l->places[c.inode].nid),
			.nameoff = htole16((uint16_t)nameoff),
			.file_type = file_type(t->inodes[c.inode].mode),
		};

		put(w, &entry, sizeof(entry));
		nameoff += c.name_size;
	}
	for (uint64_t i = k; i < k + n; i++) {
		struct child c = child_at(t, dir, i);

		put(w, c.name, c.name_size);
	}
}

/* The blocks of a directory, or what is behind them in its tail. */
static void put_directory(struct writer *w, uint32_t dir, bool tail)
{
	uint32_t blocks = w->l->places[dir].blocks, size;
	uint64_t k = 0;

	for (uint32_t i = 0; i <= blocks; i++) {
		uint64_t n = directory_chunk(w->l->tree, dir, k, &size);

		if ((i == blocks) == tail && n) {
			put_names(w, dir, k, n);
			if (!tail)
				align(w, EROFS_BLOCK);
		}
		k += n;
	}
}

/* A chunk table: no chunk is in the image. */
static void put_holes(struct writer *w, uint64_t n)
{
	const uint32_t hole = EROFS_CHUNK_HOLE;

	while (n--)
		put(w, &hole, sizeof(hole));
}

static void put_tail(struct writer *w, uint32_t inode)
{
	const struct tree *t = w->l->tree;
	const struct tree_inode *i = &t->inodes[inode];
	uint16_t tail = w->l->places[inode].tail;

	if (tail == 0)
		return;
	if (tree_type(t, inode, S_IFDIR))
		put_directory(w, inode, true);
	else if (i->is_object)
		put_holes(w, tail / sizeof(uint32_t));
	else
		put(w, t->pool + i->payload + i->size - tail, tail);
}

/* Block address, device number or chunk format: the inode's union. */
static uint32_t inode_u(struct writer *w, uint32_t inode)
{
	const struct tree *t = w->l->tree;
	const struct tree_inode *i = &t->inodes[inode];
	uint32_t blocks = w->l->places[inode].blocks, u = 0;
	uint64_t n_chunks;

	if (tree_type(t, inode, S_IFCHR) || tree_type(t, inode, S_IFBLK))
		return i->payload;
	if (blocks) {
		u = w->next_block;
		w->next_block += blocks;
	}
	if (i->is_object)
		return chunk_bits(i->size, &n_chunks) - EROFS_BLOCK_BITS;
	return u;
}

static void put_inode(struct writer *w, uint32_t inode, uint32_t number)
{
	const struct tree_inode *i = &w->l->tree->inodes[inode];
	const struct place *p = &w->l->places[inode];
	uint32_t n_shared;
	uint16_t format = i->is_object ? EROFS_CHUNK_BASED
			  : p->tail    ? EROFS_FLAT_INLINE
				       : EROFS_FLAT_PLAIN;
	uint64_t xattrs = layout_xattr_size(w->l, &n_shared);
	uint16_t icount = xattrs ? (uint16_t)((xattrs - 12) / 4 + 1) : 0;
	uint64_t size = i->size;

	if ((i->mode & S_IFMT) == S_IFDIR)
		size = (uint64_t)p->blocks * EROFS_BLOCK + p->tail;
	if (p->compact) {
		const struct erofs_inode_compact c = {
			.format = htole16(format),
			.xattr_icount = htole16(icount),
			.mode = htole16(i->mode),
			.nlink = htole16((uint16_t)i->links),
			.size = htole32((uint32_t)size),
			.u = htole32(inode_u(w, inode)),
			.ino = htole32(number),
			.uid = htole16((uint16_t)i->uid),
			.gid = htole16((uint16_t)i->gid),
		};

		put(w, &c, sizeof(c));
	} else {
		const struct erofs_inode_extended x = {
			.format = htole16(format | EROFS_EXTENDED),
			.xattr_icount = htole16(icount),
			.mode = htole16(i->mode),
			.size = htole64(size),
			.u = htole32(inode_u(w, inode)),
			.ino = htole32(number),
			.uid = htole32(i->uid),
			.gid = htole32(i->gid),
			.mtime = htole64((uint64_t)i->mtime),
			.mtime_nsec = htole32(i->mtime_nsec),
			.nlink = htole32(i->links),
		};

		put(w, &x, sizeof(x));
	}
	put_xattrs(w, n_shared);
	put_tail(w, inode);
}

static void put_blocks(struct writer *w, uint32_t inode)
{
	const struct tree *t = w->l->tree;
	const struct place *p = &w->l->places[inode];
	const struct tree_inode *i = &t->inodes[inode];

	if (p->blocks == 0)
		return;
	if (tree_type(t, inode, S_IFDIR)) {
		put_directory(w, inode, false);
		return;
	}
	/*
	 * A chunk table that could not be inline: as mkcomposefs has it,
	 * where EROFS would not look for it. Nobody reads a metacopy's data.
	 */
	if (i->is_object)
		put_holes(w, p->blocks * (EROFS_BLOCK / sizeof(uint32_t)));
	else
		put(w, t->pool + i->payload, i->size - p->tail);
	align(w, EROFS_BLOCK);
}

static int write_all(struct writer *w, unsigned version)
{
	struct layout *l = w->l;
	const struct tree *t = l->tree;

	put_super(w, version);
	for (uint32_t k = 0; k < t->n_order && !w->failed; k++) {
		if (layout_xattrs(l, t->order[k], w->e) != 0)
			return -1;
		pad_to(w, (uint64_t)l->places[t->order[k]].nid * EROFS_SLOT);
		put_inode(w, t->order[k], k);
	}
	pad_to(w, l->inodes_end);
	for (uint32_t i = 0; i < l->n_shared && !w->failed; i++) {
		struct xattr x;

		shared_get(l, &l->shared[i], &x);
		put_xattr(w, &x);
	}
	pad_to(w, l->data_start);
	for (uint32_t k = 0; k < t->n_order && !w->failed; k++)
		put_blocks(w, t->order[k]);
	flush(w);
	return w->failed ? -1 : 0;
}

int layout_write(struct layout *l, unsigned version,
	const struct image_sink *sink, struct err *e)
{
	struct writer w = {
		.l = l,
		.sink = sink,
		.buffer = malloc(BUFFER),
		.next_block = (uint32_t)(l->data_start / EROFS_BLOCK),
		.e = e,
	};
	int r;

	if (!w.buffer)
		return err_set(e, REASON_FAILED, "image: out of memory");
	r = write_all(&w, version);
	free(w.buffer);
	return r;
}
