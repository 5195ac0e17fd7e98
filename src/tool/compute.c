/* SPDX-License-Identifier: MIT */
#include "tool/compute.h"

#include <errno.h>
#include <libfsverity.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source {
	int fd;
	const uint8_t *bytes;
};

/* libfsverity wants the whole count or an error; -EIO stands for early end. */
static int read_source(void *arg, void *buf, size_t count)
{
	struct source *s = arg;
	size_t n = 0;

	if (s->bytes) {
		memcpy(buf, s->bytes, count);
		s->bytes += count;
		return 0;
	}
	while (n < count) {
		ssize_t r = read(s->fd, (char *)buf + n, count - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return -ENODATA;
		n += r;
	}
	return 0;
}

int compute_stream(const struct compute_stream *s, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e)
{
	const struct libfsverity_metadata_callbacks callbacks = {
		.ctx = s->ctx,
		.merkle_tree_block = s->block,
		.descriptor = s->descriptor,
	};
	struct libfsverity_merkle_tree_params params = {
		.version = 1,
		.hash_algorithm = algorithm,
		.file_size = size,
		.block_size = 4096,
		.metadata_callbacks = &callbacks,
	};
	struct libfsverity_digest *out;
	int r = libfsverity_compute_digest(s->ctx, s->read, &params, &out);

	if (r == -ECANCELED)
		return -1;
	if (r == -ENODATA)
		return err_set(e, REASON_FAILED,
			"%s: expected %llu bytes, found fewer: it changed "
			"while it was read",
			name, (unsigned long long)size);
	if (r != 0)
		return err_sys(
			e, REASON_FAILED, -r, "%s: cannot be hashed", name);
	memset(d, 0, sizeof(*d));
	d->algorithm = out->digest_algorithm;
	d->size = out->digest_size;
	memcpy(d->bytes, out->digest, d->size);
	free(out);
	return 0;
}

int compute_fd(int fd, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct source source = { .fd = fd };
	struct compute_stream s = { .ctx = &source, .read = read_source };

	return compute_stream(&s, name, size, algorithm, d, e);
}

int compute_bytes(const void *bytes, size_t size, const char *name,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct source source = { .fd = -1, .bytes = bytes };
	struct compute_stream s = { .ctx = &source, .read = read_source };

	return compute_stream(&s, name, size, algorithm, d, e);
}
