/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/object_private.h"
#include "tool/seal.h"
#include "tool/threads.h"

#define BATCH_MAX 4096 /* objects that wait, each with an open fd */
#define BATCH_MIN 16
#define FDS_OTHER 128 /* for everything but batches and intake.h, a quarter */

/* The digest's place in the index: free, or that of the same digest. */
static uint32_t *find_in(const struct object_writer *w,
	const struct object_batch *b, const struct digest *d)
{
	uint32_t at;

	memcpy(&at, d->bytes, sizeof(at));
	for (at %= 2 * w->max;; at = (at + 1) % (2 * w->max)) {
		uint32_t i = b->index[at];

		if (!i || digest_equal(&b->list[i - 1].digest, d))
			return &b->index[at];
	}
}

static bool waits(struct object_writer *w, const struct digest *d)
{
	return *find_in(w, &w->batch[0], d) || *find_in(w, &w->batch[1], d);
}

static void count_shared(struct object_writer *w, uint64_t size)
{
	w->stats.shared++;
	w->stats.shared_bytes += size;
}

void object_count_shared(struct object_writer *w, uint64_t size)
{
	pthread_mutex_lock(&w->lock);
	count_shared(w, size);
	pthread_mutex_unlock(&w->lock);
}

bool batch_has(struct object_writer *w, const struct digest *d, uint64_t size)
{
	bool has;

	pthread_mutex_lock(&w->lock);
	has = waits(w, d);
	if (has)
		count_shared(w, size);
	pthread_mutex_unlock(&w->lock);
	return has;
}

/* Also empties the index, so that nobody finds what has its name by now. */
static void forget(struct object_writer *w, struct object_batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		pending_abort(&b->list[i].file);
	b->n = 0;
	if (b->index)
		memset(b->index, 0, 2 * w->max * sizeof(*b->index));
}

/* With the lock held: the publisher takes what was filled. */
static void hand_over(struct object_writer *w)
{
	while (w->publishing)
		pthread_cond_wait(&w->change, &w->lock);
	/* Meanwhile another may have done it. */
	if (w->failed || w->filling->n < w->max)
		return;
	w->publishing = w->filling;
	w->filling = &w->batch[w->filling == &w->batch[0]];
	pthread_cond_broadcast(&w->change);
}

int batch_add(struct object_writer *w, struct pending *p,
	const struct digest *d, uint64_t size, struct err *e)
{
	struct object_batch *b;
	int r = 0;

	pthread_mutex_lock(&w->lock);
	while (w->filling->n == w->max && !w->failed)
		hand_over(w);
	b = w->filling;
	if (w->failed) {
		*e = w->e;
		r = -1;
	} else if (waits(w, d)) {
		count_shared(w, size);
	} else {
		b->list[b->n] = (struct waiting){ *d, size, *p };
		*find_in(w, b, d) = ++b->n;
		p->fd = -1;
		p->tmp[0] = '\0';
	}
	pthread_mutex_unlock(&w->lock);
	pending_abort(p);
	return r;
}

static int make_dir(
	struct object_writer *w, const struct digest *d, struct err *e)
{
	char name[3];

	if (w->made[d->bytes[0]])
		return 0;
	snprintf(name, sizeof(name), "%02x", d->bytes[0]);
	if (mkdirat(w->store->objects, name, 0755) != 0 && errno != EEXIST)
		return err_sys(e, REASON_FAILED, errno,
			"%s/objects/%s: cannot be created", w->store->name,
			name);
	w->made[d->bytes[0]] = true;
	return 0;
}

static void count_new(struct object_writer *w, uint64_t size)
{
	pthread_mutex_lock(&w->lock);
	w->stats.new ++;
	w->stats.new_bytes += size;
	pthread_mutex_unlock(&w->lock);
}

/* Seals one object of the batch and gives it its name. */
static int publish(void *ctx, size_t i, struct err *e)
{
	char path[PATH_MAX + OBJECT_PATH_MAX], object[OBJECT_PATH_MAX];
	struct object_writer *w = ctx;
	struct waiting *o = &w->publishing->list[i];
	const char *name = object_name(w, &o->digest, path);
	int r = SEAL_UNSUPPORTED;

	if (!w->stats.unsealed)
		r = seal_file(o->file.fd, name, &o->digest, e);
	if (r < 0 || make_dir(w, &o->digest, e) != 0)
		return -1;
	if (r == SEAL_UNSUPPORTED)
		w->stats.unsealed = true;
	digest_object_path(&o->digest, object);
	if (pending_name(&o->file, below_objects(object), false) == 0) {
		count_new(w, o->size);
		return 0;
	}
	if (errno != EEXIST)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be put in place", name);
	/* Another builder was quicker: its object is as good, if whole. */
	if (object_is_there(w, &o->digest, o->size, e) < 0)
		return -1;
	object_count_shared(w, o->size);
	return 0;
}

