/* SPDX-License-Identifier: MIT */
/* rootwright merge: stacked images become one. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/build.h"
#include "tool/capture.h"
#include "tool/merge.h"
#include "tool/progress.h"
#include "tool/read_cmd.h"
#include "tool/stack.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright merge [OPTION...] IMAGE...\n"
	"\n"
	"Prints the digest of the image that the IMAGEs are together, the topmost\n"
	"first: what overlayfs shows of them as lowerdir=A:B, and what building from\n"
	"that tree gives. An IMAGE is a file, or with --store a digest of an image\n"
	"there. No object is read.\n"
	"\n"
	"  --upper            others come below them: keep what hides these\n"
	"  --store DIR        put the image into this store\n"
	"  --output IMAGE     write the image to this file, which must not exist\n"
	"  --min-version N    the format's version is at least N, 0 (default) or 1\n"
	"  --max-version N    and at most N, 0 or 1 (default)\n"
	"  --help             print this\n";

static int parse_option(struct build *b, bool *upper, int o)
{
	switch (o) {
	case 'u':
		*upper = true;
		return 0;
	case 's':
		b->store_name = optarg;
		return 0;
	case 'o':
		b->output = optarg;
		return 0;
	case 'm':
		return tool_version(
			"merge", optarg, &b->image_options.min_version);
	case 'M':
		return tool_version(
			"merge", optarg, &b->image_options.max_version);
	case 'h':
		fputs(usage, stdout);
		return 'h';
	default:
		return tool_usage("merge",
			"expected an option that it knows, with its value");
	}
}

static int parse(struct build *b, bool *upper, int argc, char **argv)
{
	static const struct option options[] = {
		{ "upper", no_argument, NULL, 'u' },
		{ "store", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "min-version", required_argument, NULL, 'm' },
		{ "max-version", required_argument, NULL, 'M' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int o, r;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		r = parse_option(b, upper, o);
		if (r != 0)
			return r;
	}
	if (argc == optind)
		return tool_usage("merge", "expected images, found none");
	return 0;
}

/* A store that is not there yet has none of the images. */
static int open_images(struct stack *k, const struct build *b, char **names,
	unsigned n, struct err *e)
{
	struct store s = { .fd = -1, .objects = -1 };
	int r = 0;

	for (unsigned i = 0; i < n && s.fd < 0 && r == 0; i++) {
		struct digest d;

		if (b->store_name &&
			digest_from_hex(&d, names[i], strlen(names[i])))
			r = store_open(&s, b->store_name, e);
	}
	for (unsigned i = 0; i < n && r == 0; i++)
		r = stack_add(k, s.fd >= 0 ? &s : NULL, names[i], e);
	store_close(&s);
	return r == 0 ? capture_check_images(k->images, k->n, e) : r;
}

static int merge(struct build *b, struct stack *k, bool upper, struct err *e)
{
	if (merge_algorithm(k->images, k->n, &b->algorithm, e) != 0 ||
		build_prepare(b, e) != 0)
		return -1;
	for (unsigned i = k->n; i-- > 0;)
		if (merge_onto(b->tree, &k->images[i], upper, e) != 0)
			return -1;
	b->entries = tree_entries(b->tree);
	return build_publish(b, b->tree, e);
}

static int run(
	struct build *b, bool upper, char **names, unsigned n, struct err *e)
{
	struct stack k = { 0 };
	char hex[DIGEST_HEX_MAX];
	int r = open_images(&k, b, names, n, e);

	if (r == 0)
		r = merge(b, &k, upper, e);
	stack_close(&k);
	if (r != 0)
		return -1;
	tool_say("%u images: %u entries, image of %llu bytes, in %.2f s", n,
		b->entries, U64(b->image.size), progress_seconds());
	puts(digest_to_hex(&b->image.digest, hex));
	return 0;
}

int cmd_merge(int argc, char **argv)
{
	struct build b = BUILD_NONE;
	bool upper = false;
	struct err e;
	int r = parse(&b, &upper, argc, argv);

	if (r != 0)
		return r == 'h' ? 0 : r;
	progress_seconds();
	b.source.kind = SOURCE_DUMP;
	b.source_name = "images";
	r = run(&b, upper, argv + optind, (unsigned)(argc - optind), &e);
	build_close(&b);
	return r == 0 ? read_flush() : tool_fail(&e);
}
