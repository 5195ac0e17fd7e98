/* SPDX-License-Identifier: MIT */
#include "tool/write.h"

#include <endian.h>

#include "tool/write_out.h"

struct writer {
	struct layout *l;
	struct out *out;
	uint32_t next_block; /* address of the next data block to give out */
};

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

	out_small(w->out, &header, sizeof(header));
	out_pad_to(w->out, EROFS_SUPER_OFFSET);
	out_small(w->out, &super, sizeof(super));
}

static void put_xattr(struct writer *w, const struct xattr *x)
{
	const struct erofs_xattr_entry entry = {
		.name_size = x->name.size,
		.name_index = x->name.prefix,
		.value_size = htole16((uint16_t)x->value_size),
	};

	out_small(w->out, &entry, sizeof(entry));
	out_small(w->out, x->key + x->name.skip, x->name.size);
	if (x->value_size <= OUT_ROOM)
		out_small(w->out, x->value, x->value_size);
	else
		out_put(w->out, x->value, x->value_size);
	out_align(w->out, sizeof(uint32_t));
}

/* A bit that is 0 tells the kernel to look for such a name. */
static uint32_t name_filter(const struct layout *l)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < l->n_xattrs; i++)
		bits |= 1u << l->xattrs[i].name.bit;
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
	out_small(w->out, &header, sizeof(header));
	for (uint32_t i = 0; i < l->n_xattrs; i++) {
		uint32_t place = htole32(base + l->xattrs[i].shared);

		if (l->xattrs[i].shared != TREE_NONE)
			out_small(w->out, &place, sizeof(place));
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

/*
 * n names of the directory from the k-th on, which take size bytes, as one
 * block or tail has them.
 */
static void put_names(
	struct writer *w, uint32_t dir, uint64_t k, uint64_t n, uint32_t size)
{
	const struct tree *t = w->l->tree;
	uint8_t *start = out_room(w->out, size), *p = start;
	size_t nameoff = n * sizeof(struct erofs_dirent);

	for (uint64_t i = k; i < k + n; i++) {
		struct child c = child_at(t, dir, i);
		struct erofs_dirent entry = {
			.nid = htole64(w->l->places[c.inode].nid),
			.nameoff = htole16((uint16_t)nameoff),
			.file_type = file_type(t->inodes[c.inode].mode),
		};

		memcpy(p, &entry, sizeof(entry));
		memcpy(start + nameoff, c.name, c.name_size);
		p += sizeof(entry);
		nameoff += c.name_size;
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
			put_names(w, dir, k, n, size);
			if (!tail)
				out_align(w->out, EROFS_BLOCK);
		}
		k += n;
	}
}

/* A chunk table: no chunk is in the image. */
static void put_holes(struct writer *w, uint64_t n)
{
	const uint32_t hole = EROFS_CHUNK_HOLE;

	while (n--)
		out_small(w->out, &hole, sizeof(hole));
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
		out_put(w->out, t->pool + i->payload + i->size - tail, tail);
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

		out_small(w->out, &c, sizeof(c));
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

		out_small(w->out, &x, sizeof(x));
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
		out_put(w->out, t->pool + i->payload, i->size - p->tail);
	out_align(w->out, EROFS_BLOCK);
}

static int write_all(struct writer *w, unsigned version, struct err *e)
{
	struct layout *l = w->l;
	const struct tree *t = l->tree;
	struct out *o = w->out;

	put_super(w, version);
	for (uint32_t k = 0; k < t->n_order && !o->failed; k++) {
		if (layout_xattrs(l, t->order[k], e) != 0)
			return -1;
		layout_values(l, t->order[k]);
		out_pad_to(
			o, (uint64_t)l->places[t->order[k]].nid * EROFS_SLOT);
		put_inode(w, t->order[k], k);
	}
	out_pad_to(o, l->inodes_end);
	for (uint32_t i = 0; i < l->n_shared && !o->failed; i++) {
		struct xattr x;

		shared_get(l, &l->shared[i], &x);
		put_xattr(w, &x);
	}
	out_pad_to(o, l->data_start);
	for (uint32_t k = 0; k < t->n_order && !o->failed; k++)
		put_blocks(w, t->order[k]);
	return 0;
}

int layout_write(struct layout *l, unsigned version,
	const struct image_sink *sink, struct err *e)
{
	struct out out;
	struct writer w = {
		.l = l,
		.out = &out,
		.next_block = (uint32_t)(l->data_start / EROFS_BLOCK),
	};
	bool abort =
		out_open(&out, sink, e) != 0 || write_all(&w, version, e) != 0;

	return out_close(&out, abort, e);
}
