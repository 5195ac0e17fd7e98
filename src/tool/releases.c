/* SPDX-License-Identifier: MIT */
#include "tool/releases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

static int no_memory(struct err *e)
{
	return err_set(e, REASON_FAILED, "releases: out of memory");
}

static struct store_release *add(struct release_list *l, struct err *e)
{
	void *more = reallocarray(l->list, l->n + 1, sizeof(*l->list));

	if (!more) {
		no_memory(e);
		return NULL;
	}
	l->list = more;
	memset(&l->list[l->n], 0, sizeof(*l->list));
	return &l->list[l->n++];
}

static unsigned count_signatures(int fd)
{
	struct dir d = { .fd = fd };
	const char *name;
	unsigned n = 0;

	while ((name = dir_next(&d)))
		n += strlen(name) > 4 &&
		     !strcmp(name + strlen(name) - 4, ".p7s");
	return n;
}

/* What is wrong with a manifest is kept; only the lack of memory fails. */
static int load(struct release_list *l, const struct store *s, const char *name,
	const char *version, struct err *e)
{
	static char text[RELEASE_MAX];
	struct store_release *x = add(l, e);
	AUTO_FD int dir = -1;
	struct err fault;

	if (!x)
		return -1;
	snprintf(x->name, sizeof(x->name), "%s", name);
	snprintf(x->version, sizeof(x->version), "%s", version);
	dir = release_read(s->fd, name, version, x->where, text, &x->n, &fault);
	x->text = dir < 0 ? NULL : malloc(x->n + 1);
	if (dir >= 0 && !x->text)
		return no_memory(e);
	if (dir >= 0) {
		memcpy(x->text, text, x->n);
		x->n_signatures = count_signatures(dir);
	}
	if (dir >= 0 && release_parse(&x->release, name, version, x->where,
				x->text, x->n, &fault) == 0)
		return 0;
	x->fault = strdup(fault.text);
	return x->fault ? 0 : no_memory(e);
}

/* A directory of the store; one that is not there has no names. */
static int open_names(
	const struct store *s, const char *path, bool *none, struct err *e)
{
	int fd = open_how(s->fd, path, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);

	*none = fd < 0 && errno == ENOENT;
	if (fd < 0 && !*none)
		err_sys(e, REASON_FAILED, errno, "%s/%s: cannot be opened",
			s->name, path);
	return fd;
}

/* The next name that is wanted and not temporary. */
static const char *next(struct dir *d, const char *wanted)
{
	const char *name;

	do {
		name = dir_next(d);
	} while (name && ((wanted && strcmp(name, wanted) != 0) ||
				 !strncmp(name, STORE_TEMPORARY,
					 strlen(STORE_TEMPORARY))));
	return name;
}

static int ended(const struct dir *d, const struct store *s, const char *path,
	struct err *e)
{
	return d->error ? err_sys(e, REASON_FAILED, d->error,
				  "%s/%s: cannot be read", s->name, path)
			: 0;
}

static int load_name(struct release_list *l, const struct store *s,
	const char *name, const char *version, struct err *e)
{
	char path[300];
	bool none;
	AUTO_FD int fd = -1;
	struct dir d = { 0 };
	const char *v;

	snprintf(path, sizeof(path), "releases/%s", name);
	fd = open_names(s, path, &none, e);
	if (fd < 0)
		return none ? 0 : -1;
	d.fd = fd;
	while ((v = next(&d, version)))
		if (load(l, s, name, v, e) != 0)
			return -1;
	return ended(&d, s, path, e);
}

static int newest_first(const void *a, const void *b)
{
	const struct store_release *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	if (r == 0)
		r = !!x->fault - !!y->fault;
	if (r == 0 && x->release.sequence != y->release.sequence)
		r = x->release.sequence < y->release.sequence ? 1 : -1;
	return r ? r : strcmp(x->version, y->version);
}

int releases_load(struct release_list *l, const struct store *s,
	const char *name, const char *version, struct err *e)
{
	bool none;
	AUTO_FD int fd = open_names(s, "releases", &none, e);
	struct dir d = { .fd = fd };
	const char *found;

	memset(l, 0, sizeof(*l));
	if (fd < 0)
		return none ? 0 : -1;
	while ((found = next(&d, name)))
		if (load_name(l, s, found, version, e) != 0)
			return -1;
	if (ended(&d, s, "releases", e) != 0)
		return -1;
	if (l->n)
		qsort(l->list, l->n, sizeof(*l->list), newest_first);
	return 0;
}

void releases_free(struct release_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->list[i].text);
		free(l->list[i].fault);
	}
	free(l->list);
	memset(l, 0, sizeof(*l));
}
