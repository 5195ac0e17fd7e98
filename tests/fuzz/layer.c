/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a tar, or as two layers of an OCI image: refused with a
 * sentence, or a tree whose image can be written. The first byte says where
 * the second layer begins, in blocks; 0 is a tar. The images of two layers,
 * read and merged, are the image of both.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/image.h"
#include "tool/capture.h"
#include "tool/layer.h"
#include "tool/merge.h"
#include "tool/tree_private.h"

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

/* Content may look like what the image has for overlayfs' sake. */
static bool has_overlay_xattrs(const struct tree *t)
{
	for (uint32_t i = 0; i < t->n_pairs; i++)
		if (strstr((const char *)t->pool + t->pairs[i].key, "overlay."))
			return true;
	return false;
}

static const struct image_options versions = IMAGE_OPTIONS_DEFAULT;

/* The image of a layer, as whoever gets it reads it. */
static bool reread(struct read_image *r, struct tree *t, struct err *e)
{
	struct image image;

	if (image_build(t, &versions, &image, e) != 0)
		return false;
	if (read_open_owned(r, "layer", image.bytes, image.size, e) != 0)
		__builtin_trap();
	return true;
}

/* Topmost first; what one of them cannot be made of, is no matter here. */
static bool merge(struct tree *t, struct layer_stack *s)
{
	struct read_image images[2] = { 0 };
	struct err e;
	bool good = s->n == 2 && reread(&images[1], s->list[0].tree, &e) &&
		    reread(&images[0], s->list[1].tree, &e) &&
		    capture_check_images(images, 2, &e) == 0;

	for (unsigned i = 2; good && i-- > 0;)
		if (merge_onto(t, &images[i], false, &e) != 0)
			__builtin_trap();
	read_close(&images[0]);
	read_close(&images[1]);
	return good;
}

static void compare(struct layers *l)
{
	struct tree *merged = tree_new(HASH_SHA256);
	struct image a, b;
	struct err e;

	if (!merged || layer_stack_fill(l->stack, l->tree, &e) != 0)
		__builtin_trap();
	if (!has_overlay_xattrs(l->tree) && merge(merged, l->stack) &&
		image_build(l->tree, &versions, &a, &e) == 0) {
		if (image_build(merged, &versions, &b, &e) != 0 ||
			a.size != b.size || memcmp(a.bytes, b.bytes, a.size))
			__builtin_trap();
		free(a.bytes);
		free(b.bytes);
	}
	tree_free(merged);
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
	struct layer_stack stack = { 0 };
	struct layers l = { .object = object, .ctx = &l };
	size_t size = 0, first;
	const struct image_sink sink = { count, &size };
	struct err e = { 0 }, other;
	int r;

	if (n == 0)
		return 0;
	first = (size_t)bytes[0] * 512;
	l.oci = first != 0;
	l.stack = l.oci ? &stack : NULL;
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
	if (r == 0 && l.oci)
		compare(&l);
	else if (r == 0 && image_write(l.tree, &versions, &sink, &e) == 0 &&
		 size < 4096)
		__builtin_trap();
	if (r != 0 && !e.text[0])
		__builtin_trap();
	layer_stack_free(&stack);
	tree_free(l.tree);
	return 0;
}
