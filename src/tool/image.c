/* SPDX-License-Identifier: MIT */
#include "tool/image.h"

#include <stdlib.h>
#include <string.h>

#include "tool/compute.h"
#include "tool/write.h"

#define VERSION_MAX 1

static int write_version(struct tree *t, const struct image_options *o,
	const struct image_sink *sink, unsigned *version, struct err *e)
{
	unsigned max = o->max_version;
	struct layout l;
	int r;

	if (o->min_version > VERSION_MAX || max > VERSION_MAX)
		return err_set(e, REASON_FAILED,
			"image: expected a format version of at most %d, found "
			"%u",
			VERSION_MAX, max > VERSION_MAX ? max : o->min_version);
	if (max < o->min_version)
		max = o->min_version;
	if (overlay_prepare(t, o->min_version, max, version, e) != 0)
		return -1;
	r = layout_make(&l, t, e);
	if (r == 0)
		r = layout_write(&l, *version, sink, e);
	layout_free(&l);
	return r;
}

int image_write(struct tree *t, const struct image_options *o,
	const struct image_sink *sink, struct err *e)
{
	unsigned version;

	return write_version(t, o, sink, &version, e);
}

struct memory {
	struct image *image;
	size_t cap;
};

static int write_memory(void *ctx, const void *bytes, size_t n, struct err *e)
{
	struct memory *m = ctx;
	struct image *i = m->image;

	if (m->cap - i->size < n) {
		size_t cap = (m->cap + n) * 2;
		uint8_t *bigger = realloc(i->bytes, cap);

		if (!bigger)
			return err_set(
				e, REASON_FAILED, "image: out of memory");
		i->bytes = bigger;
		m->cap = cap;
	}
	memcpy(i->bytes + i->size, bytes, n);
	i->size += n;
	return 0;
}

int image_build(struct tree *t, const struct image_options *o,
	struct image *out, struct err *e)
{
	struct memory m = { .image = out };
	const struct image_sink sink = { write_memory, &m };

	memset(out, 0, sizeof(*out));
	if (write_version(t, o, &sink, &out->version, e) == 0 &&
		compute_bytes(out->bytes, out->size, "image", t->algorithm,
			&out->digest, e) == 0)
		return 0;
	free(out->bytes);
	out->bytes = NULL;
	return -1;
}
