/* SPDX-License-Identifier: MIT */
/* rootwright extract: an image becomes a tree again. */
#include <stdio.h>
#include <string.h>

#include "tool/extract.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright extract [--json] [--store DIR] IMAGE TARGET\n"
	"       rootwright extract [--json] --digest-store DIR IMAGE TARGET\n"
	"\n"
	"Restores the tree of a composefs image in the directory TARGET, which must\n"
	"be empty or not there: content, owners, modes, mtimes, xattrs, devices and\n"
	"hard links. The digest of every object is checked while it is copied.\n"
	"\n"
	"  --store DIR         the store of the objects\n"
	"  --digest-store DIR  or mkcomposefs' directory of objects\n"
	"  --json              print the summary as one JSON document\n"
	"  --help              print this\n";

static void summary(
	const struct extract_stats *s, const char *target, bool json)
{
	if (json) {
		fputs("{\"target\":", stdout);
		text_json(stdout, target, strlen(target));
		printf(",\"entries\":%llu,\"objects\":%llu,\"bytes\":%llu}\n",
			(unsigned long long)s->entries,
			(unsigned long long)s->objects,
			(unsigned long long)s->bytes);
	} else {
		tool_say("%s: %llu entries, %llu objects of %llu bytes checked",
			target, (unsigned long long)s->entries,
			(unsigned long long)s->objects,
			(unsigned long long)s->bytes);
	}
}

int cmd_extract(int argc, char **argv)
{
	static struct reading d;
	struct read_options o = {
		.command = "extract",
		.usage = usage,
		.takes = "js",
		.needs = "an image and a directory",
		.min = 2,
		.max = 2,
	};
	struct store store = { .fd = -1, .objects = -1 };
	struct extract_stats stats = { 0 };
	struct err e;
	int code, r, first = read_parse(&o, argc, argv, &code);

	if (first < 0)
		return code;
	r = read_store(&o, &store, &e);
	if (r == 0)
		r = reading_open(&d, &o, argv[first], &e);
	if (r == 0) {
		r = extract_image(&d, &store, argv[first + 1], &stats, &e);
		if (r != 0 && stats.entries)
			err_hint(&e, "%s is not complete: remove it",
				argv[first + 1]);
	}
	reading_close(&d);
	store_close(&store);
	if (r != 0)
		return tool_fail(&e);
	summary(&stats, argv[first + 1], o.json);
	return read_flush();
}
