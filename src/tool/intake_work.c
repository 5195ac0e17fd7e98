/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tool/compute_batch.h"
#include "tool/intake_private.h"

void group_soon(int fd, uint64_t size)
{
	/* Large ones are read ahead, or past memory, while they are read. */
	if (size <= INTAKE_BUFFER)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
}

/*
 * As much of the file as is in memory: whoever has all of it there need not
 * tell the disk, which takes as long as reading does.
 */
static size_t read_cached(const struct job *j, uint8_t *to)
{
	const struct iovec v = { to, j->size };
	ssize_t n = preadv2(j->fd, &v, 1, -1, RWF_NOWAIT);

	return n > 0 ? (size_t)n : 0;
}

/* The rest of the file's size bytes, and nothing changed meanwhile. */
static int read_rest(struct job *j, uint8_t *to, size_t done)
{
	struct compute_file f = { j->fd, j->path };
	int r = 0;

	while (r == 0 && done < j->size) {
		ssize_t n =
			compute_read_file(&f, to + done, j->size - done, &j->e);

		if (n == 0)
			r = compute_short(j->path, j->size, &j->e);
		else if (n < 0)
			r = -1;
		else
			done += (size_t)n;
	}
	return r == 0 ? scan_unchanged(j->fd, &j->before, j->path, &j->e) : -1;
}

/* The file itself becomes the object. */
static int put_link(const struct group *g, struct job *j)
{
	int fd = j->fd;

	j->fd = -1; /* it is taken over */
	return object_put_link(
		g->objects, fd, j->path, j->size, &j->digest, &j->e);
}

/* A file that is larger than the buffer, in constant memory. */
static int stream_file(const struct group *g, struct job *j)
{
	bool link = g->objects && g->objects->hardlink;
	int r;

	if (g->objects && !link)
		r = object_put(
			g->objects, j->fd, j->path, j->size, &j->digest, &j->e);
	else
		r = compute_fd(j->fd, j->path, j->size, g->algorithm,
			&j->digest, &j->e);
	if (r == 0)
		r = scan_unchanged(j->fd, &j->before, j->path, &j->e);
	return r == 0 && link ? put_link(g, j) : r;
}

/* What is read into the buffer. */
static bool is_read(const struct job *j)
{
	return !j->bytes && j->size <= INTAKE_BUFFER;
}

/* Of each file what is in memory; the disk begins with the others. */
static void read_group(struct group *g, size_t *done)
{
	uint8_t *to = g->buffer;

	g->waited = 0;
	for (unsigned i = 0; i < g->n; i++) {
		struct job *j = g->jobs[i];

		if (!is_read(j))
			continue;
		done[i] = read_cached(j, to);
		to += j->size;
		if (done[i] == j->size)
			continue;
		group_soon(j->fd, j->size);
		g->waited++;
	}
}

/* The content of those that are in memory from now on; gives their number. */
static unsigned read_all_files(
	struct group *g, struct job **jobs, struct compute_job *hash)
{
	size_t done[INTAKE_GROUP];
	uint8_t *to = g->buffer;
	unsigned n = 0;

	read_group(g, done);
	for (unsigned i = 0; i < g->n; i++) {
		struct job *j = g->jobs[i];

		if (is_read(j)) {
			j->r = read_rest(j, to, done[i]);
			hash[n].bytes = to;
			to += j->size;
		} else if (j->bytes) {
			j->r = 0;
			hash[n].bytes = j->bytes;
		} else {
			j->r = stream_file(g, j);
			continue;
		}
		if (j->r != 0)
			continue;
		hash[n].size = j->size;
		jobs[n++] = j;
	}
	return n;
}

static int put(const struct group *g, struct job *j, const uint8_t *bytes)
{
	if (g->objects->hardlink && j->fd >= 0)
		return put_link(g, j);
	return object_put_hashed(
		g->objects, bytes, j->size, j->path, &j->digest, &j->e);
}

void group_work(struct group *g)
{
	struct compute_job hash[INTAKE_GROUP];
	struct job *jobs[INTAKE_GROUP];
	unsigned n = read_all_files(g, jobs, hash);
	struct err e;
	int r = compute_batch(g->algorithm, hash, n, &e);

	for (unsigned i = 0; i < n; i++) {
		struct job *j = jobs[i];

		j->r = r;
		j->digest = hash[i].digest;
		if (r != 0)
			j->e = e;
		else if (g->objects)
			j->r = put(g, j, hash[i].bytes);
	}
	for (unsigned i = 0; i < g->n; i++)
		if (g->jobs[i]->fd >= 0)
			close(g->jobs[i]->fd);
}

int intake_read(const struct compute_reader *from, uint8_t *bytes,
	uint64_t size, const char *path, struct err *e)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = from->read(from->ctx, bytes + done, size - done, e);

		if (n < 0)
			return -1;
		if (n == 0)
			return compute_short(path, size, e);
		done += (size_t)n;
	}
	return 0;
}
