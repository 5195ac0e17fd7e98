/* SPDX-License-Identifier: MIT */
#include "tool/dump_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/dump_private.h"
#include "tool/tree_private.h"

#define BUFFER (256 * 1024) /* bytes at first */

static int keep_text(struct dump *d, const char *s, uint32_t *at)
{
	size_t n = strlen(s) + 1;

	if (array_reserve(&d->text, &d->cap_text, (uint64_t)d->n_text + n, 1,
		    d->e) != 0)
		return dump_at(d, FIELD_PAYLOAD);
	memcpy(d->text + d->n_text, s, n);
	*at = d->n_text;
	d->n_text += (uint32_t)n;
	return 0;
}

/* 1: linked; 0: the target is not there (yet); -1: refused. */
static int try_link(
	struct dump *d, uint32_t dir, const char *name, const char *target)
{
	uint32_t inode = tree_lookup(d->t, target);

	if (inode == TREE_NONE)
		return 0;
	if (tree_type(d->t, inode, S_IFDIR)) {
		const struct span s = { (char *)target, strlen(target) };

		return dump_expected(d, FIELD_PAYLOAD, &s,
			"a hard link's target that is no directory");
	}
	if (tree_link(d->t, dir, name, inode, d->e) != 0)
		return dump_at(d, FIELD_PATH);
	return 1;
}

int dump_link(
	struct dump *d, uint32_t dir, const char *name, const char *target)
{
	struct dump_link l = { .line = d->line, .dir = dir };
	int r = try_link(d, dir, name, target);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (keep_text(d, name, &l.name) != 0 ||
		keep_text(d, target, &l.target) != 0)
		return -1;
	if (array_reserve(&d->links, &d->cap_links, (uint64_t)d->n_links + 1,
		    sizeof(*d->links), d->e) != 0)
		return dump_at(d, FIELD_PAYLOAD);
	d->links[d->n_links++] = l;
	return 0;
}

static int no_target(struct dump *d, const struct dump_link *l)
{
	char *target = d->text + l->target, *slash = strrchr(target, '/');
	const struct span s = { target, strlen(target) };
	uint32_t dir = TREE_ROOT;

	d->line = l->line;
	if (slash) {
		*slash = '\0';
		dir = tree_lookup(d->t, target);
		*slash = '/';
	}
	if (dir == l->dir &&
		!strcmp(slash ? slash + 1 : target, d->text + l->name))
		return dump_expected(d, FIELD_PAYLOAD, &s,
			"a hard link's target, not itself");
	return dump_expected(
		d, FIELD_PAYLOAD, &s, "a hard link's target that is there");
}

/*
 * A target may itself be a hard link that comes later: links are tried
 * forth and back as long as that makes more of them good.
 */
int dump_resolve_links(struct dump *d)
{
	uint32_t left = d->n_links, before = left + 1;
	bool back = true;

	for (; left && left < before; back = !back) {
		before = left;
		for (uint32_t k = 0; k < d->n_links; k++) {
			struct dump_link *l =
				&d->links[back ? d->n_links - 1 - k : k];
			int r;

			if (l->done)
				continue;
			d->line = l->line;
			r = try_link(d, l->dir, d->text + l->name,
				d->text + l->target);
			if (r < 0)
				return -1;
			l->done = r == 1;
			left -= l->done;
		}
	}
	for (uint32_t k = 0; k < d->n_links; k++)
		if (!d->links[k].done)
			return no_target(d, &d->links[k]);
	return 0;
}

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
