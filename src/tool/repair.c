/* SPDX-License-Identifier: MIT */
#include "tool/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/check.h"
#include "tool/gc_private.h"
#include "tool/read.h"
#include "tool/repair_private.h"
#include "tool/view.h"

int repair_note(
	struct repair *r, const char *path, const char *text, struct err *e)
{
	struct repair_result *x;

	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		void *more = reallocarray(r->results, cap, sizeof(*x));

		if (!more)
			return err_set(
				e, REASON_FAILED, "%s: out of memory", path);
		r->results = more;
		r->cap = cap;
	}
	x = &r->results[r->n];
	x->path = strdup(path);
	x->text = text ? strdup(text) : NULL;
	if (!x->path || (text && !x->text))
		return err_set(e, REASON_FAILED, "%s: out of memory", path);
	r->n++;
	*(text ? &r->left : &r->repaired) += 1;
	return 0;
}

void repair_free(struct repair *r)
{
	while (r->n) {
		free(r->results[--r->n].path);
		free(r->results[r->n].text);
	}
	free(r->results);
	wanted_free(&r->broken);
	gc_close(&r->roots);
	origin_close(&r->from);
}

struct finding {
	struct repair *r;
	struct err e;
	bool failed;
};

/* The digest of "objects/ab/cdef..."; false: another path. */
static bool object_digest(
	const struct store *s, const char *path, struct digest *d)
{
	char hex[DIGEST_HEX_MAX], want[OBJECT_PATH_MAX];

	if (strlen(path) >= sizeof(want) ||
		strlen(path) < strlen("objects/ab/"))
		return false;
	snprintf(hex, sizeof(hex), "%.2s%s", path + strlen("objects/"),
		path + strlen("objects/ab/"));
	if (!digest_from_hex(d, hex, strlen(hex)) ||
		d->algorithm != s->algorithm)
		return false;
	digest_object_path(d, want);
	return strcmp(want, path) == 0;
}

static void found(
	void *ctx, enum fault kind, const char *path, const char *text)
{
	struct finding *f = ctx;
	struct digest d;
	int r;

	(void)kind;
	if (object_digest(&f->r->roots.store, path, &d))
		r = wanted_add(&f->r->broken, &d, WANTED_ANY, &f->e);
	else
		r = repair_note(f->r, path, text, &f->e);
	f->failed |= r != 0;
}

/* A link to an image that is not there is a wish for that image, too. */
int repair_find(struct repair *r, struct err *e)
{
	struct finding f = { .r = r };
	struct check c = { .tell = found, .ctx = &f };

	if (gc_roots(&r->roots, e) != 0 ||
		gc_mark_names(&r->roots, "images", e) != 0 ||
		wanted_sort(&r->roots.images, e) != 0)
		return -1;
	check_objects(&c, &r->roots.store);
	*e = f.e;
	return f.failed ? -1 : wanted_sort(&r->broken, e);
}

int repair_links(struct repair *r, struct err *e)
{
	struct finding f = { .r = r };
	struct check c = { .tell = found, .ctx = &f };
	const struct view v = view_of(&r->roots.store);

	check_links(&c, &v);
	*e = f.e;
	return f.failed ? -1 : 0;
}

static bool is_missing(struct repair *r, const char *path)
{
	struct stat st;

	return fstatat(r->roots.store.fd, path, &st, AT_SYMLINK_NOFOLLOW) !=
		       0 &&
	       errno == ENOENT;
}

/* Fetches an object that is broken or missing, and notes it. */
static int mend(
	struct repair *r, const struct digest *d, uint64_t size, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	struct err why;

	digest_object_path(d, path);
	if (!wanted_find(&r->broken, d) && !is_missing(r, path))
		return 0;
	if (repair_fetch(r, d, size, &why) != 0)
		return repair_note(r, path, why.text, e);
	return repair_note(r, path, NULL, e);
}

int repair_images(struct repair *r, struct err *e)
{
	for (size_t i = 0; i < r->roots.images.n; i++)
		if (mend(r, &r->roots.images.list[i].digest, WANTED_ANY, e))
			return -1;
	return 0;
}

static bool is_noted(const struct repair *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->results[i].path, path) == 0)
			return true;
	return false;
}

/* Adds what an image needs; one that could not be repaired needs nothing. */
static int add_needed(struct repair *r, const struct digest *d, struct err *e)
{
	char path[OBJECT_PATH_MAX], name[PATH_MAX + OBJECT_PATH_MAX];
	struct read_image image;
	struct err why;
	int result;

	digest_object_path(d, path);
	for (size_t i = 0; i < r->n; i++)
		if (r->results[i].text && strcmp(r->results[i].path, path) == 0)
			return 0;
	snprintf(name, sizeof(name), "%s/%s", r->roots.store.name, path);
	if (read_open(&image, name, &why) != 0)
		return repair_note(r, path, why.text, e);
	result = wanted_add_image(&r->roots.objects, &image, d->algorithm, e);
	read_close(&image);
	return result;
}

/* A broken one that no image needs is fetched if it can be. */
static int mend_needless(struct repair *r, struct err *e)
{
	char path[OBJECT_PATH_MAX];

	for (size_t i = 0; i < r->broken.n; i++) {
		const struct digest *d = &r->broken.list[i].digest;

		digest_object_path(d, path);
		if (!wanted_find(&r->roots.objects, d) && !is_noted(r, path) &&
			mend(r, d, WANTED_ANY, e) != 0)
			return -1;
	}
	return 0;
}

int repair_objects(struct repair *r, struct err *e)
{
	struct wanted *w = &r->roots.objects;

	for (size_t i = 0; i < r->roots.images.n; i++)
		if (add_needed(r, &r->roots.images.list[i].digest, e) != 0)
			return -1;
	if (wanted_sort(w, e) != 0)
		return -1;
	for (size_t i = 0; i < w->n; i++)
		if (!wanted_find(&r->roots.images, &w->list[i].digest) &&
			mend(r, &w->list[i].digest, w->list[i].size, e) != 0)
			return -1;
	return mend_needless(r, e);
}
