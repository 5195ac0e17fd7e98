/* SPDX-License-Identifier: MIT */
/* rootwright ls and rootwright dump: every entry of an image, as a line. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char ls_usage[] =
	"usage: rootwright ls [--json] [--filter PATH]... IMAGE...\n"
	"\n"
	"Lists the entries of composefs images, one a line: a directory ends in /,\n"
	"a symbolic link has -> and its target, a file @ and its object.\n"
	"\n"
	"  --filter PATH  only what is at or below PATH; may be repeated\n"
	"  --json         print one JSON document\n"
	"  --help         print this\n";

static const char dump_usage[] =
	"usage: rootwright dump [--json] [--filter PATH]... IMAGE...\n"
	"\n"
	"Prints composefs images as composefs dumps, of which rootwright build and\n"
	"mkcomposefs make the same images again.\n"
	"\n"
	"  --filter PATH  only what is at, below or above PATH; may be repeated\n"
	"  --json         print one JSON document\n"
	"  --help         print this\n";

static int print_node(struct reading *d, const struct read_options *o,
	bool dump, uint32_t node, const char *comma, struct err *e)
{
	bool is_link;
	struct text_entry x = { .path = d->path, .stat = &d->stat };

	if (reading_at(d, node, &is_link, e) != 0)
		return -1;
	if (is_link)
		x.link = d->link;
	if (o->json) {
		fputs(comma, stdout);
		text_entry_json(stdout, &x, dump);
	} else if (dump) {
		text_dump(stdout, &x);
	} else {
		text_list(stdout, &x);
	}
	return 0;
}

static int print_image(struct reading *d, const struct read_options *o,
	bool dump, const char *name, struct err *e)
{
	const char *comma = "";

	if (reading_open(d, o, name, e) != 0)
		return -1;
	if (o->json) {
		fputs("{\"image\":", stdout);
		text_json(stdout, name, strlen(name));
		printf(",\"version\":%u,\"entries\":[", d->image.version);
	}
	for (uint32_t i = 0; i < d->image.n_nodes; i++) {
		/* A dump needs what leads to its entries; ls has no root. */
		if (dump ? !d->chosen[i] : d->chosen[i] < 2 || i == 0)
			continue;
		if (print_node(d, o, dump, i, comma, e) != 0)
			return -1;
		comma = ",";
	}
	if (o->json)
		fputs("]}", stdout);
	return 0;
}

static int run(struct read_options *o, bool dump, int argc, char **argv)
{
	static struct reading d;
	struct err e;
	int code, first = read_parse(o, argc, argv, &code);

	if (first < 0)
		return code;
	code = 0;
	if (o->json)
		fputs("{\"images\":[", stdout);
	for (int i = first; i < argc && code == 0; i++) {
		if (o->json && i > first)
			fputs(",", stdout);
		if (print_image(&d, o, dump, argv[i], &e) != 0)
			code = tool_fail(&e);
		reading_close(&d);
	}
	if (o->json && code == 0)
		fputs("]}\n", stdout);
	return read_flush() ? EXIT_REFUSED : code;
}

int cmd_ls(int argc, char **argv)
{
	struct read_options o = {
		.command = "ls",
		.usage = ls_usage,
		.takes = "jf",
		.needs = "an image",
		.min = 1,
		.max = INT_MAX,
	};

	return run(&o, false, argc, argv);
}

int cmd_dump(int argc, char **argv)
{
	struct read_options o = {
		.command = "dump",
		.usage = dump_usage,
		.takes = "jf",
		.needs = "an image",
		.min = 1,
		.max = INT_MAX,
	};

	return run(&o, true, argc, argv);
}
