/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tool/compute_private.h"
#include "tool/compute_push.h"
#include "tool/hash.h"
#include "tool/progress.h"
#include "tool/threads.h"

#define CHUNK_BLOCKS (COMPUTE_CHUNK / HASH_BLOCK)
#define WORTH_A_THREAD (2ull << 20) /* bytes; starting one takes 20 us */

static unsigned threads;      /* 0: not set, or not asked yet */
static unsigned extra_in_use; /* threads that we started, all calls */
static pthread_mutex_t extra_lock = PTHREAD_MUTEX_INITIALIZER;

void compute_set_threads(unsigned n)
{
	threads = n;
}

unsigned compute_threads(void)
{
	return threads ? threads : threads_default();
}

static unsigned take_extra(unsigned want)
{
	unsigned limit = compute_threads() - 1;

	pthread_mutex_lock(&extra_lock);
	if (want > limit - extra_in_use)
		want = limit - extra_in_use;
	extra_in_use += want;
	pthread_mutex_unlock(&extra_lock);
	return want;
}

static void give_extra(unsigned n)
{
	pthread_mutex_lock(&extra_lock);
	extra_in_use -= n;
	pthread_mutex_unlock(&extra_lock);
}

/*
 * Chunks are taken in order, hashed side by side, and their hashes pushed in
 * order: a thread that is early waits for its turn.
 */
struct work {
	const struct compute_chunks *k;
	enum hash_algorithm algorithm;
	uint64_t size;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t turn;
	uint64_t taken, pushed; /* bytes */
	int error;		/* the first one: a negative errno */
	struct err *e;		/* filled if that is -ECANCELED */
	struct compute_push tree;
};

/* With the lock. The first error is the one to tell. */
static void stop(struct work *w, int error, const struct err *e)
{
	if (!w->error) {
		w->error = error;
		if (e)
			*w->e = *e;
	}
	pthread_cond_broadcast(&w->turn);
}

/* Takes the next chunk, which is empty at the end and after an error. */
static size_t take(struct work *w, uint8_t *buf, uint64_t *offset)
{
	uint64_t left = w->size - w->taken;
	size_t n = left < COMPUTE_CHUNK ? (size_t)left : COMPUTE_CHUNK;
	int r = 0;

	if (w->error || n == 0)
		return 0;
	*offset = w->taken;
	w->taken += n;
	if (w->k->next)
		r = w->k->next(w->k->ctx, buf, n);
	if (r == 0)
		return n;
	stop(w, r, NULL);
	return 0;
}

static int hash_chunk(
	struct work *w, uint8_t *buf, size_t n, uint8_t *hashes, struct err *e)
{
	struct hash_block b[CHUNK_BLOCKS];
	size_t count = (n + HASH_BLOCK - 1) / HASH_BLOCK;

	memset(buf + n, 0, count * HASH_BLOCK - n);
	for (size_t i = 0; i < count; i++)
		b[i] = (struct hash_block){ buf + i * HASH_BLOCK,
			hashes + i * hash_size_of(w->algorithm) };
	return hash_blocks(w->algorithm, b, count, HASH_BLOCK, e);
}

/* With the lock. */
static void push_in_turn(
	struct work *w, uint64_t offset, const uint8_t *hashes, size_t n)
{
	while (!w->error && w->pushed != offset)
		pthread_cond_wait(&w->turn, &w->lock);
	if (w->error)
		return;
	compute_push_hashes(&w->tree, hashes, n);
	w->pushed += n;
	if (w->tree.failed)
		stop(w, w->tree.taken ? w->tree.taken : -ECANCELED, NULL);
	pthread_cond_broadcast(&w->turn);
}

static void *run(void *arg)
{
	struct work *w = arg;
	uint64_t rest = (w->size + HASH_BLOCK - 1) / HASH_BLOCK * HASH_BLOCK;
	size_t room = rest < COMPUTE_CHUNK ? (size_t)rest : COMPUTE_CHUNK;
	uint8_t hashes[CHUNK_BLOCKS * DIGEST_MAX];
	uint8_t *buf = aligned_alloc(HASH_BLOCK, room ? room : HASH_BLOCK);
	uint64_t offset;
	struct err e;
	size_t n;

	pthread_mutex_lock(&w->lock);
	if (!buf)
		stop(w, -ENOMEM, NULL);
	while ((n = take(w, buf, &offset)) > 0) {
		int r = 0;

		pthread_mutex_unlock(&w->lock);
		if (w->k->each)
			r = w->k->each(w->k->ctx, buf, n, offset, &e);
		if (r == 0 && hash_chunk(w, buf, n, hashes, &e) != 0)
			r = -ECANCELED;
		progress_inside((int64_t)n);
		pthread_mutex_lock(&w->lock);
		if (r != 0)
			stop(w, r, r == -ECANCELED ? &e : NULL);
		push_in_turn(w, offset, hashes, n);
	}
	pthread_mutex_unlock(&w->lock);
	free(buf);
	return NULL;
}

/* The caller is one of the threads, and enough if no other can be had. */
static void run_all(struct work *w)
{
	pthread_t others[THREADS_MAX - 1];
	uint64_t worth = w->size / WORTH_A_THREAD;
	unsigned n = 0, extra = 0;

	if (worth > 1)
		extra = take_extra(worth < THREADS_MAX ? (unsigned)worth - 1
						       : THREADS_MAX - 1);
	while (n < extra && pthread_create(&others[n], NULL, run, w) == 0)
		n++;
	run(w);
	for (unsigned i = 0; i < n; i++)
		pthread_join(others[i], NULL);
	if (extra)
		give_extra(extra);
}

static int tell(int error, const char *name, uint64_t size, struct err *e)
{
	if (error == -ECANCELED)
		return -1;
	if (error == -ENODATA)
		return compute_short(name, size, e);
	return err_sys(e, REASON_FAILED, -error, "%s: cannot be hashed", name);
}

int compute_chunks(const struct compute_chunks *k, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e)
{
	struct work w = {
		.k = k,
		.algorithm = algorithm,
		.size = size,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turn = PTHREAD_COND_INITIALIZER,
		.e = e,
	};
	struct err other;

	if (compute_push_begin(&w.tree, algorithm, e) != 0)
		return -1;
	compute_push_to(&w.tree, k->taker, size);
	run_all(&w);
	progress_inside(-(int64_t)w.taken);
	if (w.error) {
		(void)!compute_push_end(&w.tree, NULL, &other);
		return tell(w.error, name, size, e);
	}
	if (compute_push_end(&w.tree, d, e) == 0)
		return 0;
	return tell(w.tree.taken ? w.tree.taken : -ECANCELED, name, size, e);
}

static int next_of_stream(void *ctx, void *buf, size_t n)
{
	const struct compute_stream *s = ctx;

	return s->read(s->ctx, buf, n);
}

int compute_stream(const struct compute_stream *s, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e)
{
	struct compute_stream taker = *s;
	const struct compute_chunks k = {
		.ctx = &taker,
		.next = next_of_stream,
		.taker = &taker,
	};

	return compute_chunks(&k, name, size, algorithm, d, e);
}
