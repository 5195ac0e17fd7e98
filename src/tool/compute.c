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

static int compute(struct source *s, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct libfsverity_merkle_tree_params params = {
		.version = 1,
		.hash_algorithm = algorithm,
		.file_size = size,
		.block_size = 4096,
	};
	struct libfsverity_digest *out;
	int r = libfsverity_compute_digest(s, read_source, &params, &out);

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
	struct source s = { .fd = fd };

	return compute(&s, name, size, algorithm, d, e);
}

int compute_bytes(const void *bytes, size_t size, const char *name,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct source s = { .fd = -1, .bytes = bytes };

	return compute(&s, name, size, algorithm, d, e);
}
