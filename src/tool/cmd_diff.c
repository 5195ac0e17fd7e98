/* SPDX-License-Identifier: MIT */
/* rootwright diff: what changes from one image to another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/read_objects.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright diff [--json] [--filter PATH]... OLD NEW\n"
	"\n"
	"Prints what is different in the image NEW, one line an entry: added,\n"
	"removed, content, metadata, or content+metadata, and its path. The last\n"
	"line says what an update from OLD to NEW has to fetch.\n"
	"\n"
	"  --filter PATH  only what is at or below PATH, in either; may be repeated\n"
	"  --json         print one JSON document\n"
	"  --help         print this\n";

enum {
	CONTENT = 1,
	METADATA = 2
};

static const char *const changes[] = {
	[CONTENT] = "content",
	[METADATA] = "metadata",
	[CONTENT | METADATA] = "content+metadata",
};

struct diff {
	struct reading old, new;
	bool json, comma;
};

static void print(struct diff *d, const char *what, const struct reading *in,
	uint32_t node)
{
	static char path[READ_PATH_MAX + 1];
	size_t n;

	if (in->chosen[node] < 2)
		return;
	n = read_path(&in->image, node, path);
	if (d->json) {
		printf("%s{\"change\":\"%s\",\"path\":", d->comma ? "," : "",
			what);
		text_json(stdout, path, n);
		fputs("}", stdout);
		d->comma = true;
	} else {
		printf("%s ", what);
		text_escaped(stdout, path, n, TEXT_SPACE);
		putchar('\n');
	}
}

/* The entry with all that is below. */
static uint32_t print_all(struct diff *d, const char *what,
	const struct reading *in, uint32_t node)
{
	uint32_t end = in->image.nodes[node].end;

	for (; node < end; node++)
		print(d, what, in, node);
	return end;
}

static int by_key(const void *a, const void *b)
{
	const struct read_xattr *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Their order says only which of them other inodes have, too. */
static bool same_xattrs(struct read_stat *a, struct read_stat *b)
{
	if (a->n_xattrs != b->n_xattrs)
		return false;
	if (a->n_xattrs == 0)
		return true;
	qsort(a->xattrs, a->n_xattrs, sizeof(*a->xattrs), by_key);
	qsort(b->xattrs, b->n_xattrs, sizeof(*b->xattrs), by_key);
	for (uint32_t i = 0; i < a->n_xattrs; i++) {
		const struct read_xattr *x = &a->xattrs[i], *y = &b->xattrs[i];

		if (strcmp(x->key, y->key) != 0 || x->size != y->size ||
			memcmp(x->value, y->value, x->size) != 0)
			return false;
	}
	return true;
}

static uint8_t byte_at(const struct read_stat *s, uint64_t i)
{
	return i < s->data_size[0] ? s->data[0][i]
				   : s->data[1][i - s->data_size[0]];
}

static bool same_content(const struct read_stat *a, const struct read_stat *b)
{
	if (S_ISCHR(a->mode) || S_ISBLK(a->mode))
		return a->rdev == b->rdev;
	if (!S_ISREG(a->mode) && !S_ISLNK(a->mode))
		return true;
	if (a->size != b->size || a->is_object != b->is_object)
		return false;
	if (a->is_object)
		return a->has_digest && b->has_digest &&
		       digest_equal(&a->digest, &b->digest);
	for (uint64_t i = 0; i < a->size; i++)
		if (byte_at(a, i) != byte_at(b, i))
			return false;
	return true;
}

static int compare(struct diff *d, uint32_t i, uint32_t k, struct err *e)
{
	struct read_stat *a = &d->old.stat, *b = &d->new.stat;
	int change = 0;

	if (read_stat(&d->old.image, d->old.image.nodes[i].inode, a, e) != 0 ||
		read_stat(&d->new.image, d->new.image.nodes[k].inode, b, e) !=
			0)
		return -1;
	if ((a->mode & S_IFMT) != (b->mode & S_IFMT)) {
		print_all(d, "removed", &d->old, i);
		print_all(d, "added", &d->new, k);
		return 0;
	}
	if (!same_content(a, b))
		change = CONTENT;
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
		a->mtime != b->mtime || a->mtime_nsec != b->mtime_nsec ||
		!same_xattrs(a, b))
		change |= METADATA;
	if (change)
		print(d, changes[change], &d->new, k);
	return 0;
}

static int by_name(const struct read_node *a, const struct read_node *b)
{
	size_t n = a->name_size < b->name_size ? a->name_size : b->name_size;
	int r = memcmp(a->name, b->name, n);

	return r ? r : (int)a->name_size - (int)b->name_size;
}

