/* SPDX-License-Identifier: MIT */
#include "tool/transfer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/object.h"
#include "tool/progress.h"
#include "tool/read.h"
#include "tool/threads.h"

static bool is_store(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/meta.json", dir);
	return access(path, F_OK) == 0;
}

int transfer_open(struct transfer *t, const char *source, const char *dir,
	bool read_only, struct err *e)
{
	*t = (struct transfer){ .dir = dir };
	t->to.fd = t->to.objects = -1;
	if (origin_open(&t->from, source, e) != 0)
		return -1;
	/* A new one is made when it is known that what is wanted fits. */
	if (!is_store(dir))
		return 0;
	if (read_only ? store_open(&t->to, dir, e) != 0
		      : store_create(&t->to, dir, 0, e) != 0)
		return -1;
	if (t->to.algorithm == t->from.algorithm)
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected a source of %s objects, as %s has, found one of %s",
		source, hash_name(t->to.algorithm), dir,
		hash_name(t->from.algorithm));
}

void transfer_close(struct transfer *t)
{
	origin_close(&t->from);
	store_close(&t->to);
	wanted_free(&t->objects);
}

static int differs(const struct origin_file *f, struct err *e)
{
	return err_set(e, REASON_FAILED,
		"%s: expected the content that its name says, found other content",
		f->name);
}

/* In constant memory: the size that a file has is anybody's. */
static int hash_image(
	struct origin_file *f, const struct digest *want, struct err *e)
{
	const struct compute_reader from = { f, origin_file_read };
	struct digest found;

	if (compute_from(&from, -1, f->name, f->size, want->algorithm, &found,
		    e) != 0)
		return -1;
	return digest_equal(&found, want) ? 0 : differs(f, e);
}

/* Its bytes in memory, which have the digest. */
static uint8_t *load_image(struct transfer *t, const char *path,
	const struct digest *want, uint64_t size, struct err *e)
{
	uint8_t *bytes = malloc(size + 1);
	struct digest found;
	size_t n;
	int r;

	if (!bytes) {
		err_set(e, REASON_FAILED, "%s/%s: out of memory", t->from.name,
			path);
		return NULL;
	}
	r = origin_read(&t->from, path, bytes, size, &n, e);
	if (r == 1)
		r = compute_bytes(bytes, n, path, want->algorithm, &found, e);
	else if (r == 0)
		r = err_set(e, REASON_FAILED, "%s/%s: it went away",
			t->from.name, path);
	if (r == 0 && (n != size || !digest_equal(&found, want)))
		r = err_set(e, REASON_FAILED,
			"%s/%s: it changed while it was read", t->from.name,
			path);
	if (r == 0)
		return bytes;
	free(bytes);
	return NULL;
}

int transfer_image(struct transfer *t, const struct digest *d, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	struct read_image image;
	struct origin_file f;
	uint8_t *bytes;
	int r;

	digest_object_path(d, path);
	if (d->algorithm != t->from.algorithm)
		return err_set(e, REASON_IMAGE_MISSING,
			"%s: expected an image of %s, as the source has, found the digest of another",
			path, hash_name(t->from.algorithm));
	r = origin_file_open(&t->from, path, &f, e);
	if (r == 0)
		return err_set(e, REASON_IMAGE_MISSING,
			"%s: expected the image, found none", f.name);
	if (r < 0)
		return -1;
	r = hash_image(&f, d, e);
	origin_file_close(&f);
	bytes = r == 0 ? load_image(t, path, d, f.size, e) : NULL;
	if (!bytes || read_open_owned(&image, f.name, bytes, f.size, e) != 0)
		return -1;
	r = wanted_add(&t->objects, d, f.size, e);
	if (r == 0)
		r = wanted_add_image(&t->objects, &image, t->from.algorithm, e);
	read_close(&image);
	return r;
}

struct copying {
	struct transfer *t;
	struct object_writer w;
	pthread_mutex_t lock; /* for what is counted */
};

static void count(struct copying *c, uint64_t size)
{
	struct transfer *t = c->t;

	pthread_mutex_lock(&c->lock);
	t->fetched++;
	t->fetched_bytes += size;
	progress_show(t->fetched, "objects", t->fetched_bytes);
	pthread_mutex_unlock(&c->lock);
}

static int copy_object(void *ctx, size_t i, struct err *e)
{
	struct copying *c = ctx;
	const struct wanted_object *o = &c->t->objects.list[i];
	struct origin_file f;
	const struct compute_reader from = { &f, origin_file_read };
	char path[OBJECT_PATH_MAX];
	int r;

	digest_object_path(&o->digest, path);
	r = origin_file_open(&c->t->from, path, &f, e);
	if (r == 0)
		return err_set(e, REASON_FAILED,
			"%s: expected an object that an image needs, found none",
			f.name);
	if (r < 0)
		return -1;
	if (f.size != o->size)
		r = err_set(e, REASON_FAILED,
			"%s: expected %llu bytes, as the image says, found %llu",
			f.name, (unsigned long long)o->size,
			(unsigned long long)f.size);
	else
		r = object_put_wanted(
			&c->w, &from, f.name, f.size, &o->digest, e);
	origin_file_close(&f);
	if (r == 0)
		count(c, o->size);
	return r;
}

int transfer_copy(struct transfer *t, struct err *e)
{
	struct copying c = { .t = t, .lock = PTHREAD_MUTEX_INITIALIZER };
	/* libext2fs does one thing at a time. */
	unsigned threads = t->from.store.fd >= 0 ? threads_default() : 1;
	uint64_t bytes = 0;
	struct err late;
	int r;

	for (size_t i = 0; i < t->objects.n; i++)
		bytes += t->objects.list[i].size;
	progress_expect(t->objects.n, bytes);
	if (t->to.fd < 0 &&
		store_create(&t->to, t->dir, t->from.algorithm, e) != 0)
		return -1;
	if (object_writer_open(&c.w, &t->to, threads, e) != 0)
		return -1;
	r = threads_each(threads, t->objects.n, copy_object, &c, e);
	/* What came whole stays, also when the rest cannot come. */
	if (object_flush(&c.w, r == 0 ? e : &late) != 0)
		r = -1;
	object_writer_close(&c.w);
	progress_clear();
	return r;
}
