/* SPDX-License-Identifier: MIT */
#include "tool/dump_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/dump_private.h"
#include "tool/tree_private.h"

#define BUFFER (256 * 1024) /* bytes at first */

struct lines {
	struct input *in;
	char *buf; /* and a byte more than cap, for a NUL */
	size_t cap, at, end;
	bool eof;
};

static int fill(struct dump *d, struct lines *l)
{
	ssize_t n;

	if (l->at)
		memmove(l->buf, l->buf + l->at, l->end - l->at);
	l->end -= l->at;
	l->at = 0;
	if (l->end == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : BUFFER;
		char *bigger = NULL;

		if (cap > DUMP_LINE_MAX)
			return err_set(d->e, REASON_FAILED,
				"%s:%llu: expected a line of at most %d bytes, found more",
				d->name, (unsigned long long)d->line + 1,
				DUMP_LINE_MAX);
		bigger = realloc(l->buf, cap + 1);
		if (!bigger)
			return err_set(d->e, REASON_FAILED, "%s: out of memory",
				d->name);
		l->buf = bigger;
		l->cap = cap;
	}
	n = input_read(l->in, l->buf + l->end, l->cap - l->end);
	if (n < 0)
		return err_sys(d->e, REASON_FAILED, errno, "%s: cannot be read",
			d->name);
	l->eof = n == 0;
	l->end += (size_t)n;
	return 0;
}

/* 1: a line of *n bytes at *line; 0: no more; -1: an error. */
static int next_line(struct dump *d, struct lines *l, char **line, size_t *n)
{
	size_t seen = 0;
	char *end = NULL;

	while (!l->buf || !(end = memchr(l->buf + l->at + seen, '\n',
				    l->end - l->at - seen))) {
		if (l->eof)
			break;
		seen = l->end - l->at;
		if (fill(d, l) != 0)
			return -1;
	}
	if (!end && l->at == l->end)
		return 0;
	d->line++;
	if (!end && d->strict)
		return err_set(d->e, REASON_FAILED,
			"%s:%llu: expected a newline at the end, found none",
			d->name, (unsigned long long)d->line);
	*line = l->buf + l->at;
	*n = end ? (size_t)(end - *line) : l->end - l->at;
	l->at += *n + (end != NULL);
	return 1;
}

static int read_lines(struct dump *d, struct lines *l)
{
	char *line = NULL;
	size_t n = 0;
	int r;

	while ((r = next_line(d, l, &line, &n)) > 0)
		if (dump_line(d, line, n) != 0)
			return -1;
	if (r < 0)
		return -1;
	if (d->line == 0)
		return err_set(d->e, REASON_FAILED,
			"%s: expected a composefs dump, found nothing",
			d->name);
	return dump_resolve_links(d);
}

int tree_read_dump(struct tree *t, struct input *in,
	const struct dump_options *o, struct err *e)
{
	struct dump d = {
		.t = t,
		.name = in->name,
		.strict = o->strict,
		.e = e,
	};
	struct lines l = { .in = in };
	int r = array_reserve(&d.dirs, &d.cap_dirs, 1, sizeof(*d.dirs), e);

	if (r == 0) {
		d.dirs[d.n_dirs++] = (struct dump_dir){ 0, TREE_ROOT };
		tree_keep_given(t);
		r = read_lines(&d, &l);
	}
	free(l.buf);
	free(d.path);
	free(d.dirs);
	free(d.links);
	free(d.text);
	return r;
}
