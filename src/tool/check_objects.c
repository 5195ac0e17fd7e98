/* SPDX-License-Identifier: MIT */
/*
 * Objects are looked at by all processors, in groups that are hashed side by
 * side, and what was found is told by one thread in the order in which they
 * came: two runs say the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/check.h"
#include "tool/compute_files.h"
#include "tool/store.h"
#include "tool/threads.h"

#define GROUP 32 /* open at once, for each thread */
#define WAITING_MAX 4096

/* An object that is to be looked at, and what was found. */
struct check_entry {
	char path[OBJECT_PATH_MAX];
	struct digest want;
	uint64_t want_size;

	int error; /* errno, of opening it */
	uint64_t size;
	int seal_error; /* errno, of asking the kernel */
	struct digest seal, content;
	char *unreadable; /* why it cannot be hashed; from malloc */
};

struct look {
	const struct store *store;
	struct check_entry *entries;
	unsigned n;
};

static void unreadable(struct check_entry *o, const struct err *e)
{
	if (!o->unreadable)
		o->unreadable = strdup(e->text);
}

/* An image may name objects of another algorithm than the store's. */
static int compute(
	struct compute_files *f, int fd, struct check_entry *o, struct err *e)
{
	static const char name[] = "its content";

	if (o->want.algorithm != f->algorithm)
		return compute_fd(
			fd, name, o->size, o->want.algorithm, &o->content, e);
	return compute_files_add(f, fd, name, o->size, &o->content, e);
}

/* Gives its fd, or -1. */
static int open_object(const struct store *s, struct check_entry *o)
{
	int fd = open_regular_beneath(s->fd, o->path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		o->error = errno;
		if (fd >= 0)
			close(fd);
		return -1;
	}
	o->size = (uint64_t)st.st_size;
	compute_files_soon(fd, o->size);
	return fd;
}

static void look_at(int fd, struct check_entry *o, struct compute_files *f)
{
	struct err e;

	if (verity_measure(fd, &o->seal) != 0)
		o->seal_error = errno;
	if (compute(f, fd, o, &e) != 0)
		unreadable(o, &e);
}

static int look_at_group(void *ctx, size_t group, struct err *e)
{
	struct look *l = ctx;
	struct check_entry *o = l->entries + group * GROUP;
	size_t left = l->n - group * GROUP, n = left < GROUP ? left : GROUP;
	struct compute_files f;
	int fds[GROUP], r = compute_files_begin(&f, l->store->algorithm, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		fds[i] = open_object(l->store, &o[i]);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (fds[i] >= 0) {
			look_at(fds[i], &o[i], &f);
			close(fds[i]);
		}
	if (r == 0)
		r = compute_files_end(&f, e);
	/* What it is that failed, the objects say. */
	for (size_t i = 0; r != 0 && i < n; i++)
		if (!o[i].error && !o[i].content.size)
			unreadable(&o[i], e);
	return 0;
}

static void tell_seal(
	struct check *c, const struct store *s, const struct check_entry *o)
{
	char hex[DIGEST_HEX_MAX];

	if (o->seal_error) {
		c->unsealed++;
		if (s->sealed)
			check_fault(c, FAULT_UNSEALED, o->path,
				"expected fs-verity, as meta.json has it, found none: %s",
				strerror(o->seal_error));
	} else if (!digest_equal(&o->seal, &o->want)) {
		digest_to_hex(&o->seal, hex);
		check_fault(c, FAULT_SEAL, o->path,
			"expected the fs-verity digest that its name says, found %s",
			hex);
	}
}

static void tell_unopened(struct check *c, const struct check_entry *o)
{
	int error = o->error;

	if (error == ELOOP || error == EISDIR || error == ENODEV ||
		error == ENXIO)
		check_fault(c, FAULT_TYPE, o->path,
			"expected a regular file, found something else");
	else if (error == ENOENT)
		check_fault(c, FAULT_MISSING, o->path,
			"expected an object that the image needs, found none");
	else
		check_fault(c, FAULT_UNREADABLE, o->path,
			"expected a readable file: %s", strerror(error));
}

static void tell(
	struct check *c, const struct store *s, const struct check_entry *o)
{
	if (o->error) {
		tell_unopened(c, o);
		return;
	}
	check_object(c, o->size);
	tell_seal(c, s, o);
	if (o->want_size != SIZE_ANY && o->size != o->want_size)
		check_fault(c, FAULT_SIZE, o->path,
			"expected %llu bytes, as the image says, found %llu",
			(unsigned long long)o->want_size,
			(unsigned long long)o->size);
	if (o->unreadable)
		check_fault(c, FAULT_UNREADABLE, o->path, "%s", o->unreadable);
	else if (!digest_equal(&o->content, &o->want))
		check_content(c, o->path, &o->content);
}

static void look_and_tell(struct check *c, const struct store *s,
	struct check_entry *entries, unsigned n)
{
	struct look l = { s, entries, n };
	struct err e;

	check_show(c);
	/* Nothing in it fails: each object says what is wrong with it. */
	(void)!threads_each(compute_files_threads(GROUP),
		(n + GROUP - 1) / GROUP, look_at_group, &l, &e);
	for (unsigned i = 0; i < n; i++) {
		tell(c, s, &entries[i]);
		free(entries[i].unreadable);
	}
}

void check_flush(struct check *c, const struct store *s)
{
	look_and_tell(c, s, c->waiting, c->n_waiting);
	free(c->waiting);
	c->waiting = NULL;
	c->n_waiting = 0;
}

void check_add(struct check *c, const struct store *s, const char *path,
	const struct digest *want, uint64_t size)
{
	/* Some groups for each thread: the last one is waited for. */
	unsigned max = compute_threads() * 8 * GROUP;
	struct check_entry o = { .want = *want, .want_size = size };

	memcpy(o.path, path, strlen(path) + 1);
	if (max > WAITING_MAX)
		max = WAITING_MAX;
	if (!c->waiting)
		c->waiting = malloc(max * sizeof(*c->waiting));
	if (!c->waiting) {
		look_and_tell(c, s, &o, 1);
		return;
	}
	c->waiting[c->n_waiting++] = o;
	if (c->n_waiting == max)
		check_flush(c, s);
}
