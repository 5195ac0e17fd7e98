/* SPDX-License-Identifier: MIT */
#include "tool/intake.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/intake_private.h"
#include "tool/progress.h"
#include "tool/threads.h"
#include "tool/tree_private.h"

#define JOBS_MAX 512
#define JOBS_MIN 16
#define COLD_THREADS 4 /* for each one, while the disk is what all wait for */
#define COLD_FILES 512 /* so many are likely cold after a group that was */

/*
 * A ring: [collect, take) are taken, [take, put) wait to be taken. Who walks
 * works, too, when more waits than the threads take next: none is idle then.
 */
struct intake {
	struct tree *tree;
	struct object_writer *objects;
	struct intake_stats stats;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t work;  /* for a thread: there is some, or an end */
	pthread_cond_t waits; /* for one that works while others wait */
	pthread_cond_t done;  /* for the walk: some is done */
	struct job *jobs;
	unsigned max;
	uint64_t put, take, collect;
	uint64_t waiting;   /* bytes of the jobs that wait */
	uint64_t in_memory; /* bytes that jobs have */
	unsigned idle;	    /* threads that wait */
	bool walk_waits, walked, failed, stop;
	uint8_t *buffers;   /* INTAKE_BUFFER for each thread */
	struct group group; /* of the thread that walks */
	unsigned group_max; /* jobs of a group */
	pthread_t threads[THREADS_MAX];
	/* Without the one that walks: all, those that always work, begun. */
	unsigned n_threads, n_steady, started;
	struct intake_stats finished;
	bool quiet; /* nothing is shown any more */

	atomic_uint cold; /* files to come, likely not in memory */
};

static struct job *job_at(struct intake *in, uint64_t i)
{
	return &in->jobs[i % in->max];
}

/* With the lock held: is there enough for a group? At the end anything is. */
static bool is_enough(const struct intake *in)
{
	uint64_t left = in->put - in->take;

	return left >= in->group_max || in->waiting >= INTAKE_FULL ||
	       (left && in->walked);
}

/*
 * With the lock held: takes the next jobs that fit into a buffer, at the end
 * fewer. After an error nothing more is begun: all before it has been.
 */
static bool take(struct intake *in, struct group *g)
{
	uint64_t left = in->put - in->take, bytes = 0, most = left;

	g->n = 0;
	if (in->failed || in->stop || left == 0)
		return false;
	if (in->walked)
		most = (left + in->n_steady) / (in->n_steady + 1);
	if (most > in->group_max)
		most = in->group_max;
	while (g->n < most) {
		struct job *j = job_at(in, in->take);

		if (g->n && bytes + j->size > INTAKE_BUFFER)
			break;
		bytes += j->size;
		g->jobs[g->n++] = j;
		in->take++;
	}
	in->waiting -= bytes;
	return true;
}

static void count(struct intake_stats *s, uint64_t size)
{
	s->files++;
	s->bytes += size;
}

/* With the lock held. */
static void show(const struct intake *in)
{
	if (!in->quiet)
		progress_show(in->finished.files, "files", in->finished.bytes);
}

/* With the lock held, which is given back meanwhile. */
static void work_on(struct intake *in, struct group *g)
{
	pthread_mutex_unlock(&in->lock);
	group_work(g);
	if (4 * g->waited > g->n)
		in->cold = COLD_FILES;
	pthread_mutex_lock(&in->lock);
	for (unsigned i = 0; i < g->n; i++) {
		g->jobs[i]->done = true;
		in->failed |= g->jobs[i]->r != 0;
		count(&in->finished, g->jobs[i]->size);
	}
	show(in);
	if (in->walk_waits)
		pthread_cond_signal(&in->done);
}

static void group_begin(struct intake *in, struct group *g, unsigned number)
{
	g->algorithm = in->tree->algorithm;
	g->objects = in->objects;
	g->buffer = in->buffers + (size_t)number * INTAKE_BUFFER;
}

