/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a tar, or as two layers of an OCI image: refused with a
 * sentence, or a tree whose image can be written. The first byte says where
 * the second layer begins, in blocks; 0 is a tar.
 */
#include <string.h>

#include "tool/image.h"
#include "tool/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct bytes {
	const uint8_t *p;
	size_t n;
};

static ssize_t give(void *ctx, void *buf, size_t n, struct err *e)
{
	struct bytes *b = ctx;

	(void)e;
	if (n > b->n)
		n = b->n;
	memcpy(buf, b->p, n);
	b->p += n;
	b->n -= n;
	return (ssize_t)n;
}

/* Content of up to 1 MiB is read, as a sparse file may say any size. */
static int object(void *ctx, const struct compute_reader *from, uint64_t size,
	uint32_t inode, const char *path, struct err *e)
{
	const struct layers *l = ctx;
	struct digest d;

	if (size > 1 << 20)
		return err_set(e, REASON_FAILED, "%s: too large", path);
	if (compute_from(from, -1, path, size, HASH_SHA256, &d, e) != 0)
		return -1;
	return tree_set_object(l->tree, inode, size, &d, e);
}

static int count(void *ctx, const void *bytes, size_t n, struct err *e)
{
	(void)bytes;
	(void)e;
	*(size_t *)ctx += n;
	return 0;
}

static int read_one(struct layers *l, struct bytes b, struct err *e)
{
	struct unpack u = { .read = give, .ctx = &b, .name = "tar" };
	int r = unpack_open(&u, e);

	if (r == 0)
		r = layer_read(l, &u, e);
	unpack_close(&u);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct image_options versions = IMAGE_OPTIONS_DEFAULT;
	struct layers l = { .object = object, .ctx = &l };
	size_t size = 0, first;
	const struct image_sink sink = { count, &size };
	struct err e = { 0 }, other;
	int r;

	if (n == 0)
		return 0;
	first = (size_t)bytes[0] * 512;
	l.oci = first != 0;
	if (first == 0 || first > n - 1)
		first = n - 1;
	l.tree = tree_new(HASH_SHA256);
	if (!l.tree)
		__builtin_trap();
	r = read_one(&l, (struct bytes){ bytes + 1, first }, &e);
	if (r == 0 && l.oci)
		r = read_one(&l,
			(struct bytes){ bytes + 1 + first, n - 1 - first }, &e);
	if (layers_end(&l, &other) != 0)
		__builtin_trap();
	if (r == 0 && image_write(l.tree, &versions, &sink, &e) == 0 &&
		size < 4096)
		__builtin_trap();
	if (r != 0 && !e.text[0])
		__builtin_trap();
	tree_free(l.tree);
	return 0;
}
