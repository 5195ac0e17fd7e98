/* SPDX-License-Identifier: MIT */
#include "tool/image_file.h"

#include <errno.h>
#include <unistd.h>

#include "tool/compute_push.h"
#include "tool/tree_private.h"

struct sink {
	struct compute_push hash;
	int fd;
	const char *name;
};

static int put(void *ctx, const void *bytes, size_t n, struct err *e)
{
	struct sink *s = ctx;
	const uint8_t *p = bytes;
	size_t left = s->fd >= 0 ? n : 0;

	compute_push(&s->hash, bytes, n);
	while (left) {
		ssize_t r = write(s->fd, p, left);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, REASON_FAILED, errno,
				"%s: cannot be written", s->name);
		p += r;
		left -= (size_t)r;
	}
	return 0;
}

int image_write_file(struct tree *t, const struct image_options *o, int fd,
	const char *name, struct image_file *out, struct err *e)
{
	struct sink s = { .fd = fd, .name = name };
	const struct image_sink sink = { put, &s };
	struct err other;

	if (compute_push_begin(&s.hash, t->algorithm, e) != 0)
		return -1;
	if (image_write(t, o, &sink, e) != 0) {
		/* The first error is the one to tell. */
		(void)!compute_push_end(&s.hash, NULL, &other);
		return -1;
	}
	out->size = s.hash.size;
	return compute_push_end(&s.hash, &out->digest, e);
}
