/* SPDX-License-Identifier: MIT */
#include "tool/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/compute_files.h"
#include "tool/threads.h"

#define GROUP 32     /* files that are hashed side by side */
#define AT_ONCE 1024 /* files whose digests are kept */

struct measuring {
	char *const *names;
	size_t n;
	struct digest *digests; /* size 0: none yet */
};

static int measure(struct compute_files *f, const char *name, struct digest *d,
	struct err *e)
{
	AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a regular file, found something else",
			name);
	if (verity_measure(fd, d) == 0 && d->algorithm == HASH_SHA256)
		return 0;
	d->size = 0;
	return compute_files_add(f, fd, name, (uint64_t)st.st_size, d, e);
}

static int measure_group(void *ctx, size_t group, struct err *e)
{
	struct measuring *m = ctx;
	size_t i = group * GROUP, end = i + GROUP < m->n ? i + GROUP : m->n;
	struct compute_files f;
	struct err other;
	int r;

	if (compute_files_begin(&f, HASH_SHA256, e) != 0)
		return -1;
	for (r = 0; r == 0 && i < end; i++)
		r = measure(&f, m->names[i], &m->digests[i], e);
	if (compute_files_end(&f, r == 0 ? e : &other) != 0)
		r = -1;
	return r;
}

int measure_files(char *const *names, size_t n,
	void (*each)(void *ctx, const char *name, const struct digest *d),
	void *ctx, struct err *e)
{
	struct digest *digests = calloc(AT_ONCE, sizeof(*digests));
	int r = 0;

	if (!digests)
		return err_set(e, REASON_FAILED, "hash: out of memory");
	for (size_t at = 0; at < n && r == 0; at += AT_ONCE) {
		struct measuring m = {
			.names = names + at,
			.n = n - at < AT_ONCE ? n - at : AT_ONCE,
			.digests = digests,
		};

		for (size_t i = 0; i < m.n; i++)
			digests[i].size = 0;
		r = threads_each(compute_threads(), (m.n + GROUP - 1) / GROUP,
			measure_group, &m, e);
		for (size_t i = 0; i < m.n && digests[i].size; i++)
			each(ctx, m.names[i], &digests[i]);
	}
	free(digests);
	return r;
}
