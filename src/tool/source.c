/* SPDX-License-Identifier: MIT */
#include "tool/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/dump_read.h"

static const char *after(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* A dump begins with its root, a slash and a space. */
static bool is_dump(const struct input *in)
{
	return in->n_first >= 2 && memcmp(in->first, "/ ", 2) == 0;
}

int source_open(struct source *s, const char *name, struct err *e)
{
	const char *rest = after(name, "dump:");
	struct stat st;

	s->name = name;
	s->kind = SOURCE_DUMP;
	if (rest)
		return input_open(&s->in, rest, e);
	if (strcmp(name, "-") != 0 && stat(name, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	if (strcmp(name, "-") != 0 && S_ISDIR(st.st_mode)) {
		s->kind = SOURCE_DIRECTORY;
		s->dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->dir < 0)
			return err_sys(e, REASON_FAILED, errno,
				"%s: cannot be opened as a directory", name);
		return 0;
	}
	if (input_open(&s->in, name, e) != 0)
		return -1;
	if (is_dump(&s->in))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected a directory or a composefs dump, found something else",
		s->in.name);
}

void source_close(struct source *s)
{
	input_close(&s->in);
	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
}

int source_read(struct source *s, struct tree *t,
	const struct source_options *o, struct err *e)
{
	const struct dump_options dump = { .strict = o->strict };

	if (s->kind == SOURCE_DIRECTORY)
		return tree_scan(t, s->dir, s->name, &o->scan, e);
	return tree_read_dump(t, &s->in, &dump, e);
}
