/* SPDX-License-Identifier: MIT */
/* Several stores that are used together, and images that are stacked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/capture.h"
#include "tool/check.h"
#include "tool/stack.h"

static ssize_t pread_full(int fd, char *buf, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, buf + done, n - done, at + (off_t)done);

		if (r < 0)
			return -1;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

/* 1: other bytes, 0: the same, or -1 where one cannot be read. */
static int differ(int a, int b)
{
	static char one[65536], two[65536];

	for (off_t at = 0;; at += sizeof(one)) {
		ssize_t n = pread_full(a, one, sizeof(one), at);
		ssize_t k = pread_full(b, two, sizeof(two), at);

		if (n < 0 || k < 0)
			return -1;
		if (n != k || memcmp(one, two, (size_t)n) != 0)
			return 1;
		if ((size_t)n < sizeof(one))
			return 0;
	}
}

/* Bytes that cannot be read are no reason to take them for the same. */
static void compare(struct check *c, const struct store *stores,
	unsigned n_stores, const char *path)
{
	AUTO_FD int first = -1;
	unsigned winner = 0;

	for (unsigned i = 0; i < n_stores; i++) {
		AUTO_FD int fd = open_regular_beneath(stores[i].fd, path);

		if (fd < 0)
			continue;
		if (first < 0) {
			first = fd;
			fd = -1;
			winner = i;
		} else if (differ(first, fd) != 0) {
			check_fault(c, FAULT_CONFLICT, path,
				"expected the same bytes in %s and %s, found others: with these stores, those of %s are read",
				stores[winner].name, stores[i].name,
				stores[winner].name);
			return;
		}
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(a, b);
}

void check_conflicts(
	struct check *c, const struct store *stores, unsigned n_stores)
{
	c->prefix = NULL;
	if (c->n_damaged)
		qsort(c->damaged, c->n_damaged, sizeof(*c->damaged), by_path);
	for (size_t i = 0; i < c->n_damaged; i++)
		if (i == 0 || strcmp(c->damaged[i], c->damaged[i - 1]) != 0)
			compare(c, stores, n_stores, c->damaged[i]);
	free(c->damaged);
	c->damaged = NULL;
	c->n_damaged = c->cap_damaged = 0;
}

const struct store *check_store_of(
	const struct store *stores, unsigned n, const char *name)
{
	char path[OBJECT_PATH_MAX];
	struct digest d;

	if (!digest_from_hex(&d, name, strlen(name)))
		return NULL;
	digest_object_path(&d, path);
	for (unsigned i = 0; i < n; i++) {
		AUTO_FD int fd = open_regular_beneath(stores[i].fd, path);

		if (fd >= 0)
			return &stores[i];
	}
	return stores;
}

int check_stack(struct check *c, const struct store *stores, unsigned n_stores,
	char *const *images, int n, struct err *e)
{
	struct stack k = { 0 };
	int r = 0;

	for (int i = 0; i < n && r == 0; i++)
		r = stack_add(&k, check_store_of(stores, n_stores, images[i]),
			images[i], e);
	if (r == 0 && capture_check_images(k.images, k.n, e) != 0) {
		const char *words = strstr(e->text, ": expected");

		c->prefix = NULL;
		if (words) {
			char name[sizeof(e->text)];

			snprintf(name, sizeof(name), "%.*s",
				(int)(words - e->text), e->text);
			check_fault(c, FAULT_CAPTURE, name, "%s", words + 2);
		} else {
			r = -1;
		}
	}
	stack_close(&k);
	return r;
}
