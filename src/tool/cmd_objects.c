/* SPDX-License-Identifier: MIT */
/* rootwright objects, rootwright missing: the objects that images name. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/read_objects.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char objects_usage[] =
	"usage: rootwright objects [--json] [--filter PATH]... IMAGE...\n"
	"\n"
	"Prints the objects that composefs images name, sorted, each once.\n"
	"\n"
	"  --filter PATH  only those of files at or below PATH; may be repeated\n"
	"  --json         print one JSON document, with sizes\n"
	"  --help         print this\n";

static const char missing_usage[] =
	"usage: rootwright missing [--json] [--filter PATH]... --store DIR IMAGE...\n"
	"       rootwright missing ... --digest-store DIR IMAGE...\n"
	"\n"
	"Prints the objects that composefs images name and that the store does not\n"
	"have, sorted, each once. rootwright check says whether the others are whole.\n"
	"\n"
	"  --store DIR         the store\n"
	"  --digest-store DIR  or mkcomposefs' directory of objects\n"
	"  --filter PATH       only those of files at or below PATH; may be repeated\n"
	"  --json              print one JSON document, with sizes\n"
	"  --help              print this\n";

static bool is_there(const struct store *s, const struct named_object *o)
{
	char path[OBJECT_PATH_MAX];

	digest_object_path(&o->digest, path);

	AUTO_FD
	int fd = open_regular_beneath(s->fd, store_path(s, path));

	return fd >= 0;
}

static void print(const struct named_objects *o, const struct store *s,
	const struct read_options *options)
{
	unsigned long long n = 0, bytes = 0;

	if (options->json)
		fputs("{\"objects\":[", stdout);
	for (uint32_t i = 0; i < o->n; i++) {
		const struct named_object *x = &o->list[i];

		if (s && is_there(s, x))
			continue;
		if (options->json) {
			fputs(n ? ",{\"object\":" : "{\"object\":", stdout);
			text_json(stdout, x->payload, strlen(x->payload));
			printf(",\"size\":%llu}", (unsigned long long)x->size);
		} else {
			text_escaped(stdout, x->payload, strlen(x->payload), 0);
			putchar('\n');
		}
		n++;
		bytes += x->size;
	}
	if (options->json)
		printf("],\"count\":%llu,\"bytes\":%llu}\n", n, bytes);
	else
		tool_say("%llu objects, %llu bytes%s", n, bytes,
			s ? " missing" : "");
}

static int gather(struct named_objects *objects, struct reading *d,
	const struct read_options *o, bool strict, char **images, int n,
	struct err *e)
{
	for (int i = 0; i < n; i++) {
		int r = reading_open(d, o, images[i], e);

		if (r == 0)
			r = objects_add(objects, d, strict, e);
		reading_close(d);
		if (r != 0)
			return -1;
	}
	return objects_sort(objects, strict, e);
}

static int run(struct read_options *o, bool missing, int argc, char **argv)
{
	static struct reading d;
	struct named_objects objects = { 0 };
	struct store store = { .fd = -1, .objects = -1 };
	struct err e;
	int code, r = 0, first = read_parse(o, argc, argv, &code);

	if (first < 0)
		return code;
	if (missing && !o->store)
		return tool_usage(o->command,
			"expected --store or --digest-store, found neither");
	if (missing)
		r = read_store(o, &store, &e);
	if (r == 0)
		r = gather(&objects, &d, o, missing, argv + first, argc - first,
			&e);
	if (r == 0)
		print(&objects, missing ? &store : NULL, o);
	objects_free(&objects);
	store_close(&store);
	return r == 0 ? read_flush() : tool_fail(&e);
}

int cmd_objects(int argc, char **argv)
{
	struct read_options o = {
		.command = "objects",
		.usage = objects_usage,
		.takes = "jf",
		.needs = "an image",
		.min = 1,
		.max = INT_MAX,
	};

	return run(&o, false, argc, argv);
}

int cmd_missing(int argc, char **argv)
{
	struct read_options o = {
		.command = "missing",
		.usage = missing_usage,
		.takes = "jfs",
		.needs = "an image",
		.min = 1,
		.max = INT_MAX,
	};

	return run(&o, true, argc, argv);
}
