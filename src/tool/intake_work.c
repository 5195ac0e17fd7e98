/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "tool/intake_private.h"

/* The file's size bytes, and nothing changed meanwhile; closes it. */
static int read_file(struct job *j, uint8_t *to)
{
	struct compute_file f = { j->fd, j->path };
	size_t done = 0;
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
	if (r == 0)
		r = scan_unchanged(j->fd, &j->before, j->path, &j->e);
	close(j->fd);
	return r;
}

/* A file that is larger than the buffer, in constant memory. */
static int stream_file(const struct group *g, struct job *j)
{
	int r;

	if (g->objects)
		r = object_put(
			g->objects, j->fd, j->path, j->size, &j->digest, &j->e);
	else
		r = compute_fd(j->fd, j->path, j->size, g->algorithm,
			&j->digest, &j->e);
	if (r == 0)
		r = scan_unchanged(j->fd, &j->before, j->path, &j->e);
	close(j->fd);
	return r;
}

static int put(const struct group *g, struct job *j, const uint8_t *bytes)
{
	if (compute_bytes(bytes, j->size, j->path, g->algorithm, &j->digest,
		    &j->e) != 0)
		return -1;
	return g->objects ? object_put_hashed(g->objects, bytes, j->size,
				    j->path, &j->digest, &j->e)
			  : 0;
}

void group_work(struct group *g)
{
	const uint8_t *bytes[INTAKE_GROUP];
	uint8_t *to = g->buffer;

	for (unsigned i = 0; i < g->n; i++) {
		struct job *j = g->jobs[i];

		bytes[i] = NULL;
		if (j->bytes) {
			bytes[i] = j->bytes;
			j->r = 0;
		} else if (j->size > INTAKE_BUFFER) {
			j->r = stream_file(g, j);
		} else {
			bytes[i] = to;
			to += j->size;
			j->r = read_file(j, to - j->size);
		}
	}
	for (unsigned i = 0; i < g->n; i++)
		if (g->jobs[i]->r == 0 && bytes[i])
			g->jobs[i]->r = put(g, g->jobs[i], bytes[i]);
}
