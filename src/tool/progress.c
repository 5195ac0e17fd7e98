/* SPDX-License-Identifier: MIT */
#include "tool/progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MB 1e6
#define SOON 0.5       /* seconds before a rate means anything */
#define LONG 1e6       /* and more than anybody waits for */
#define FILE_COST 30e3 /* a file takes as long as so many bytes of it */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for these: */
static struct progress at; /* what: NULL where nothing may be shown */
static double last;
static bool shown;

static _Atomic int64_t inside;
static _Atomic uint64_t all_n, all_bytes, part, whole;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double progress_seconds(void)
{
	static _Atomic double start;

	if (start == 0)
		start = now();
	return now() - start;
}

bool progress_wanted(void)
{
	static atomic_int terminal = -1;

	if (terminal < 0)
		terminal = isatty(STDERR_FILENO);
	return terminal == 1;
}

void progress_expect(uint64_t n, uint64_t bytes)
{
	all_n = n;
	all_bytes = bytes;
}

void progress_part(uint64_t p, uint64_t w)
{
	part = p;
	whole = w;
}

static double ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : -1;
}

/* How much is done, 0 to 1; below 0: not known. */
static double done(const struct progress *p)
{
	double files = p->all_n ? FILE_COST : 0;

	if (p->whole)
		return ratio(p->part, p->whole);
	if (!p->all_bytes)
		return ratio(p->n, p->all_n);
	return ((double)p->bytes + (double)p->n * files) /
	       ((double)p->all_bytes + (double)p->all_n * files);
}

void progress_format(const struct progress *p, char *out, size_t size)
{
	double part_done = done(p);
	unsigned long long s;
	double left;
	int n = snprintf(out, size, "%llu %s, %llu MB",
		(unsigned long long)p->n, p->what,
		(unsigned long long)((double)p->bytes / MB));

	if (p->seconds < SOON || n < 0 || (size_t)n >= size)
		return;
	n += snprintf(out + n, size - (size_t)n, ", %.0f MB/s",
		(double)p->bytes / MB / p->seconds);
	if (part_done <= 0 || part_done > 1 || (size_t)n >= size)
		return;
	left = p->seconds / part_done * (1 - part_done);
	if (left > LONG)
		return;
	s = (unsigned long long)(left + 0.5);
	snprintf(out + n, size - (size_t)n, ", %llu:%02llu left", s / 60,
		s % 60);
}

/* With the lock. */
static void draw(void)
{
	struct progress p = at;
	int64_t more = inside;
	char line[128];

	p.seconds = progress_seconds();
	if (!p.what || (shown && p.seconds - last < 0.1))
		return;
	last = p.seconds;
	p.bytes += more > 0 ? (uint64_t)more : 0;
	p.all_n = all_n;
	p.all_bytes = all_bytes;
	p.part = part;
	p.whole = whole;
	progress_format(&p, line, sizeof(line));
	shown = true;
	fprintf(stderr, "\r%s\033[K", line);
}

void progress_show(uint64_t n, const char *what, uint64_t bytes)
{
	if (!progress_wanted())
		return;
	pthread_mutex_lock(&lock);
	at = (struct progress){ .n = n, .what = what, .bytes = bytes };
	draw();
	pthread_mutex_unlock(&lock);
}

void progress_inside(int64_t bytes)
{
	inside += bytes;
	/* Who finds it being drawn need not wait for that. */
	if (bytes <= 0 || !progress_wanted() ||
		pthread_mutex_trylock(&lock) != 0)
		return;
	draw();
	pthread_mutex_unlock(&lock);
}

void progress_clear(void)
{
	pthread_mutex_lock(&lock);
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
	at.what = NULL;
	pthread_mutex_unlock(&lock);
}