static int sync_store(struct object_writer *w, struct err *e)
{
	if (syncfs(w->store->objects) != 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be written",
			w->store->name);
	return 0;
}

static void *publish_batches(void *arg)
{
	struct object_writer *w = arg;
	struct err e;
	int r;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->publishing && !w->stop)
			pthread_cond_wait(&w->change, &w->lock);
		if (!w->publishing)
			break;
		pthread_mutex_unlock(&w->lock);
		r = sync_store(w, &e);
		if (r == 0)
			r = threads_each(
				w->threads, w->publishing->n, publish, w, &e);
		pthread_mutex_lock(&w->lock);
		if (r != 0 && !w->failed) {
			w->failed = true;
			w->e = e;
		}
		forget(w, w->publishing);
		w->publishing = NULL;
		pthread_cond_broadcast(&w->change);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int object_flush(struct object_writer *w, struct err *e)
{
	bool failed;

	pthread_mutex_lock(&w->lock);
	while (w->publishing)
		pthread_cond_wait(&w->change, &w->lock);
	if (!w->failed && w->filling->n) {
		w->publishing = w->filling;
		pthread_cond_broadcast(&w->change);
		while (w->publishing)
			pthread_cond_wait(&w->change, &w->lock);
	}
	failed = w->failed;
	/* Whoever goes on after an error begins anew. */
	w->failed = false;
	if (failed) {
		*e = w->e;
		forget(w, w->filling);
	}
	pthread_mutex_unlock(&w->lock);
	return failed ? -1 : sync_store(w, e);
}

/*
 * A file that nobody keeps tells whether the file system has fs-verity, and
 * whether a umask or a default ACL changes a new file's mode.
 */
static int probe(struct object_writer *w, struct err *e)
{
	struct pending p;
	struct digest d;
	struct stat st;
	char name[PATH_MAX + 16];
	int r;

	snprintf(name, sizeof(name), "%s/objects", w->store->name);
	if (compute_bytes("", 0, name, w->store->algorithm, &d, e) != 0 ||
		pending_open(&p, w->store->objects, name, OBJECT_MODE, e) != 0)
		return -1;
	w->chmod = fstat(p.fd, &st) != 0 || (st.st_mode & 07777) != OBJECT_MODE;
	r = pending_freeze(&p, name, e);
	if (r == 0)
		r = seal_file(p.fd, name, &d, e);
	pending_abort(&p);
	w->stats.unsealed = r == SEAL_UNSUPPORTED;
	return r < 0 ? -1 : 0;
}

/* Each object that waits needs an fd: take all that we may have. */
static unsigned batch_size(void)
{
	unsigned fds = threads_fds(3 * BATCH_MAX), max;

	fds -= fds / 4;
	max = fds < FDS_OTHER ? 0 : (fds - FDS_OTHER) / 2;
	return max < BATCH_MIN ? BATCH_MIN : max > BATCH_MAX ? BATCH_MAX : max;
}

int object_writer_open(struct object_writer *w, struct store *s,
	unsigned threads, struct err *e)
{
	memset(w, 0, sizeof(*w));
	w->threads = threads;
	w->max = batch_size();
	w->store = s;
	pthread_mutex_init(&w->late, NULL);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->change, NULL);
	w->filling = &w->batch[0];
	for (unsigned i = 0; i < 2; i++) {
		w->batch[i].list = malloc(w->max * sizeof(struct waiting));
		w->batch[i].index = calloc(2 * w->max, sizeof(uint32_t));
	}
	if (!w->batch[0].list || !w->batch[0].index || !w->batch[1].list ||
		!w->batch[1].index)
		err_set(e, REASON_FAILED, "%s: out of memory", s->name);
	else if (probe(w, e) == 0) {
		int r = pthread_create(&w->publisher, NULL, publish_batches, w);

		if (r == 0)
			return 0;
		err_sys(e, REASON_FAILED, r, "%s: cannot start a thread",
			s->name);
	}
	w->threads = 0;
	object_writer_close(w);
	return -1;
}

void object_writer_close(struct object_writer *w)
{
	if (w->threads) {
		pthread_mutex_lock(&w->lock);
		w->stop = true;
		pthread_cond_broadcast(&w->change);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->publisher, NULL);
	}
	w->threads = 0;
	for (unsigned i = 0; i < 2; i++) {
		forget(w, &w->batch[i]);
		free(w->batch[i].list);
		free(w->batch[i].index);
		w->batch[i].list = NULL;
		w->batch[i].index = NULL;
	}
}
