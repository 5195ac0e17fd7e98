/* SPDX-License-Identifier: MIT */
#include "tool/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/compute.h"
#include "tool/read_objects.h"

static int pread_whole(
	int fd, uint8_t *bytes, uint64_t n, const char *name, struct err *e)
{
	for (uint64_t at = 0; at < n;) {
		ssize_t some = pread(fd, bytes + at, n - at, (off_t)at);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return err_sys(e, REASON_FAILED, some ? errno : EIO,
				"%s: expected %llu bytes, found %llu", name,
				U64(n), U64(at));
		at += (uint64_t)some;
	}
	return 0;
}

/* All of a regular file, in memory from malloc; NULL: *e. */
static uint8_t *load(int fd, const char *name, size_t *n, struct err *e)
{
	uint8_t *bytes;
	struct stat st;

	if (fstat(fd, &st) != 0 || (uint64_t)st.st_size > READ_IMAGE_MAX) {
		err_set(e, REASON_FAILED,
			"%s: expected an image of at most %llu bytes, found more",
			name, READ_IMAGE_MAX);
		return NULL;
	}
	*n = (size_t)st.st_size;
	bytes = malloc(*n + 1);
	if (!bytes)
		err_set(e, REASON_FAILED, "%s: out of memory", name);
	else if (pread_whole(fd, bytes, *n, name, e) == 0)
		return bytes;
	free(bytes);
	return NULL;
}

/* The bytes that are hashed are the bytes that are read. */
static int open_in_store(struct read_image *r, const struct store *s,
	const struct digest *want, const char *name, struct err *e)
{
	char path[OBJECT_PATH_MAX], full[PATH_MAX + OBJECT_PATH_MAX + 2];
	AUTO_FD int fd = -1;
	struct digest found;
	uint8_t *bytes;
	size_t n;

	digest_object_path(want, path);
	snprintf(full, sizeof(full), "%s/%s", s->name, path);
	fd = open_regular_beneath(s->fd, path);
	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected the image in the store", full);
	bytes = load(fd, full, &n, e);
	if (!bytes)
		return -1;
	if (compute_bytes(bytes, n, full, want->algorithm, &found, e) == 0 &&
		(digest_equal(&found, want) ||
			object_differs(full, want, &found, e) == 0))
		return read_open_owned(r, name, bytes, n, e);
	free(bytes);
	return -1;
}

static int make_room(struct stack *k, struct err *e)
{
	if (k->n == STACK_MAX)
		return err_set(e, REASON_FAILED,
			"images: expected at most %d, found more", STACK_MAX);
	if (!k->images)
		k->images = calloc(STACK_MAX, sizeof(*k->images));
	return k->images ? 0
			 : err_set(e, REASON_FAILED, "images: out of memory");
}

int stack_add(
	struct stack *k, const struct store *s, const char *name, struct err *e)
{
	struct digest d;
	int r;

	if (make_room(k, e) != 0)
		return -1;
	if (s && digest_from_hex(&d, name, strlen(name)))
		r = open_in_store(&k->images[k->n], s, &d, name, e);
	else
		r = read_open(&k->images[k->n], name, e);
	k->n += r == 0;
	return r;
}

int stack_add_fd(struct stack *k, int fd, const char *name, struct err *e)
{
	uint8_t *bytes;
	size_t n;
	int r;

	if (make_room(k, e) != 0)
		return -1;
	bytes = load(fd, name, &n, e);
	if (!bytes)
		return -1;
	r = read_open_owned(&k->images[k->n], name, bytes, n, e);
	k->n += r == 0;
	return r;
}

void stack_close(struct stack *k)
{
	for (unsigned i = 0; i < k->n; i++)
		read_close(&k->images[i]);
	free(k->images);
	*k = (struct stack){ 0 };
}
