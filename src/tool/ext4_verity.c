/* SPDX-License-Identifier: MIT */
#include "tool/ext4_verity.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/compute.h"
#include "tool/ext4_copy.h"

#define TREE_ALIGN 65536

static uint64_t data_blocks(uint64_t size)
{
	return (size + EXT4_BLOCK - 1) / EXT4_BLOCK;
}

/* The block where the Merkle tree begins. */
static uint64_t tree_start(uint64_t size)
{
	return (size + TREE_ALIGN - 1) / TREE_ALIGN * (TREE_ALIGN / EXT4_BLOCK);
}

/* A file of one block has no tree: its root is the hash of that block. */
static uint64_t tree_blocks(uint64_t size, enum hash_algorithm a)
{
	unsigned per_block = EXT4_BLOCK / (a == HASH_SHA512 ? 64 : 32);
	uint64_t level = data_blocks(size), n = 0;

	while (level > 1) {
		level = (level + per_block - 1) / per_block;
		n += level;
	}
	return n;
}

uint64_t ext4_verity_blocks(uint64_t size, enum hash_algorithm a)
{
	return data_blocks(size) + tree_blocks(size, a) + 1;
}

struct sealing {
	struct ext4_copy copy;
	size_t at; /* bytes of the piece that are hashed */
	uint64_t tree, descriptor;
	struct err *e;
};

static int seal_data(void *ctx, void *buf, size_t n)
{
	struct sealing *s = ctx;
	size_t done = 0;

	while (done < n) {
		size_t part = n - done;

		if (s->at == s->copy.n) {
			if (ext4_copy_next(&s->copy, s->e) != 0)
				return -ECANCELED;
			s->at = 0;
		}
		if (part > s->copy.n - s->at)
			part = s->copy.n - s->at;
		if (part == 0)
			return -ENODATA;
		memcpy((char *)buf + done, s->copy.buf + s->at, part);
		s->at += part;
		done += part;
	}
	return 0;
}

static int seal_block(void *ctx, const void *block, size_t n, uint64_t offset)
{
	struct sealing *s = ctx;

	return ext4_file_write(s->copy.f, s->tree + offset / EXT4_BLOCK,
		       n / EXT4_BLOCK, block, s->e) == 0
		       ? 0
		       : -ECANCELED;
}

static void last_block(uint8_t *block, const void *descriptor, size_t n)
{
	uint32_t size = htole32(n);

	memset(block, 0, EXT4_BLOCK);
	memcpy(block, descriptor, n);
	memcpy(block + EXT4_BLOCK - sizeof(size), &size, sizeof(size));
}

static int seal_descriptor(void *ctx, const void *descriptor, size_t n)
{
	struct sealing *s = ctx;
	uint8_t block[EXT4_BLOCK];

	last_block(block, descriptor, n);
	return ext4_file_write(s->copy.f, s->descriptor, 1, block, s->e) == 0
		       ? 0
		       : -ECANCELED;
}

int ext4_verity_copy(struct ext4_file *f, int fd, const char *what,
	enum hash_algorithm a, struct digest *d, struct err *e)
{
	uint64_t size = EXT2_I_SIZE(&f->inode), n = tree_blocks(size, a);
	struct sealing s = {
		.tree = tree_start(size),
		.descriptor = tree_start(size) + n,
		.e = e,
	};
	const struct compute_stream stream = {
		.ctx = &s,
		.read = seal_data,
		.block = seal_block,
		.descriptor = seal_descriptor,
	};
	int r = ext4_copy_begin(&s.copy, f, fd, what, e);

	if (r == 0)
		r = ext4_file_map(f, s.tree, n + 1, e);
	if (r == 0)
		r = compute_stream(&stream, what, size, a, d, e);
	f->inode.i_flags |= EXT4_VERITY_FL;
	ext4_copy_end(&s.copy);
	return r;
}

struct reading {
	struct ext4_file *f;
	struct ext4_verity *v;
	uint64_t left, next; /* bytes to read; the next block of data */
	size_t at, n;	     /* bytes of buf that are hashed, that are there */
	char *buf;
	uint64_t tree, descriptor;
	struct err *e;
};

static int fill(struct reading *r)
{
	r->at = 0;
	r->n = r->left < EXT4_COPY_MAX ? r->left : EXT4_COPY_MAX;
	if (ext4_file_read(r->f, r->next, data_blocks(r->n), r->buf, r->e) != 0)
		return -ECANCELED;
	r->next += data_blocks(r->n);
	r->left -= r->n;
	return 0;
}

static int read_data(void *ctx, void *buf, size_t n)
{
	struct reading *r = ctx;
	size_t done = 0;

	while (done < n) {
		size_t part = n - done;

		if (r->at == r->n && fill(r) != 0)
			return -ECANCELED;
		if (part > r->n - r->at)
			part = r->n - r->at;
		if (part == 0)
			return -ENODATA;
		memcpy((char *)buf + done, r->buf + r->at, part);
		r->at += part;
		done += part;
	}
	return 0;
}

static int read_block(void *ctx, const void *block, size_t n, uint64_t offset)
{
	struct reading *r = ctx;
	uint8_t found[EXT4_BLOCK];

	if (n != sizeof(found))
		return -EINVAL;
	if (ext4_file_read(
		    r->f, r->tree + offset / EXT4_BLOCK, 1, found, r->e) != 0)
		return -ECANCELED;
	if (memcmp(found, block, n) != 0)
		r->v->tree = false;
	return 0;
}

static int read_descriptor(void *ctx, const void *descriptor, size_t n)
{
	struct reading *r = ctx;
	uint8_t found[EXT4_BLOCK], expected[EXT4_BLOCK];

	last_block(expected, descriptor, n);
	if (ext4_file_read(r->f, r->descriptor, 1, found, r->e) != 0)
		return -ECANCELED;
	r->v->descriptor = memcmp(found, expected, n) == 0;
	r->v->end = memcmp(found + EXT4_BLOCK - 4, expected + EXT4_BLOCK - 4,
			    4) == 0 &&
		    ext4_file_end(r->f) == r->descriptor + 1;
	return 0;
}

int ext4_verity_read(struct ext4_file *f, const char *what,
	enum hash_algorithm a, struct ext4_verity *v, struct err *e)
{
	uint64_t size = EXT2_I_SIZE(&f->inode);
	struct reading r = {
		.f = f,
		.v = v,
		.left = size,
		.tree = tree_start(size),
		.descriptor = tree_start(size) + tree_blocks(size, a),
		.e = e,
	};
	const struct compute_stream stream = {
		.ctx = &r,
		.read = read_data,
		.block = read_block,
		.descriptor = read_descriptor,
	};
	int result;

	*v = (struct ext4_verity){ .tree = true };
	v->flag = f->inode.i_flags & EXT4_VERITY_FL;
	r.buf = malloc(EXT4_COPY_MAX);
	if (!r.buf)
		return err_sys(e, REASON_FAILED, ENOMEM, "%s: its data", what);
	result = compute_stream(&stream, what, size, a, &v->digest, e);
	free(r.buf);
	return result;
}
