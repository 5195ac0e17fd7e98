/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/compute.h"
#include "tool/gc_private.h"
#include "tool/read.h"
#include "tool/tool.h"

#define REFS_DEPTH_MAX 32
#define BENEATH \
	(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | \
		RESOLVE_NO_XDEV)

int gc_open(struct gc *g, const char *name, struct err *e)
{
	struct store *s = &g->store;
	int r;

	if (store_open(s, name, e) != 0)
		return -1;
	r = store_may_write(s, e);
	if (r == 0 && flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
		tool_say(
			"%s: another program uses the store: waiting", s->name);
		if (flock(s->fd, LOCK_EX) != 0)
			r = err_sys(e, REASON_FAILED, errno,
				"%s: cannot be locked", s->name);
	}
	if (r != 0)
		gc_close(g);
	return r;
}

void gc_close(struct gc *g)
{
	store_close(&g->store);
	wanted_free(&g->images);
	wanted_free(&g->objects);
}

int gc_open_dir(struct gc *g, const char *path, bool *none, struct err *e)
{
	int fd = open_how(g->store.fd, path, O_RDONLY | O_DIRECTORY, BENEATH);

	*none = fd < 0 && errno == ENOENT;
	if (fd < 0 && !*none)
		err_sys(e, REASON_FAILED, errno, "%s/%s: cannot be opened",
			g->store.name, path);
	return fd;
}

static int mark_ref(struct gc *g, int dirfd, const char *path, const char *name,
	struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
	const char *slash;
	struct digest d;

	if (n < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s/%s: expected a symbolic link to an image, found something else",
			g->store.name, path);
	target[n] = '\0';
	slash = strrchr(target, '/');
	if (slash && digest_from_hex(&d, slash + 1, strlen(slash + 1)) &&
		d.algorithm == g->store.algorithm)
		return wanted_add(&g->images, &d, WANTED_ANY, e);
	return err_set(e, REASON_FAILED,
		"%s/%s: expected a symbolic link to an image, found one to %s",
		g->store.name, path, target);
}

/* References may lie in directories of any depth. */
static int mark_refs(
	struct gc *g, const char *path, unsigned depth, struct err *e)
{
	bool none;
	AUTO_FD int fd = gc_open_dir(g, path, &none, e);
	struct dir dir = { .fd = fd };
	const char *name;

	if (fd < 0)
		return none ? 0 : -1;
	while ((name = dir_next(&dir))) {
		char below[PATH_MAX];
		struct stat st;
		size_t n = snprintf(below, sizeof(below), "%s/%s", path, name);
		bool deeper =
			fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode);

		if (n >= sizeof(below) || (deeper && depth == REFS_DEPTH_MAX))
			return err_set(e, REASON_FAILED,
				"%s/%s: expected at most %u levels, found more",
				g->store.name, path, REFS_DEPTH_MAX);
		if (deeper ? mark_refs(g, below, depth + 1, e) != 0
			   : mark_ref(g, fd, below, name, e) != 0)
			return -1;
	}
	if (dir.error)
		return err_sys(e, REASON_FAILED, dir.error,
			"%s/%s: cannot be listed", g->store.name, path);
	return 0;
}

/* The store may be another than the one that was booted from. */
static int mark_booted_image(struct gc *g, const char *hex, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	struct digest d;

	if (!digest_from_hex(&d, hex, strlen(hex)) ||
		d.algorithm != g->store.algorithm)
		return 0;
	digest_object_path(&d, path);

	AUTO_FD int fd = open_regular_beneath(g->store.fd, path);

	if (fd < 0 && errno == ENOENT)
		return 0;
	return wanted_add(&g->images, &d, WANTED_ANY, e);
}

/* Every "digest" of the record, wherever it stands, is one of an image. */
static int mark_record(struct gc *g, json_t *value, struct err *e)
{
	const char *key, *text;
	json_t *item;
	size_t i;

	json_object_foreach(value, key, item)
	{
		text = strcmp(key, "digest") == 0 ? json_string_value(item)
						  : NULL;
		if (text && mark_booted_image(g, text, e) != 0)
			return -1;
		if (mark_record(g, item, e) != 0)
			return -1;
	}
	json_array_foreach(value, i, item)
	{
		if (mark_record(g, item, e) != 0)
			return -1;
	}
	return 0;
}

