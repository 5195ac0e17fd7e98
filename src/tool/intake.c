/* SPDX-License-Identifier: MIT */
#include "tool/intake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/intake_private.h"
#include "tool/progress.h"
#include "tool/threads.h"
#include "tool/tree_private.h"

#define JOBS_MAX 512
#define JOBS_MIN 16
#define WAKE_AT 16 /* jobs that wait, before a thread is woken for them */

/* A ring: [collect, take) are taken, [take, put) wait to be taken. */
struct intake {
	struct tree *tree;
	struct object_writer *objects;
	struct intake_stats stats;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t work;  /* for a thread: there is some, or an end */
	pthread_cond_t done;  /* for the walk: some is done */
	struct job *jobs;
	unsigned max;
	uint64_t put, take, collect;
	uint64_t in_memory; /* bytes that jobs have */
	unsigned idle;	    /* threads that wait */
	bool walk_waits, failed, stop;
	uint8_t *buffers; /* INTAKE_BUFFER for each thread */
	pthread_t threads[THREADS_MAX];
	unsigned n_threads, started;
};

static struct job *job_at(struct intake *in, uint64_t i)
{
	return &in->jobs[i % in->max];
}

/*
 * With the lock held: takes the next jobs that fit into a buffer, and leaves
 * some for the others. After an error nothing more is begun: all that is
 * before it has been.
 */
static bool take(struct intake *in, struct group *g)
{
	uint64_t left = in->put - in->take, bytes = 0;
	uint64_t most = (left + in->n_threads - 1) / in->n_threads;

	g->n = 0;
	if (in->failed || in->stop || left == 0)
		return false;
	if (most > INTAKE_GROUP)
		most = INTAKE_GROUP;
	while (g->n < most) {
		struct job *j = job_at(in, in->take);

		if (g->n && bytes + j->size > INTAKE_BUFFER)
			break;
		bytes += j->size;
		g->jobs[g->n++] = j;
		in->take++;
	}
	return true;
}

static void finish(struct intake *in, const struct group *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		g->jobs[i]->done = true;
		in->failed |= g->jobs[i]->r != 0;
	}
	if (in->walk_waits)
		pthread_cond_signal(&in->done);
}

static void *work(void *arg)
{
	struct intake *in = arg;
	struct group g = {
		.algorithm = in->tree->algorithm,
		.objects = in->objects,
	};

	pthread_mutex_lock(&in->lock);
	g.buffer = in->buffers + (size_t)in->started++ * INTAKE_BUFFER;
	while (!in->stop) {
		if (!take(in, &g)) {
			in->idle++;
			pthread_cond_wait(&in->work, &in->lock);
			in->idle--;
			continue;
		}
		pthread_mutex_unlock(&in->lock);
		group_work(&g);
		pthread_mutex_lock(&in->lock);
		finish(in, &g);
	}
	pthread_mutex_unlock(&in->lock);
	return NULL;
}

/* With the lock held: what is done goes into the tree, in order. */
static int collect(struct intake *in, struct err *e)
{
	while (in->collect < in->take) {
		struct job *j = job_at(in, in->collect);

		if (!j->done)
			break;
		if (j->r != 0) {
			*e = j->e;
			return -1;
		}
		if (tree_set_object(
			    in->tree, j->inode, j->size, &j->digest, e) != 0)
			return -1;
		in->in_memory -= j->bytes ? j->size : 0;
		free(j->bytes);
		j->bytes = NULL;
		in->collect++;
	}
	return 0;
}

/* With the lock held: collects until at most so much is under way. */
static int wait_for(
	struct intake *in, uint64_t jobs, uint64_t bytes, struct err *e)
{
	int r;

	while ((r = collect(in, e)) == 0 &&
		(in->put - in->collect > jobs || in->in_memory > bytes)) {
		if (in->idle)
			pthread_cond_broadcast(&in->work);
		in->walk_waits = true;
		pthread_cond_wait(&in->done, &in->lock);
		in->walk_waits = false;
	}
	return r;
}

/* Takes fd and bytes over. */
static int submit(struct intake *in, const struct job *what, const char *path,
	struct err *e)
{
	uint64_t more = what->bytes ? what->size : 0;
	struct job *j;
	int r;

	pthread_mutex_lock(&in->lock);
	r = wait_for(in, in->max - 1, INTAKE_BYTES - more, e);
	if (r == 0) {
		j = job_at(in, in->put++);
		j->fd = what->fd;
		j->bytes = what->bytes;
		j->size = what->size;
		j->before = what->before;
		j->inode = what->inode;
		j->done = false;
		snprintf(j->path, sizeof(j->path), "%s", path);
		in->in_memory += more;
		if (in->idle && (in->put - in->take >= WAKE_AT ||
					j->size > INTAKE_BUFFER / 4))
			pthread_cond_signal(&in->work);
	}
	pthread_mutex_unlock(&in->lock);
	return r;
}

