/* SPDX-License-Identifier: MIT */
/*
 * How fast fs-verity digests are computed in memory, MB/s, by libfsverity and
 * by each of our kernels that this processor has: a file of 64 MiB, and files
 * of 8 KiB; by one thread and by one for each processor. A Markdown table.
 *
 *	hash [ROUNDS]
 *
 * All ways take turns, ROUNDS (7) times; figures are medians. The time is a
 * thread's own on its processor, so that other programs matter less; the
 * rates of the threads are added up. (SHA-NI knows no SHA-512.)
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/compute.h"
#include "tool/compute_batch.h"
#include "tool/hash.h"
#include "tool/threads.h"

#include "../tests/unit/libfsverity_digest.h"

#define LARGE ((size_t)64 << 20)
#define SMALL 8192
#define BATCH 128 /* files; 1 MiB */
#define ROUNDS_MAX 99
#define KERNELS_MAX 8

static uint8_t *bytes;

struct way {
	const char *name;
	const char *kernel; /* NULL: libfsverity */
	enum hash_algorithm algorithm;
	double rates[4][ROUNDS_MAX]; /* large, small; one thread, all */
};

static void die(const char *why)
{
	fprintf(stderr, "hash: %s\n", why);
	exit(1);
}

/* So many files of that size, as a batch is. */
static void digests(
	const struct way *w, size_t n, size_t size, struct compute_job *jobs)
{
	struct err e;

	for (size_t i = 0; i < n; i++) {
		jobs[i].bytes = bytes + i * size;
		jobs[i].size = size;
	}
	for (size_t i = 0; !w->kernel && i < n; i++)
		if (!libfsverity_digest_of(
			    w->algorithm, jobs[i].bytes, size, &jobs[i].digest))
			die("libfsverity fails");
	if (w->kernel && compute_batch(w->algorithm, jobs, n, &e) != 0)
		die(e.text);
}

struct run {
	const struct way *way;
	bool small;
	double rate;
};

static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *run(void *arg)
{
	struct run *r = arg;
	struct compute_job *jobs = calloc(BATCH, sizeof(*jobs));
	size_t done = 0, size = r->small ? SMALL : LARGE;
	double begin, t = 0;

	if (!jobs)
		die("out of memory");
	begin = cpu_time();
	while (t < 0.1) {
		digests(r->way, r->small ? BATCH : 1, size, jobs);
		done += size * (r->small ? BATCH : 1);
		t = cpu_time() - begin;
	}
	r->rate = (double)done / t / 1e6;
	free(jobs);
	return NULL;
}

static double on_threads(const struct way *w, bool small, unsigned n)
{
	pthread_t threads[THREADS_MAX];
	struct run runs[THREADS_MAX];
	double sum = 0;

	for (unsigned i = 0; i < n; i++) {
		runs[i] = (struct run){ .way = w, .small = small };
		if (pthread_create(&threads[i], NULL, run, &runs[i]) != 0)
			die("a thread cannot be started");
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		sum += runs[i].rate;
	}
	return sum;
}

static void one_round(struct way *w, unsigned n, unsigned round)
{
	struct err e;

	if (w->kernel && hash_use(w->kernel, &e) != 0)
		die(e.text);
	for (unsigned i = 0; i < 4; i++)
		w->rates[i][round] = on_threads(w, i & 1, i < 2 ? 1 : n);
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(struct way *ways, unsigned n, unsigned rounds)
{
	for (unsigned i = 0; i < n; i++) {
		printf("| %s %s |", hash_name(ways[i].algorithm), ways[i].name);
		for (unsigned k = 0; k < 4; k++) {
			double *rates = ways[i].rates[k];
			const struct way *base = &ways[i];

			while (base->kernel)
				base--;
			qsort(rates, rounds, sizeof(*rates), ascending);
			printf(" %.0f | %.2f |", rates[rounds / 2],
				rates[rounds / 2] / base->rates[k][rounds / 2]);
		}
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static struct way ways[2 * KERNELS_MAX];
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 7, n = 0;
	unsigned threads = threads_default();
	struct err e;

	if (argc > 2 || rounds < 1 || rounds > ROUNDS_MAX)
		die("usage: hash [ROUNDS]");
	bytes = malloc(LARGE);
	if (!bytes)
		die("out of memory");
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (int a = HASH_SHA256; a <= HASH_SHA512; a++) {
		ways[n++] = (struct way){ "libfsverity", NULL, a, { { 0 } } };
		for (unsigned i = 0; hash_kernel(i); i++)
			if ((a == HASH_SHA256 ||
				    strcmp(hash_kernel(i), "sha-ni") != 0) &&
				hash_use(hash_kernel(i), &e) == 0)
				ways[n++] = (struct way){ hash_kernel(i),
					hash_kernel(i), a, { { 0 } } };
	}
	for (unsigned r = 0; r < rounds; r++)
		for (unsigned i = 0; i < n; i++)
			one_round(&ways[i], threads, r);
	printf("| MB/s | 64 MiB, 1 thread | x | 8 KiB, 1 thread | x | 64 MiB, %u threads | x | 8 KiB, %u threads | x |\n|---|---|---|---|---|---|---|---|---|\n",
		threads, threads);
	print(ways, n, rounds);
	return 0;
}
