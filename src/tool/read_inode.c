/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/erofs.h"
#include "tool/read_private.h"
#include "tool/tree.h"

#define LAYOUT (7u << 1)
#define CHUNK_BITS 0x1fu /* of a chunk format: log2 of blocks in a chunk */

struct parsed {
	uint16_t format;
	uint64_t xattrs; /* bytes */
	uint64_t head;	 /* bytes of the inode itself */
	uint32_t u;
};

static void parse_compact(const struct read_image *r, const uint8_t *p,
	struct read_stat *s, struct parsed *x)
{
	struct erofs_inode_compact c;

	memcpy(&c, p, sizeof(c));
	x->head = sizeof(c);
	x->u = le32toh(c.u);
	s->mode = le16toh(c.mode);
	s->nlink = le16toh(c.nlink);
	s->size = le32toh(c.size);
	s->uid = le16toh(c.uid);
	s->gid = le16toh(c.gid);
	s->mtime = r->build_time;
	s->mtime_nsec = r->build_time_nsec;
}

static void parse_extended(
	const uint8_t *p, struct read_stat *s, struct parsed *x)
{
	struct erofs_inode_extended c;

	memcpy(&c, p, sizeof(c));
	x->head = sizeof(c);
	x->u = le32toh(c.u);
	s->mode = le16toh(c.mode);
	s->nlink = le32toh(c.nlink);
	s->size = le64toh(c.size);
	s->uid = le32toh(c.uid);
	s->gid = le32toh(c.gid);
	s->mtime = (int64_t)le64toh(c.mtime);
	s->mtime_nsec = le32toh(c.mtime_nsec);
}

static int parse(const struct read_image *r, uint64_t at, struct read_stat *s,
	struct parsed *x, struct err *e)
{
	const uint8_t *p = r->bytes + at;
	uint16_t icount;

	if (!read_inside(r, at, sizeof(struct erofs_inode_compact)))
		return read_bad(r, at, e,
			"expected an inode inside the image, found its end");
	memcpy(&x->format, p, sizeof(x->format));
	memcpy(&icount, p + 2, sizeof(icount));
	x->format = le16toh(x->format);
	icount = le16toh(icount);
	x->xattrs = icount ? sizeof(struct erofs_xattr_header) +
				     (icount - 1u) * sizeof(uint32_t)
			   : 0;
	if (x->format & ~(EROFS_EXTENDED | LAYOUT))
		return read_bad(r, at, e,
			"expected a format that composefs uses, found 0x%x",
			x->format);
	if (!(x->format & EROFS_EXTENDED))
		parse_compact(r, p, s, x);
	else if (read_inside(r, at, sizeof(struct erofs_inode_extended)))
		parse_extended(p, s, x);
	else
		return read_bad(r, at, e,
			"expected an inode inside the image, found its end");
	if (!read_inside(r, at, x->head + x->xattrs))
		return read_bad(r, at, e,
			"expected xattrs inside the image, found its end");
	if (s->mtime_nsec >= 1000000000)
		return read_bad(r, at, e,
			"expected less than 1000000000 nanoseconds, found %u",
			s->mtime_nsec);
	return 0;
}

/* The content of a directory, file or link, where the image has it. */
static int find_data(const struct read_image *r, uint64_t at,
	const struct parsed *x, struct read_stat *s, uint64_t *own,
	struct err *e)
{
	uint64_t tail_at = at + x->head + x->xattrs;
	uint64_t blocks_at = (uint64_t)x->u * EROFS_BLOCK;
	uint64_t n = s->size;

	if ((x->format & LAYOUT) == EROFS_FLAT_INLINE) {
		n -= s->size % EROFS_BLOCK;
		s->data_size[1] = s->size % EROFS_BLOCK;
		if (!read_inside(r, tail_at, s->data_size[1]) ||
			tail_at % EROFS_BLOCK + s->data_size[1] > EROFS_BLOCK)
			return read_bad(r, at, e,
				"expected a tail of %zu bytes within its block, found the block's end",
				s->data_size[1]);
		s->data[1] = r->bytes + tail_at;
	}
	if (n && !read_inside(r, blocks_at, n))
		return read_bad(r, at, e,
			"expected %llu bytes of data in block %u, found the image's end",
			(unsigned long long)n, x->u);
	s->data[0] = n ? r->bytes + blocks_at : NULL;
	s->data_size[0] = n;
	*own += s->size;
	return 0;
}

/*
 * A list that would cross a block's end by itself is not behind its inode but
 * in a data block, which nothing names: mkcomposefs writes it there. It takes
 * more chunks than any file has.
 */
static bool is_list_elsewhere(uint64_t list, uint64_t size)
{
	return size > EROFS_BLOCK - EROFS_SLOT &&
	       list % EROFS_BLOCK + size > EROFS_BLOCK;
}