static void *work(void *arg)
{
	struct intake *in = arg;
	struct group g;
	bool extra; /* a thread that waits for the disk needs no processor */

	pthread_mutex_lock(&in->lock);
	extra = in->started >= in->n_steady;
	group_begin(in, &g, in->started++);
	while (!in->stop) {
		if ((!extra || in->cold) && is_enough(in) && take(in, &g)) {
			work_on(in, &g);
			continue;
		}
		in->idle += !extra;
		pthread_cond_wait(extra ? &in->waits : &in->work, &in->lock);
		in->idle -= !extra;
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
		if (take(in, &in->group)) {
			work_on(in, &in->group);
			continue;
		}
		in->walk_waits = true;
		pthread_cond_wait(&in->done, &in->lock);
		in->walk_waits = false;
	}
	return r;
}

/*
 * With the lock held: a thread is woken for what came, or it is for us: when
 * all are at work and each finds enough when it is done. While the disk is
 * what all wait for, it is better told of more files.
 */
static void share(struct intake *in)
{
	if (in->idle) {
		if (is_enough(in))
			pthread_cond_signal(&in->work);
	} else if (in->cold) {
		if (is_enough(in))
			pthread_cond_signal(&in->waits);
	} else if (in->put - in->take >=
			   (uint64_t)in->group_max * (in->n_steady + 1) &&
		   take(in, &in->group)) {
		work_on(in, &in->group);
	}
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
		memcpy(j->path, path, strnlen(path, SCAN_PATH - 1) + 1);
		j->path[SCAN_PATH - 1] = '\0';
		in->in_memory += more;
		in->waiting += j->size;
		share(in);
	}
	pthread_mutex_unlock(&in->lock);
	return r;
}

static void came(struct intake *in, uint64_t size)
{
	count(&in->stats, size);
	/* What is large is shown while it is read. */
	if (in->stats.files == 1)
		progress_show(0, "files", 0);
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

	came(in, j.size);
	if (in->cold) {
		in->cold--;
		group_soon(fd, j.size);
	}
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
	pthread_mutex_lock(&in->lock);
	count(&in->finished, size);
	show(in);
	pthread_mutex_unlock(&in->lock);
	return r == 0 ? tree_set_object(in->tree, inode, size, &d, e) : -1;
}

int intake_from(struct intake *in, const struct compute_reader *from,
	uint64_t size, uint32_t inode, const char *path, struct err *e)
{
	struct job j = { .fd = -1, .size = size, .inode = inode };

	came(in, size);
	if (size > INTAKE_BUFFER)
		return stream(in, from, size, inode, path, e);
	j.bytes = malloc(size);
	if (!j.bytes)
		return err_set(e, REASON_FAILED, "%s: out of memory", path);
	if (intake_read(from, j.bytes, size, path, e) == 0 &&
		submit(in, &j, path, e) == 0)
		return 0;
	free(j.bytes);
	return -1;
}

int intake_finish(struct intake *in, struct err *e)
{
	int r;

	pthread_mutex_lock(&in->lock);
	in->walked = true;
	pthread_cond_broadcast(&in->work);
	r = wait_for(in, 0, 0, e);
	in->walked = false;
	in->quiet = true;
	progress_clear();
	pthread_mutex_unlock(&in->lock);
	return r;
}

struct intake_stats intake_stats(const struct intake *in)
{
	return in->stats;
}

static int start(struct intake *in, unsigned threads, struct err *e)
{
	in->jobs = calloc(in->max, sizeof(*in->jobs));
	in->buffers = malloc((size_t)threads * INTAKE_BUFFER);
	if (!in->jobs || !in->buffers)
		return err_set(e, REASON_FAILED, "tree: out of memory");
	group_begin(in, &in->group, threads - 1);
	for (; in->n_threads < threads - 1; in->n_threads++) {
		int r = pthread_create(
			&in->threads[in->n_threads], NULL, work, in);

		if (r != 0)
			return err_sys(e, REASON_FAILED, r,
				"tree: cannot start a thread");
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
	in->group_max = in->max / (2 * threads);
	if (in->group_max > INTAKE_GROUP)
		in->group_max = INTAKE_GROUP;
	in->group_max += in->group_max == 0;
	in->cold = COLD_FILES;
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->work, NULL);
	pthread_cond_init(&in->waits, NULL);
	pthread_cond_init(&in->done, NULL);
	in->n_steady = threads - 1;
	if (threads > 1)
		threads *= COLD_THREADS;
	if (start(in, threads < THREADS_MAX ? threads : THREADS_MAX, e) == 0)
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
	pthread_cond_broadcast(&in->waits);
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
