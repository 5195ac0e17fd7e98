/* SPDX-License-Identifier: MIT */
#include "tool/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct share {
	size_t next, n;
	int (*each)(void *ctx, size_t i, struct err *e);
	void *ctx;
	pthread_mutex_t lock;
	size_t failed; /* the least that did; n: none */
	struct err *e;
};

unsigned threads_default(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

unsigned threads_parse(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	return errno || *end || text[0] < '1' || text[0] > '9' ||
			       n > THREADS_MAX
		       ? 0
		       : (unsigned)n;
}

static bool take(struct share *s, size_t *i)
{
	bool more;

	pthread_mutex_lock(&s->lock);
	more = s->failed == s->n && s->next < s->n;
	if (more)
		*i = s->next++;
	pthread_mutex_unlock(&s->lock);
	return more;
}

static void *work(void *arg)
{
	struct share *s = arg;
	struct err e;
	size_t i;

	while (take(s, &i)) {
		if (s->each(s->ctx, i, &e) == 0)
			continue;
		pthread_mutex_lock(&s->lock);
		if (i < s->failed) {
			s->failed = i;
			*s->e = e;
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

int threads_each(unsigned threads, size_t n,
	int (*each)(void *ctx, size_t i, struct err *e), void *ctx,
	struct err *e)
{
	struct share s = {
		.n = n,
		.each = each,
		.ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.failed = n,
		.e = e,
	};
	pthread_t others[THREADS_MAX];
	unsigned started = 0;

	/* A thread that cannot be had is not needed: we do the work. */
	while (started + 1 < threads && started + 1 < n &&
		pthread_create(&others[started], NULL, work, &s) == 0)
		started++;
	work(&s);
	while (started)
		pthread_join(others[--started], NULL);
	return s.failed == n ? 0 : -1;
}

unsigned threads_fds(unsigned want)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return 256;
	if (r.rlim_cur < want && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
		if (setrlimit(RLIMIT_NOFILE, &r) != 0 ||
			getrlimit(RLIMIT_NOFILE, &r) != 0)
			return 256;
	}
	return r.rlim_cur < want ? (unsigned)r.rlim_cur : want;
}