/* The chunks of an object-backed file are holes: overlayfs has the data. */
static int check_chunks(const struct read_image *r, uint64_t at,
	const struct parsed *x, const struct read_stat *s, uint64_t *own,
	struct err *e)
{
	uint64_t list = at + x->head + x->xattrs, n;
	unsigned bits = EROFS_BLOCK_BITS + (x->u & CHUNK_BITS);

	if (x->u & ~CHUNK_BITS)
		return read_bad(r, at, e,
			"expected a chunk format of 0 to 31, found %u", x->u);
	n = s->size ? ((s->size - 1) >> bits) + 1 : 0;
	if (n <= EROFS_BLOCK / sizeof(uint32_t) &&
		is_list_elsewhere(list, n * sizeof(uint32_t)))
		return 0;
	if (n > r->size / sizeof(uint32_t) ||
		!read_inside(r, list, n * sizeof(uint32_t)))
		return read_bad(r, at, e,
			"expected the addresses of %llu chunks, found the image's end",
			(unsigned long long)n);
	*own += n * sizeof(uint32_t);
	for (uint64_t i = 0; i < n; i++) {
		uint32_t chunk;

		memcpy(&chunk, r->bytes + list + i * sizeof(chunk),
			sizeof(chunk));
		if (chunk != EROFS_CHUNK_HOLE)
			return read_bad(r, at, e,
				"expected a hole, found a chunk at block %u",
				le32toh(chunk));
	}
	return 0;
}

static int check_target(const struct read_image *r, uint64_t at,
	const struct read_stat *s, struct err *e)
{
	if (s->size < 1 || s->size > TREE_TARGET_MAX)
		return read_bad(r, at, e,
			"expected a link's target of 1 to %d bytes, found %llu",
			TREE_TARGET_MAX, (unsigned long long)s->size);
	for (int i = 0; i < 2; i++)
		if (s->data_size[i] && memchr(s->data[i], 0, s->data_size[i]))
			return read_bad(r, at, e,
				"expected a link's target, found one with a NUL");
	return 0;
}

static uint8_t dirent_type(uint16_t mode)
{
	static const uint8_t types[] = {
		[S_IFREG >> 12] = 1,
		[S_IFDIR >> 12] = EROFS_TYPE_DIRECTORY,
		[S_IFCHR >> 12] = EROFS_TYPE_CHARACTER,
		[S_IFBLK >> 12] = 4,
		[S_IFIFO >> 12] = 5,
		[S_IFSOCK >> 12] = 6,
		[S_IFLNK >> 12] = 7,
		[15] = 0,
	};

	return types[mode >> 12];
}

static int check_type(const struct read_image *r, uint64_t at,
	const struct parsed *x, struct read_stat *s, uint64_t *own,
	struct err *e)
{
	uint16_t layout = x->format & LAYOUT;
	mode_t type = s->mode & S_IFMT;

	if (layout == EROFS_CHUNK_BASED && type == S_IFREG) {
		s->is_object = true;
		return check_chunks(r, at, x, s, own, e);
	}
	if (layout != EROFS_FLAT_PLAIN && layout != EROFS_FLAT_INLINE)
		return read_bad(r, at, e,
			"expected a data layout that its type can have, found layout %u",
			layout >> 1);
	switch (type) {
	case S_IFREG:
	case S_IFDIR:
		return find_data(r, at, x, s, own, e);
	case S_IFLNK:
		return find_data(r, at, x, s, own, e) == 0
			       ? check_target(r, at, s, e)
			       : -1;
	case S_IFCHR:
	case S_IFBLK:
		s->rdev = x->u;
		return 0;
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	default:
		return read_bad(r, at, e, "expected a file type, found mode %o",
			s->mode);
	}
}

int read_inode_at(const struct read_image *r, uint64_t at, struct read_stat *s,
	uint64_t *own, struct err *e)
{
	struct read_xattr *xattrs = s->xattrs;
	uint32_t cap = s->cap_xattrs;
	struct parsed x;

	memset(s, 0, sizeof(*s));
	s->xattrs = xattrs;
	s->cap_xattrs = cap;
	if (parse(r, at, s, &x, e) != 0)
		return -1;
	s->type = dirent_type(s->mode);
	*own = x.head + x.xattrs;
	if (check_type(r, at, &x, s, own, e) != 0)
		return -1;
	return x.xattrs ? read_xattrs_at(r, at, at + x.head, x.xattrs, s, e)
			: 0;
}

int read_stat(struct read_image *r, uint32_t inode, struct read_stat *s,
	struct err *e)
{
	uint64_t own;

	return read_inode_at(r, r->inodes[inode].at, s, &own, e);
}
