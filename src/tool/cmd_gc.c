/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>

#include "tool/json.h"
#include "tool/gc.h"
#include "tool/read_cmd.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright gc --store DIR [--dry-run] [--json]\n"
	"\n"
	"Removes from a store what nothing needs: objects, images, signatures and\n"
	"temporary files. Kept is what a reference below images/refs/ or a release\n"
	"names, and what this system has booted. When one image of those cannot be\n"
	"read, nothing is removed.\n"
	"\n"
	"  --store DIR          the store\n"
	"  --dry-run            remove nothing; print what would be removed\n"
	"  --boot-record FILE   what was booted (default: " BOOT_RECORD ")\n"
	"  --json               print one JSON document\n"
	"  --help               print this\n";

static void print_json(const struct gc *g)
{
	char text[1024];
	struct json j;

	json_begin(&j, text, sizeof(text));
	json_open(&j, NULL, '{');
	json_bool(&j, "dry_run", g->dry_run);
	json_open(&j, "kept", '{');
	json_number(&j, "releases", g->releases);
	json_number(&j, "images", g->images.n);
	json_number(&j, "objects", g->objects.n);
	json_close(&j, '}');
	json_open(&j, "removed", '{');
	json_number(&j, "images", g->removed.images);
	json_number(&j, "objects", g->removed.objects);
	json_number(&j, "incomplete", g->removed.releases);
	json_number(&j, "signatures", g->removed.signatures);
	json_number(&j, "temporary", g->removed.temporary);
	json_number(&j, "bytes", g->removed.bytes);
	json_close(&j, '}');
	json_close(&j, '}');
	puts(text);
}

static void report(const struct gc *g)
{
	tool_say("%s: kept %u releases, %zu images and %zu objects",
		g->store.name, g->releases, g->images.n, g->objects.n);
	tool_say(
		"%s: %s %llu images, %llu objects, %llu signatures and %llu temporary files: %llu bytes",
		g->store.name, g->dry_run ? "would remove" : "removed",
		(unsigned long long)g->removed.images,
		(unsigned long long)g->removed.objects,
		(unsigned long long)g->removed.signatures,
		(unsigned long long)g->removed.temporary,
		(unsigned long long)g->removed.bytes);
}

static int run(struct gc *g, const char *store, bool json)
{
	struct err e;
	int r;

	if (gc_open(g, store, &e) != 0)
		return tool_fail(&e);
	r = gc_mark(g, &e);
	if (r == 0)
		r = gc_sweep(g, &e);
	if (r == 0) {
		if (json)
			print_json(g);
		report(g);
	}
	gc_close(g);
	return r == 0 ? read_flush() : tool_fail(&e);
}

int cmd_gc(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "boot-record", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct gc g = { .record = BOOT_RECORD };
	const char *store = NULL;
	bool json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			store = optarg;
			break;
		case 'n':
			g.dry_run = true;
			break;
		case 'b':
			g.record = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("gc",
				"%s: expected an option that it has, with its value",
				argv[optind - 1]);
		}
	}
	if (!store || optind < argc)
		return tool_usage("gc", "expected --store and nothing else");
	g.list = g.dry_run && !json;
	return run(&g, store, json);
}
