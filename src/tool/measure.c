/* SPDX-License-Identifier: MIT */
#include "tool/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/verity.h"
#include "tool/compute_files.h"
#include "tool/progress.h"
#include "tool/threads.h"

#define GROUP 32     /* files that are open and hashed side by side */
#define AT_ONCE 1024 /* files whose digests are kept */

struct shown {
	pthread_mutex_t lock;
	uint64_t files, bytes;
};

struct measuring {
	enum hash_algorithm algorithm;
	char *const *names;
	size_t n;
	struct digest *digests; /* size 0: none yet */
	struct shown *shown;
};

struct opened {
	int fd;
	uint64_t size;
	struct err e; /* why it is not open */
};

static void open_file(const char *name, struct opened *o)
{
	struct stat st;

	o->fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (o->fd < 0 || fstat(o->fd, &st) != 0)
		err_sys(&o->e, REASON_FAILED, errno, "%s: cannot be opened",
			name);
	else if (!S_ISREG(st.st_mode))
		err_set(&o->e, REASON_FAILED,
			"%s: expected a regular file, found something else",
			name);
	else {
		o->size = (uint64_t)st.st_size;
		compute_files_soon(o->fd, o->size);
		return;
	}
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

static int measure(struct compute_files *f, enum hash_algorithm a,
	const char *name, const struct opened *o, struct digest *d,
	struct err *e)
{
	if (o->fd < 0) {
		*e = o->e;
		return -1;
	}
	if (verity_measure(o->fd, d) == 0 && d->algorithm == a)
		return 0;
	d->size = 0;
	return compute_files_add(f, o->fd, name, o->size, d, e);
}

static void show(struct shown *s, const struct opened *files, size_t n)
{
	pthread_mutex_lock(&s->lock);
	s->files += n;
	for (size_t i = 0; i < n; i++)
		s->bytes += files[i].size;
	progress_show(s->files, "files", s->bytes);
	pthread_mutex_unlock(&s->lock);
}

static int measure_group(void *ctx, size_t group, struct err *e)
{
	struct measuring *m = ctx;
	size_t first = group * GROUP, left = m->n - first;
	size_t n = left < GROUP ? left : GROUP;
	struct opened files[GROUP];
	struct compute_files f;
	struct err other;
	int r = compute_files_begin(&f, m->algorithm, e);

	if (r != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		open_file(m->names[first + i], &files[i]);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = measure(&f, m->algorithm, m->names[first + i],
				&files[i], &m->digests[first + i], e);
		if (files[i].fd >= 0)
			close(files[i].fd);
	}
	if (compute_files_end(&f, r == 0 ? e : &other) != 0)
		r = -1;
	if (r == 0)
		show(m->shown, files, n);
	return r;
}

int measure_files(enum hash_algorithm a, char *const *names, size_t n,
	void (*each)(void *ctx, const char *name, const struct digest *d),
	void *ctx, struct err *e)
{
	struct shown shown = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct digest *digests = calloc(AT_ONCE, sizeof(*digests));
	int r = 0;

	if (!digests)
		return err_set(e, REASON_FAILED, "hash: out of memory");
	progress_expect(n, 0);
	for (size_t at = 0; at < n && r == 0; at += AT_ONCE) {
		struct measuring m = {
			.algorithm = a,
			.names = names + at,
			.n = n - at < AT_ONCE ? n - at : AT_ONCE,
			.digests = digests,
			.shown = &shown,
		};

		for (size_t i = 0; i < m.n; i++)
			digests[i].size = 0;
		/* A large one is shown while it is read. */
		progress_show(shown.files, "files", shown.bytes);
		r = threads_each(compute_files_threads(GROUP),
			(m.n + GROUP - 1) / GROUP, measure_group, &m, e);
		progress_clear();
		for (size_t i = 0; i < m.n && digests[i].size; i++)
			each(ctx, m.names[i], &digests[i]);
	}
	free(digests);
	return r;
}
