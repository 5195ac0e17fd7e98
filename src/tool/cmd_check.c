/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tool/check.h"
#include "tool/disk_check.h"
#include "tool/store.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright check [--json] STORE-OR-DISK\n"
	"       rootwright check [--json] STORE IMAGE...\n"
	"\n"
	"Reads every object of a store (a directory) or of a disk image or disk\n"
	"that rootwright disk made, and compares its content and its fs-verity\n"
	"digest with its name. One line a fault on stdout; exit code 1 if there\n"
	"is any. With images (files, or digests of images in the store), only what\n"
	"they need: every object there, whole, of the right size and sealed.\n"
	"\n"
	"  --json    print one JSON document instead\n"
	"  --help    print this\n";

static int check_directory(
	struct check *c, const char *name, char *const *images, int n)
{
	struct store s;
	struct err e;
	int r = 0;

	if (store_open(&s, name, &e) != 0)
		return tool_fail(&e);
	check_begin(c);
	if (n) {
		r = check_images(c, &s, images, n, &e);
	} else {
		check_objects(c, &s);
		check_links(c, &s);
	}
	store_close(&s);
	return r == 0 ? check_end(c, name) : check_abort(c, &e);
}

static int check_disk(struct check *c, const char *name)
{
	struct err e;

	if (disk_check(c, name, &e) != 0)
		return check_abort(c, &e);
	return check_end(c, name);
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct check c = { 0 };
	struct stat st;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'j':
			c.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("check", "expected --json or --help");
		}
	}
	if (argc == optind)
		return tool_usage(
			"check", "expected a store or disk, found none");
	if (stat(argv[optind], &st) == 0 && !S_ISDIR(st.st_mode)) {
		if (argc - optind > 1)
			return tool_usage("check",
				"%s: expected a store before images, found a file",
				argv[optind]);
		return check_disk(&c, argv[optind]);
	}
	return check_directory(
		&c, argv[optind], argv + optind + 1, argc - optind - 1);
}
