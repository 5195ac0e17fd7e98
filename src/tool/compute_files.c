/* SPDX-License-Identifier: MIT */
#include "tool/compute_files.h"

#include <fcntl.h>
#include <stdlib.h>

#include "tool/threads.h"

#define FDS_RESERVED 64 /* for all else */

unsigned compute_files_threads(unsigned n)
{
	unsigned threads = compute_threads();
	unsigned fds = threads_fds(threads * n + FDS_RESERVED);
	unsigned most = fds > FDS_RESERVED ? (fds - FDS_RESERVED) / n : 0;

	return most < 1 ? 1 : most < threads ? most : threads;
}

/* Large files are read ahead while they are read. */
void compute_files_soon(int fd, uint64_t size)
{
	if (size <= COMPUTE_FILES_BUFFER)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
}

int compute_files_begin(
	struct compute_files *f, enum hash_algorithm a, struct err *e)
{
	f->algorithm = a;
	f->used = 0;
	f->n = 0;
	f->buffer = malloc(COMPUTE_FILES_BUFFER);
	return f->buffer ? 0 : err_set(e, REASON_FAILED, "hash: out of memory");
}

static int flush(struct compute_files *f, struct err *e)
{
	int r = compute_batch(f->algorithm, f->jobs, f->n, e);

	for (unsigned i = 0; r == 0 && i < f->n; i++)
		*f->digests[i] = f->jobs[i].digest;
	f->used = 0;
	f->n = 0;
	return r;
}

int compute_files_add(struct compute_files *f, int fd, const char *name,
	uint64_t size, struct digest *d, struct err *e)
{
	struct compute_file file = { fd, name };
	uint8_t *to;
	size_t done = 0;

	if (size > COMPUTE_FILES_BUFFER)
		return compute_fd(fd, name, size, f->algorithm, d, e);
	if (f->n == COMPUTE_FILES_MAX ||
		size > COMPUTE_FILES_BUFFER - f->used) {
		if (flush(f, e) != 0)
			return -1;
	}
	to = f->buffer + f->used;
	while (done < size) {
		ssize_t n = compute_read_file(&file, to + done, size - done, e);

		if (n < 0)
			return -1;
		if (n == 0)
			return compute_short(name, size, e);
		done += (size_t)n;
	}
	f->jobs[f->n].bytes = to;
	f->jobs[f->n].size = size;
	f->digests[f->n++] = d;
	f->used += size;
	return 0;
}

int compute_files_end(struct compute_files *f, struct err *e)
{
	int r = flush(f, e);

	free(f->buffer);
	f->buffer = NULL;
	return r;
}