/*
 * Both lists of nodes have each directory's names in order, so one pass over
 * both is enough: a and b are the directories that are compared, i and k the
 * next entries.
 */
static int walk(struct diff *d, struct err *e)
{
	const struct read_node *old = d->old.image.nodes;
	const struct read_node *new = d->new.image.nodes;
	uint32_t a = 0, b = 0, i = 1, k = 1;

	if (compare(d, 0, 0, e) != 0)
		return -1;
	for (;;) {
		bool more = i < old[a].end, others = k < new[b].end;
		int order = !others ? -1
			    : !more ? 1
				    : by_name(&old[i], &new[k]);

		if (!more && !others) {
			if (a == 0)
				return 0;
			a = old[a].parent;
			b = new[b].parent;
		} else if (order < 0) {
			i = print_all(d, "removed", &d->old, i);
		} else if (order > 0) {
			k = print_all(d, "added", &d->new, k);
		} else {
			if (compare(d, i, k, e) != 0)
				return -1;
			if (S_ISDIR(d->old.stat.mode) &&
				S_ISDIR(d->new.stat.mode)) {
				a = i++;
				b = k++;
			} else {
				i = old[i].end;
				k = new[k].end;
			}
		}
	}
}

/* The objects of the new image that the old one has not. */
static int print_fetch(struct diff *d, struct err *e)
{
	struct named_objects old = { 0 }, new = { 0 };
	unsigned long long n = 0, bytes = 0;
	int r = objects_add(&old, &d->old, false, e);

	if (r == 0)
		r = objects_add(&new, &d->new, false, e);
	if (r == 0)
		r = objects_sort(&old, false, e);
	if (r == 0)
		r = objects_sort(&new, false, e);
	for (uint32_t i = 0, k = 0; r == 0 && k < new.n; k++) {
		while (i < old.n &&
			strcmp(old.list[i].payload, new.list[k].payload) < 0)
			i++;
		if (i < old.n &&
			strcmp(old.list[i].payload, new.list[k].payload) == 0)
			continue;
		n++;
		bytes += new.list[k].size;
	}
	objects_free(&old);
	objects_free(&new);
	if (r != 0)
		return -1;
	printf(d->json ? "],\"fetch\":{\"objects\":%llu,\"bytes\":%llu,\"image_bytes\":%llu}}\n"
		       : "fetch %llu objects of %llu bytes, and the image of %llu bytes\n",
		n, bytes, (unsigned long long)d->new.image.size);
	return 0;
}

/* A filter may name what only one of both has. */
static int choose(struct diff *d, const struct read_options *o, struct err *e)
{
	const char *in_old[FILTERS_MAX], *in_new[FILTERS_MAX];
	unsigned n_old = 0, n_new = 0;
	int r;

	for (unsigned i = 0; i < o->n_filters; i++) {
		const char *f = o->filters[i];
		bool old = read_lookup(&d->old.image, f) != UINT32_MAX;
		bool new = read_lookup(&d->new.image, f) != UINT32_MAX;

		if (!old && !new)
			return err_set(e, REASON_FAILED,
				"%s: expected it in one of the images, found it in none",
				f);
		if (old)
			in_old[n_old++] = f;
		if (new)
			in_new[n_new++] = f;
	}
	r = reading_choose(&d->old, in_old, n_old, e);
	if (r == 0)
		r = reading_choose(&d->new, in_new, n_new, e);
	if (r == 0 && o->n_filters && !n_old)
		memset(d->old.chosen, 0, d->old.image.n_nodes);
	if (r == 0 && o->n_filters && !n_new)
		memset(d->new.chosen, 0, d->new.image.n_nodes);
	return r;
}

int cmd_diff(int argc, char **argv)
{
	static struct diff d;
	struct read_options o = {
		.command = "diff",
		.usage = usage,
		.takes = "jf",
		.needs = "two images",
		.min = 2,
		.max = 2,
	};
	struct err e;
	int code, r, first = read_parse(&o, argc, argv, &code);

	if (first < 0)
		return code;
	d.json = o.json;
	r = read_open(&d.old.image, argv[first], &e);
	if (r == 0)
		r = read_open(&d.new.image, argv[first + 1], &e);
	if (r == 0)
		r = choose(&d, &o, &e);
	if (r == 0 && d.json)
		fputs("{\"changes\":[", stdout);
	if (r == 0)
		r = walk(&d, &e);
	if (r == 0)
		r = print_fetch(&d, &e);
	reading_close(&d.old);
	reading_close(&d.new);
	if (r != 0)
		return tool_fail(&e);
	return read_flush();
}
