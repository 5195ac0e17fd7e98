/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/repair.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright repair --store DIR [--json] SOURCE\n"
	"\n"
	"Reads all of a store, and fetches again what is damaged or missing: from\n"
	"another store, a directory that rootwright export wrote, or a disk image\n"
	"that rootwright disk made. One line for each object on stdout; exit code 1\n"
	"if any is left that could not be repaired.\n"
	"\n"
	"  --store DIR          the store\n"
	"  --boot-record FILE   what was booted (default: " BOOT_RECORD ")\n"
	"  --json               print one JSON document instead\n"
	"  --help               print this\n";

static void print_json(const struct repair *r)
{
	fputs("{\"objects\":[", stdout);
	for (size_t i = 0; i < r->n; i++) {
		const struct repair_result *x = &r->results[i];

		printf("%s{\"path\":", i ? "," : "");
		text_json(stdout, x->path, strlen(x->path));
		printf(",\"repaired\":%s",
			x->text ? "false,\"text\":" : "true");
		if (x->text)
			text_json(stdout, x->text, strlen(x->text));
		putchar('}');
	}
	printf("],\"repaired\":%llu,\"bytes\":%llu,\"left\":%llu}\n",
		(unsigned long long)r->repaired,
		(unsigned long long)r->repaired_bytes,
		(unsigned long long)r->left);
}

static void print_lines(const struct repair *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct err line;

		/* Names come from a disk: nothing in them moves a cursor. */
		err_set(&line, REASON_FAILED, "%s: %s", r->results[i].path,
			r->results[i].text ? r->results[i].text : "repaired");
		puts(line.text);
	}
}

static int work(
	struct repair *r, const char *store, const char *source, struct err *e)
{
	struct store *s = &r->roots.store;

	if (store_open(s, store, e) != 0 || store_may_write(s, e) != 0 ||
		origin_open(&r->from, source, e) != 0)
		return -1;
	if (r->from.algorithm != s->algorithm)
		return err_set(e, REASON_FAILED,
			"%s: expected a source of %s objects, as %s has, found one of %s",
			source, hash_name(s->algorithm), s->name,
			hash_name(r->from.algorithm));
	if (repair_find(r, e) != 0 || repair_images(r, e) != 0 ||
		repair_objects(r, e) != 0)
		return -1;
	return repair_links(r, e);
}

static int run(
	struct repair *r, const char *store, const char *source, bool json)
{
	struct err e;
	int result = work(r, store, source, &e), code;

	/* Also what was repaired before it failed. */
	if (json)
		print_json(r);
	else
		print_lines(r);
	if (result == 0)
		tool_say(
			"%s: %llu objects repaired, %llu bytes; %llu faults left",
			store, (unsigned long long)r->repaired,
			(unsigned long long)r->repaired_bytes,
			(unsigned long long)r->left);
	code = result != 0 ? tool_fail(&e)
	       : r->left   ? EXIT_REFUSED
			   : read_flush();
	repair_free(r);
	return code;
}

int cmd_repair(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "boot-record", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct repair r = {
		.from = { .store = { .fd = -1, .objects = -1 } },
		.roots = { .record = BOOT_RECORD,
			.store = { .fd = -1, .objects = -1 } },
	};
	const char *store = NULL;
	bool json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			store = optarg;
			break;
		case 'b':
			r.roots.record = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("repair",
				"%s: expected an option that it has, with its value",
				argv[optind - 1]);
		}
	}
	if (!store || argc - optind != 1)
		return tool_usage("repair", "expected --store and one source");
	return run(&r, store, argv[optind], json);
}
