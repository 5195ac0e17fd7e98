/* SPDX-License-Identifier: MIT */
#include "tool/releases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"

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

static unsigned count_signatures(const struct view *v, const char *dir)
{
	struct view_names names;
	unsigned n = 0;

	if (view_list(v, dir, &names) != 0)
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.list[i];

		n += strlen(name) > 4 &&
		     !strcmp(name + strlen(name) - 4, ".p7s");
	}
	view_names_free(&names);
	return n;
}

/* As release_read() does it; the names of directories may be anything. */
static ssize_t read_manifest(const struct view *v, const char *name,
	const char *version, char *where, char *text, struct err *e)
{
	char checked[NAME_MAX_SIZE];
	ssize_t n = -1;

	snprintf(where, RELEASE_WHERE_MAX, "releases/%.64s/%.64s/manifest",
		name, version);
	errno = EINVAL;
	if (!field_name(checked, name, strlen(name)) &&
		!field_name(checked, version, strlen(version)))
		n = view_read(v, where, text, RELEASE_MAX);
	if (n < 0)
		err_sys(e, REASON_RELEASE_INVALID, errno,
			"release: %s: expected a regular file of at most %d bytes",
			where, RELEASE_MAX);
	return n;
}

/* What is wrong with a manifest is kept; only the lack of memory fails. */
static int load(struct release_list *l, const struct view *v, const char *name,
	const char *version, struct err *e)
{
	static char text[RELEASE_MAX];
	struct store_release *x = add(l, e);
	char dir[RELEASE_WHERE_MAX];
	struct err fault;
	ssize_t n;

	if (!x)
		return -1;
	snprintf(x->name, sizeof(x->name), "%s", name);
	snprintf(x->version, sizeof(x->version), "%s", version);
	n = read_manifest(v, name, version, x->where, text, &fault);
	if (n >= 0) {
		x->text = malloc(n + 1);
		if (!x->text)
			return no_memory(e);
		memcpy(x->text, text, n);
		x->n = n;
		snprintf(dir, sizeof(dir), "releases/%s/%s", name, version);
		x->n_signatures = count_signatures(v, dir);
		if (release_parse(&x->release, name, version, x->where, x->text,
			    x->n, &fault) == 0)
			return 0;
	}
	x->fault = strdup(fault.text);
	return x->fault ? 0 : no_memory(e);
}

/* A directory of the store; one that is not there has no names. */
static int list(const struct view *v, const char *path,
	struct view_names *names, struct err *e)
{
	int error = view_list(v, path, names);

	if (error && error != ENOENT)
		return err_sys(e, REASON_FAILED, error, "%s/%s: cannot be read",
			v->name, path);
	return 0;
}

static bool is_wanted(const char *name, const char *wanted)
{
	return (!wanted || !strcmp(name, wanted)) &&
	       strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY)) != 0;
}

static int load_name(struct release_list *l, const struct view *v,
	const char *name, const char *version, struct err *e)
{
	char path[300];
	struct view_names names;
	int r;

	snprintf(path, sizeof(path), "releases/%s", name);
	r = list(v, path, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (is_wanted(names.list[i], version))
			r = load(l, v, name, names.list[i], e);
	view_names_free(&names);
	return r;
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

int releases_load_view(struct release_list *l, const struct view *v,
	const char *name, const char *version, struct err *e)
{
	struct view_names names;
	int r = list(v, "releases", &names, e);

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (is_wanted(names.list[i], name))
			r = load_name(l, v, names.list[i], version, e);
	view_names_free(&names);
	if (l->n)
		qsort(l->list, l->n, sizeof(*l->list), newest_first);
	return r;
}

int releases_load(struct release_list *l, const struct store *s,
	const char *name, const char *version, struct err *e)
{
	const struct view v = view_of(s);

	return releases_load_view(l, &v, name, version, e);
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
