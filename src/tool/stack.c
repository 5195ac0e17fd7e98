/* SPDX-License-Identifier: MIT */
#include "tool/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/capture.h"
#include "tool/compute.h"
#include "tool/read_objects.h"

static int read_whole(
	int fd, uint8_t *bytes, uint64_t n, const char *name, struct err *e)
{
	for (uint64_t at = 0; at < n;) {
		ssize_t some = read(fd, bytes + at, n - at);

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

/* The bytes that are hashed are the bytes that are read. */
static int open_in_store(struct read_image *r, const struct store *s,
	const struct digest *want, const char *name, struct err *e)
{
	char path[OBJECT_PATH_MAX], full[PATH_MAX + OBJECT_PATH_MAX + 2];
	AUTO_FD int fd = -1;
	struct digest found;
	uint8_t *bytes;
	struct stat st;
	int r_ = -1;

	digest_object_path(want, path);
	snprintf(full, sizeof(full), "%s/%s", s->name, path);
	fd = open_regular_beneath(s->fd, path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected the image in the store", full);
	if ((uint64_t)st.st_size > READ_IMAGE_MAX)
		return err_set(e, REASON_FAILED,
			"%s: expected an image of at most %llu bytes, found %llu",
			full, READ_IMAGE_MAX, U64(st.st_size));
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return err_set(e, REASON_FAILED, "%s: out of memory", full);
	if (read_whole(fd, bytes, (uint64_t)st.st_size, full, e) == 0 &&
		compute_bytes(bytes, (size_t)st.st_size, full, want->algorithm,
			&found, e) == 0)
		r_ = digest_equal(&found, want)
			     ? 0
			     : object_differs(full, want, &found, e);
	if (r_ == 0)
		return read_open_owned(r, name, bytes, (size_t)st.st_size, e);
	free(bytes);
	return -1;
}

int stack_open(struct stack *k, const struct store *s, char *const *names,
	unsigned n, struct err *e)
{
	*k = (struct stack){ 0 };
	if (n > STACK_MAX)
		return err_set(e, REASON_FAILED,
			"images: expected at most %d, found %u", STACK_MAX, n);
	k->images = calloc(n, sizeof(*k->images));
	if (!k->images)
		return err_set(e, REASON_FAILED, "images: out of memory");
	for (; k->n < n; k->n++) {
		struct read_image *r = &k->images[k->n];
		const char *name = names[k->n];
		struct digest d;
		int failed;

		if (s && digest_from_hex(&d, name, strlen(name)))
			failed = open_in_store(r, s, &d, name, e);
		else
			failed = read_open(r, name, e);
		if (failed)
			return -1;
	}
	return capture_check_images(k->images, k->n, e);
}

void stack_close(struct stack *k)
{
	for (unsigned i = 0; i < k->n; i++)
		read_close(&k->images[i]);
	free(k->images);
	*k = (struct stack){ 0 };
}