static void count(struct intake *in, uint64_t size)
{
	in->stats.files++;
	in->stats.bytes += size;
	progress_show(in->stats.files, "files", in->stats.bytes);
}

int intake_file(struct intake *in, int fd, const struct stat *before,
	uint32_t inode, const char *path, struct err *e)
{
	const struct job j = {
		.fd = fd,
		.size = (uint64_t)before->st_size,
		.before = *before,
		.inode = inode,
	};

	count(in, j.size);
	/* The disk begins with all that wait, and does not see one by one. */
	if (j.size <= INTAKE_BUFFER)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
	if (submit(in, &j, path, e) == 0)
		return 0;
	close(fd);
	return -1;
}

/* What is too large for memory cannot wait: the source has to go on. */
static int stream(struct intake *in, const struct compute_reader *from,
	uint64_t size, uint32_t inode, const char *path, struct err *e)
{
	struct digest d;
	int r;

	if (in->objects)
		r = object_put_from(in->objects, from, path, size, &d, e);
	else
		r = compute_from(
			from, -1, path, size, in->tree->algorithm, &d, e);
	return r == 0 ? tree_set_object(in->tree, inode, size, &d, e) : -1;
}

static int read_now(const struct compute_reader *from, uint8_t *bytes,
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

int intake_from(struct intake *in, const struct compute_reader *from,
	uint64_t size, uint32_t inode, const char *path, struct err *e)
{
	struct job j = { .fd = -1, .size = size, .inode = inode };

	count(in, size);
	if (size > INTAKE_BUFFER)
		return stream(in, from, size, inode, path, e);
	j.bytes = malloc(size);
	if (!j.bytes)
		return err_set(e, REASON_FAILED, "%s: out of memory", path);
	if (read_now(from, j.bytes, size, path, e) == 0 &&
		submit(in, &j, path, e) == 0)
		return 0;
	free(j.bytes);
	return -1;
}

int intake_finish(struct intake *in, struct err *e)
{
	int r;

	progress_clear();
	pthread_mutex_lock(&in->lock);
	r = wait_for(in, 0, 0, e);
	pthread_mutex_unlock(&in->lock);
	return r;
}

struct intake_stats intake_stats(const struct intake *in)
{
	return in->stats;
}

static int start(struct intake *in, unsigned threads, struct err *e)
{
	in->n_threads = threads;
	in->jobs = calloc(in->max, sizeof(*in->jobs));
	in->buffers = malloc((size_t)threads * INTAKE_BUFFER);
	if (!in->jobs || !in->buffers)
		return err_set(e, REASON_FAILED, "tree: out of memory");
	for (unsigned i = 0; i < threads; i++) {
		int r = pthread_create(&in->threads[i], NULL, work, in);

		if (r == 0)
			continue;
		in->n_threads = i;
		return err_sys(
			e, REASON_FAILED, r, "tree: cannot start a thread");
	}
	return 0;
}

int intake_open(struct intake **out, struct tree *t,
	struct object_writer *objects, unsigned threads, struct err *e)
{
	unsigned fds = threads_fds(4 * JOBS_MAX) / 4;
	struct intake *in = calloc(1, sizeof(*in));

	*out = in;
	if (!in)
		return err_set(e, REASON_FAILED, "tree: out of memory");
	in->tree = t;
	in->objects = objects;
	in->max = fds > JOBS_MAX ? JOBS_MAX : fds < JOBS_MIN ? JOBS_MIN : fds;
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->work, NULL);
	pthread_cond_init(&in->done, NULL);
	if (start(in, threads, e) == 0)
		return 0;
	intake_close(in);
	*out = NULL;
	return -1;
}

void intake_close(struct intake *in)
{
	if (!in)
		return;
	pthread_mutex_lock(&in->lock);
	in->stop = true;
	pthread_cond_broadcast(&in->work);
	pthread_mutex_unlock(&in->lock);
	for (unsigned i = 0; i < in->n_threads; i++)
		pthread_join(in->threads[i], NULL);
	for (; in->collect < in->put; in->collect++) {
		struct job *j = job_at(in, in->collect);

		if (in->collect >= in->take && j->fd >= 0)
			close(j->fd);
		free(j->bytes);
	}
	free(in->jobs);
	free(in->buffers);
	free(in);
}
