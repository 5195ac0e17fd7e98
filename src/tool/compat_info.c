/* SPDX-License-Identifier: MIT */
/* composefs-info, as composefs 1.0.8 has it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/compat.h"
#include "tool/measure.h"
#include "tool/read_objects.h"
#include "tool/read_text.h"
#include "tool/tool.h"

struct info {
	const char *command;
	int basedir; /* -1: none was given */
	const char *filters[FILTERS_MAX];
	unsigned n_filters;
	struct named_objects objects;
};

static int usage(const char *program, const char *words)
{
	fprintf(stderr,
		"%susage: %s [--basedir=path] [ls|objects|dump|missing-objects|measure-file] IMAGES...\n",
		words, program);
	return EXIT_REFUSED;
}

static int parse(struct info *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "basedir", required_argument, NULL, 'b' },
		{ "filter", required_argument, NULL, 'f' },
		{ 0 },
	};
	const char *basedir = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'b') {
			basedir = optarg;
		} else if (c == 'f' && strchr(optarg, '/')) {
			fprintf(stderr,
				"composefs-info: Filter must be a single name: %s\n",
				optarg);
			return EXIT_REFUSED;
		} else if (c == 'f' && o->n_filters < FILTERS_MAX) {
			o->filters[o->n_filters++] = optarg;
		} else {
			return usage(argv[0], "");
		}
	}
	if (argc == optind)
		return usage(argv[0], "No command specified\n");
	o->command = argv[optind];
	if (!basedir)
		return 0;
	o->basedir = open(basedir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (o->basedir >= 0)
		return 0;
	fprintf(stderr, "composefs-info: Can't open basedir `%s`\n: %s\n",
		basedir, strerror(errno));
	return EXIT_REFUSED;
}

/* Names that the root does not have are no error here, but leave nothing. */
static int choose(struct info *o, struct reading *d, struct err *e)
{
	const char *there[FILTERS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < o->n_filters; i++)
		if (o->filters[i][0] &&
			read_lookup(&d->image, o->filters[i]) != UINT32_MAX)
			there[n++] = o->filters[i];
	if (reading_choose(d, there, n, e) != 0)
		return -1;
	if (o->n_filters && n == 0) {
		memset(d->chosen, 0, d->image.n_nodes);
		d->chosen[0] = 1;
	}
	return 0;
}

static int print(struct reading *d, bool dump, struct err *e)
{
	for (uint32_t i = dump ? 0 : 1; i < d->image.n_nodes; i++) {
		struct text_entry x = { .path = d->path, .stat = &d->stat };
		bool is_link;

		if (!d->chosen[i])
			continue;
		if (reading_at(d, i, &is_link, e) != 0)
			return -1;
		x.link = is_link ? d->link : NULL;
		if (dump)
			text_dump(stdout, &x);
		else
			text_list(stdout, &x);
	}
	return 0;
}

static int look_into(struct info *o, const char *name)
{
	static struct reading d;
	struct err e;
	int r;

	if (access(name, R_OK) != 0) {
		fprintf(stderr, "composefs-info: Failed to open '%s': %s\n",
			name, strerror(errno));
		return EXIT_REFUSED;
	}
	r = read_open(&d.image, name, &e);
	if (r == 0)
		r = choose(o, &d, &e);
	if (r == 0 && strcmp(o->command, "ls") == 0)
		r = print(&d, false, &e);
	else if (r == 0 && strcmp(o->command, "dump") == 0)
		r = print(&d, true, &e);
	else if (r == 0)
		r = objects_add(&o->objects, &d, false, &e);
	reading_close(&d);
	if (r == 0)
		return 0;
	fprintf(stderr, "composefs-info: Failed to load '%s': %s\n", name,
		e.text);
	return EXIT_REFUSED;
}

/* Without --basedir, all are missing. */
static int print_objects(struct info *o)
{
	bool missing = strcmp(o->command, "missing-objects") == 0;
	struct err e;

	if (objects_sort(&o->objects, false, &e) != 0)
		return tool_fail(&e);
	for (uint32_t i = 0; i < o->objects.n; i++) {
		const char *path = o->objects.list[i].payload;
		struct stat st;

		if (missing && o->basedir >= 0 &&
			fstatat(o->basedir, path + strspn(path, "/"), &st, 0) ==
				0)
			continue;
		puts(path);
	}
	return 0;
}

static void print_digest(void *ctx, const char *name, const struct digest *d)
{
	char ***next = ctx, hex[DIGEST_HEX_MAX];

	(void)name;
	digest_to_hex(d, hex);
	puts(hex);
	++*next;
}

static int measure(int n, char **names)
{
	char **next = names; /* the first that is not measured */
	struct err e;

	if (measure_files(HASH_SHA256, names, (size_t)n, print_digest, &next,
		    &e) == 0)
		return read_flush();
	if (access(*next, R_OK) != 0)
		fprintf(stderr, "composefs-info: Failed to open '%s': %s\n",
			*next, strerror(errno));
	else
		fprintf(stderr, "failed to measure '%s': %s\n", *next, e.text);
	return EXIT_REFUSED;
}

int compat_info(int argc, char **argv)
{
	struct info o = { .basedir = -1 };
	int r = parse(&o, argc, argv);
	char **names = argv + optind + 1;
	int n = argc - optind - 1;

	if (r != 0)
		return r;
	if (strcmp(o.command, "measure-file") == 0)
		return n ? measure(n, names)
			 : usage(argv[0], "No files specified\n");
	if (strcmp(o.command, "ls") != 0 && strcmp(o.command, "dump") != 0 &&
		strcmp(o.command, "objects") != 0 &&
		strcmp(o.command, "missing-objects") != 0) {
		fprintf(stderr, "composefs-info: Unknown command '%s'\n\n",
			o.command);
		return EXIT_REFUSED;
	}
	if (n == 0)
		return usage(argv[0], "No image path specified\n");
	for (int i = 0; i < n && r == 0; i++)
		r = look_into(&o, names[i]);
	if (r == 0)
		r = print_objects(&o);
	objects_free(&o.objects);
	fd_cleanup(&o.basedir);
	return read_flush() ? EXIT_REFUSED : r;
}