static int mark_booted(struct gc *g, struct err *e)
{
	AUTO_FD int fd = open(g->record, O_RDONLY | O_CLOEXEC);
	char *text;
	json_error_t wrong;
	json_t *record;
	ssize_t n;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	text = fd < 0 ? NULL : malloc(BOOT_RECORD_MAX);
	n = text ? read_all(fd, text, BOOT_RECORD_MAX) : -1;
	if (n < 0) {
		free(text);
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected the record of the boot: cannot be read",
			g->record);
	}
	record = json_loadb(text, n, JSON_REJECT_DUPLICATES, &wrong);
	free(text);
	if (!record)
		return err_set(e, REASON_FAILED,
			"%s: expected the record of the boot: byte %d: %s",
			g->record, wrong.position, wrong.text);
	r = mark_record(g, record, e);
	json_decref(record);
	return r;
}

static int damaged(struct err *e, const struct store *s)
{
	return err_hint(e,
		"nothing was removed: what this image needs is not known; rootwright check %s says more",
		s->name);
}

/* The image must be what its name says: it says what is kept. */
static int check_image(struct gc *g, const char *name, const char *path,
	const struct digest *want, struct err *e)
{
	AUTO_FD int fd = open_regular_beneath(g->store.fd, path);
	struct digest found;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected an image that is kept: cannot be opened",
			name);
	if (compute_fd(fd, name, st.st_size, want->algorithm, &found, e) != 0)
		return -1;
	if (digest_equal(&found, want))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected the content that its name says, found other content",
		name);
}

static int mark_image(struct gc *g, const struct digest *d, struct err *e)
{
	char path[OBJECT_PATH_MAX], name[PATH_MAX + OBJECT_PATH_MAX];
	struct read_image image;
	int r;

	digest_object_path(d, path);
	snprintf(name, sizeof(name), "%s/%s", g->store.name, path);
	if (check_image(g, name, path, d, e) != 0)
		return damaged(e, &g->store);
	r = wanted_add(&g->objects, d, WANTED_ANY, e);
	if (r == 0)
		r = read_open(&image, name, e);
	if (r != 0)
		return damaged(e, &g->store);
	r = wanted_add_image(&g->objects, &image, d->algorithm, e);
	read_close(&image);
	return r == 0 ? 0 : damaged(e, &g->store);
}

/* composefs-rs keeps OCI layers as streams, whose objects we do not know. */
static int no_streams(struct gc *g, struct err *e)
{
	bool none;
	AUTO_FD int fd = gc_open_dir(g, "streams", &none, e);
	struct dir dir = { .fd = fd };
	const char *name;

	if (fd < 0)
		return none ? 0 : -1;
	while ((name = dir_next(&dir)))
		if (strcmp(name, "refs") != 0) {
			err_set(e, REASON_FAILED,
				"%s/streams: expected a store of images only, found a stream %s",
				g->store.name, name);
			return err_hint(e,
				"cfsctl gc knows what streams need, and keeps our images");
		}
	return 0;
}

int gc_roots(struct gc *g, struct err *e)
{
	if (mark_refs(g, "images/refs", 0, e) != 0 ||
		gc_mark_releases(g, e) != 0 ||
		gc_mark_names(g, "lists/images", e) != 0 ||
		mark_booted(g, e) != 0)
		return -1;
	return wanted_sort(&g->images, e);
}

int gc_mark(struct gc *g, struct err *e)
{
	if (no_streams(g, e) != 0 || gc_roots(g, e) != 0)
		return -1;
	for (size_t i = 0; i < g->images.n; i++)
		if (mark_image(g, &g->images.list[i].digest, e) != 0)
			return -1;
	return wanted_sort(&g->objects, e);
}
