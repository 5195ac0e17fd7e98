/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tool/check.h"
#include "tool/disk_check.h"
#include "tool/store.h"
#include "tool/tool.h"
#include "tool/view.h"

#define STORES_MAX 100 /* as rootwright mount takes them */

static const char usage[] =
	"usage: rootwright check [--json] STORE-OR-DISK\n"
	"       rootwright check [--json] [--stack] STORE IMAGE...\n"
	"       rootwright check [--json] [--stack] --store DIR... [IMAGE...]\n"
	"\n"
	"Reads every object of a store (a directory) or of a disk image or disk\n"
	"that rootwright disk made, and compares its content and its fs-verity\n"
	"digest with its name. One line a fault on stdout; exit code 1 if there\n"
	"is any. With images (files, or digests of images in the store), only what\n"
	"they need: every object there, whole, of the right size and sealed.\n"
	"\n"
	"  --store DIR  a store; may be repeated for stores that are mounted\n"
	"               together, the first of which has precedence\n"
	"  --stack      the images lie on each other, the topmost first\n"
	"  --json       print one JSON document instead\n"
	"  --help       print this\n";

struct stores {
	const char *names[STORES_MAX];
	struct store list[STORES_MAX];
	unsigned n, opened;
	bool stack;
};

static int open_stores(struct stores *s, struct err *e)
{
	for (; s->opened < s->n; s->opened++)
		if (store_open(&s->list[s->opened], s->names[s->opened], e) !=
			0)
			return -1;
	return 0;
}

static void close_stores(struct stores *s)
{
	while (s->opened)
		store_close(&s->list[--s->opened]);
}

static int check_them(struct check *c, struct stores *s, char *const *images,
	int n, struct err *e)
{
	if (s->n > 1)
		c->prefix = s->names[0];
	if (n) {
		if (s->stack &&
			check_stack(c, s->list, s->n, images, n, e) != 0)
			return -1;
		if (s->n > 1)
			c->prefix = s->names[0];
		return check_images(c, s->list, s->n, images, n, e);
	}
	for (unsigned i = 0; i < s->n; i++) {
		const struct view v = view_of(&s->list[i]);

		if (s->n > 1)
			c->prefix = s->names[i];
		check_objects(c, &s->list[i]);
		check_links(c, &v);
		check_releases(c, &v);
	}
	return 0;
}

static int check_directories(
	struct check *c, struct stores *s, char *const *images, int n)
{
	struct err e;
	int r;

	if (open_stores(s, &e) != 0) {
		close_stores(s);
		return tool_fail(&e);
	}
	check_begin(c);
	r = check_them(c, s, images, n, &e);
	check_conflicts(c, s->list, s->n);
	close_stores(s);
	return r == 0 ? check_end(c, s->n > 1 ? "stores" : s->names[0])
		      : check_abort(c, &e);
}

static int check_disk(struct check *c, const char *name)
{
	struct err e;

	if (disk_check(c, name, &e) != 0)
		return check_abort(c, &e);
	return check_end(c, name);
}

/* Returns -1 to go on, or the exit code. */
static int parse(struct check *c, struct stores *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "stack", no_argument, NULL, 'k' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's':
			if (s->n == STORES_MAX)
				return tool_usage("check",
					"expected at most %d times --store",
					STORES_MAX);
			s->names[s->n++] = optarg;
			break;
		case 'k':
			s->stack = true;
			break;
		case 'j':
			c->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("check",
				"expected an option that it knows, with its value");
		}
	}
	return -1;
}

int cmd_check(int argc, char **argv)
{
	static struct stores s;
	struct check c = { 0 };
	struct stat st;
	int r = parse(&c, &s, argc, argv);
	bool is_disk;

	if (r >= 0)
		return r;
	if (argc == optind && s.n == 0)
		return tool_usage(
			"check", "expected a store or disk, found none");
	is_disk = s.n == 0 && stat(argv[optind], &st) == 0 &&
		  !S_ISDIR(st.st_mode);
	if (s.n == 0 && !is_disk)
		s.names[s.n++] = argv[optind++];
	if (is_disk && argc - optind > 1)
		return tool_usage("check",
			"%s: expected a store before images, found a file",
			argv[optind]);
	if (s.stack && (is_disk || argc == optind))
		return tool_usage(
			"check", "--stack: expected images, found none");
	if (is_disk)
		return check_disk(&c, argv[optind]);
	return check_directories(&c, &s, argv + optind, argc - optind);
}
