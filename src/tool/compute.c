/* SPDX-License-Identifier: MIT */
#include "tool/compute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tool/compute_batch.h"
#include "tool/compute_private.h"
#include "tool/hash.h"

#define DIRECT (4 << 20) /* bytes of a file that is worth it */

struct source {
	struct compute_reader from; /* in order */
	int in;			    /* -1, or a file that is read anywhere */
	off_t begin;		    /* its position */
	int flags;		    /* -1, or what they were before O_DIRECT */
	int out;		    /* -1, or where a copy goes */
	const char *name;
	struct err *e;
};

static bool all_zero(const uint8_t *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

static int next_bytes(void *ctx, void *buf, size_t n)
{
	struct source *s = ctx;
	size_t done = 0;

	while (done < n) {
		ssize_t r = s->from.read(
			s->from.ctx, (char *)buf + done, n - done, s->e);

		if (r <= 0)
			return r < 0 ? -ECANCELED : -ENODATA;
		done += (size_t)r;
	}
	return 0;
}

/*
 * A large file that is not in memory is read past the page cache. Nobody
 * needs it there: it is read once, others keep what they have in memory, and
 * the processor neither takes pages for it nor copies out of them.
 */
static void begin_direct(struct source *s, uint64_t size)
{
	char c;
	const struct iovec v = { &c, 1 };
	int flags = fcntl(s->in, F_GETFL);

	if (size >= DIRECT && s->begin % HASH_BLOCK == 0 && flags >= 0 &&
		preadv2(s->in, &v, 1, s->begin, RWF_NOWAIT) < 0 &&
		errno == EAGAIN && fcntl(s->in, F_SETFL, flags | O_DIRECT) == 0)
		s->flags = flags;
}

static void end_direct(const struct source *s)
{
	if (s->flags >= 0)
		fcntl(s->in, F_SETFL, s->flags);
}

/* Up to a block's end: O_DIRECT wants that, and buf has room for it. */
static ssize_t read_blocks(
	const struct source *s, char *buf, size_t n, uint64_t offset)
{
	size_t blocks = (n + HASH_BLOCK - 1) / HASH_BLOCK * HASH_BLOCK;
	ssize_t r = pread(s->in, buf, blocks, s->begin + (off_t)offset);

	/* Its disk wants larger blocks, or a file became shorter. */
	if (r < 0 && errno == EINVAL && s->flags >= 0) {
		end_direct(s);
		r = pread(s->in, buf, n, s->begin + (off_t)offset);
	}
	return r > (ssize_t)n ? (ssize_t)n : r;
}

static int read_at(
	struct source *s, char *buf, size_t n, uint64_t offset, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read_blocks(s, buf + done, n - done, offset + done);

		if (r == 0)
			return -ENODATA;
		if (r < 0 && errno != EINTR) {
			err_sys(e, REASON_FAILED, errno, "%s: cannot be read",
				s->name);
			return -ECANCELED;
		}
		done += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

static int write_at(struct source *s, const uint8_t *buf, size_t n,
	uint64_t offset, struct err *e)
{
	size_t done = all_zero(buf, n) ? n : 0;

	while (done < n) {
		ssize_t r = pwrite(
			s->out, buf + done, n - done, (off_t)(offset + done));

		if (r < 0 && errno != EINTR) {
			err_sys(e, REASON_FAILED, errno, "%s: cannot be stored",
				s->name);
			return -ECANCELED;
		}
		done += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

static int each_chunk(
	void *ctx, void *buf, size_t n, uint64_t offset, struct err *e)
{
	struct source *s = ctx;
	int r = s->in >= 0 ? read_at(s, buf, n, offset, e) : 0;

	return r == 0 && s->out >= 0 ? write_at(s, buf, n, offset, e) : r;
}

int compute_short(const char *name, uint64_t size, struct err *e)
{
	return err_set(e, REASON_FAILED,
		"%s: expected %llu bytes, found fewer: it changed while it was read",
		name, (unsigned long long)size);
}

static int compute_source(struct source *s, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	const struct compute_chunks k = {
		.ctx = s,
		.next = s->in < 0 ? next_bytes : NULL,
		.each = each_chunk,
	};

	if (compute_chunks(&k, s->name, size, algorithm, d, e) != 0)
		return -1;
	if (s->out >= 0 && ftruncate(s->out, (off_t)size) != 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be stored",
			s->name);
	return 0;
}

int compute_from(const struct compute_reader *from, int out, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e)
{
	struct source s = {
		.from = *from,
		.in = -1,
		.flags = -1,
		.out = out,
		.name = name,
		.e = e,
	};

	return compute_source(&s, size, algorithm, d, e);
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
	struct source s = {
		.in = fd, .flags = -1, .out = out, .name = name, .e = e
	};
	int r;

	/* A single chunk, and what has no positions, is read as it comes. */
	if (size > COMPUTE_CHUNK)
		s.begin = lseek(fd, 0, SEEK_CUR);
	if (size <= COMPUTE_CHUNK || s.begin < 0)
		return compute_from(&from, out, name, size, algorithm, d, e);
	begin_direct(&s, size);
	r = compute_source(&s, size, algorithm, d, e);
	end_direct(&s);
	if (r != 0)
		return -1;
	if (lseek(fd, s.begin + (off_t)size, SEEK_SET) < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", name);
	return 0;
}

int compute_fd(int fd, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	return compute_copy(fd, -1, name, size, algorithm, d, e);
}

int compute_bytes(const void *bytes, size_t size, const char *name,
	enum hash_algorithm algorithm, struct digest *d, struct err *e)
{
	struct compute_job job = { .bytes = bytes, .size = size };

	(void)name; /* only memory and OpenSSL can fail */
	if (compute_batch(algorithm, &job, 1, e) != 0)
		return -1;
	*d = job.digest;
	return 0;
}
