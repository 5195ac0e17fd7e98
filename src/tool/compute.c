/* SPDX-License-Identifier: MIT */
#include "tool/compute.h"

#include <errno.h>
#include <libfsverity.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (256 * 1024) /* bytes read and written at once */

struct source {
	const uint8_t *bytes; /* in memory, or what the buffer still has */
	size_t left;	      /* bytes in the buffer */
	uint8_t *buffer;      /* NULL: in memory */
	struct compute_reader from;
	int out;	  /* -1, or where a copy goes */
	uint64_t to_read; /* bytes of the file not read yet */
	uint64_t copied;
	const char *name;
	struct err *e;
};

static bool all_zero(const uint8_t *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

static int write_copy(struct source *s, size_t n)
{
	size_t done = all_zero(s->buffer, n) ? n : 0;

	while (done < n) {
		ssize_t r = pwrite(
			s->out, s->buffer + done, n - done, s->copied + done);

		if (r < 0 && errno != EINTR) {
			err_sys(s->e, REASON_FAILED, errno,
				"%s: cannot be stored", s->name);
			return -ECANCELED;
		}
		done += r > 0 ? r : 0;
	}
	s->copied += n;
	return 0;
}

static int fill(struct source *s)
{
	size_t want = s->to_read < CHUNK ? s->to_read : CHUNK, n = 0;

	while (n < want) {
		ssize_t r = s->from.read(
			s->from.ctx, s->buffer + n, want - n, s->e);

		if (r < 0)
			return -ECANCELED;
		if (r == 0)
			return -ENODATA;
		n += (size_t)r;
	}
	s->bytes = s->buffer;
	s->left = n;
	s->to_read -= n;
	return s->out >= 0 ? write_copy(s, n) : 0;
}

static int read_source(void *arg, void *buf, size_t count)
{
	struct source *s = arg;
	uint8_t *to = buf;

	while (count) {
		size_t n = count;

		if (s->buffer && s->left == 0) {
			int r = fill(s);

			if (r != 0)
				return r;
		}
		if (s->buffer && n > s->left)
			n = s->left;
		memcpy(to, s->bytes, n);
		s->bytes += n;
		s->left -= s->buffer ? n : 0;
		to += n;
		count -= n;
	}
	return 0;
}

int compute_short(const char *name, uint64_t size, struct err *e)
{
	return err_set(e, REASON_FAILED,
		"%s: expected %llu bytes, found fewer: it changed while it was read",
		name, (unsigned long long)size);
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
		return compute_short(name, size, e);
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

int compute_from(const struct compute_reader *from, int out, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e)
{
	struct source source = {
		.from = *from,
		.out = out,
		.to_read = size,
		.buffer = malloc(CHUNK),
		.name = name,
		.e = e,
	};
	struct compute_stream s = { .ctx = &source, .read = read_source };
	int r;

	if (!source.buffer)
		return err_set(e, REASON_FAILED, "%s: out of memory", name);
	r = compute_stream(&s, name, size, algorithm, d, e);
	free(source.buffer);
	if (r == 0 && out >= 0 && ftruncate(out, size) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be stored", name);
	return r;
}

ssize_t compute_read_file(void *ctx, void *buf, size_t n, struct err *e)
{
	const struct compute_file *f = ctx;
	ssize_t r;

	do
		r = read(f->fd, buf, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", f->name);
	return r;
}

int compute_copy(int fd, int out, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct compute_file f = { fd, name };
	const struct compute_reader from = { &f, compute_read_file };

	return compute_from(&from, out, name, size, algorithm, d, e);
}

int compute_fd(int fd, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	return compute_copy(fd, -1, name, size, algorithm, d, e);
}

int compute_bytes(const void *bytes, size_t size, const char *name,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct source source = { .out = -1, .bytes = bytes };
	struct compute_stream s = { .ctx = &source, .read = read_source };

	return compute_stream(&s, name, size, algorithm, d, e);
}
