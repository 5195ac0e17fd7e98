/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>

#include "tool/json.h"
#include "tool/device_policy.h"
#include "tool/install.h"
#include "tool/read_cmd.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright install [OPTION...] --store DIR SOURCE\n"
	"\n"
	"Puts a release or an image into a store: from another store, a directory\n"
	"that rootwright export wrote, or a disk image that rootwright disk made. It\n"
	"is verified by the policy of the device first; then only objects that are\n"
	"not there are fetched, each hashed while it is copied. Nothing is written\n"
	"when there is no room for all of it. When it was interrupted, run it again.\n"
	"\n"
	"  --store DIR              the store; it is made if there is none\n"
	"  --release NAME VERSION   this release of several; may be repeated\n"
	"  --image DIGEST           this image of several; may be repeated\n"
	"  --config DIR             the policy (default: " DEVICE_POLICY_DIR
	")\n"
	"  --unverified             ask no policy: what boots is verified then\n"
	"  --dry-run                only say what would be fetched\n"
	"  --json                   print one JSON document\n"
	"  --help                   print this\n";

static void say_plan(const struct install *x)
{
	const struct transfer *t = &x->t;
	char words[ITEM_WORDS_MAX];

	for (unsigned i = 0; i < x->items.n; i++)
		tool_say("%s: %s%s", t->from.name,
			item_words(&x->items.list[i], words),
			x->config ? "" : ": NOT verified");
	tool_say(
		"%s: %llu of %llu objects to fetch, %llu of %llu bytes; they need %llu bytes on disk, %llu are free",
		t->dir, (unsigned long long)t->missing,
		(unsigned long long)t->n, (unsigned long long)t->missing_bytes,
		(unsigned long long)t->bytes, (unsigned long long)t->space,
		(unsigned long long)t->space_free);
}

static void say_done(const struct install *x)
{
	char words[ITEM_WORDS_MAX];

	for (unsigned i = 0; i < x->items.n; i++)
		tool_say("%s: %s is installed", x->t.dir,
			item_words(&x->items.list[i], words));
}

static void print_items(const struct install *x, struct json *j)
{
	char hex[DIGEST_HEX_MAX];

	json_open(j, "releases", '[');
	for (unsigned i = 0; i < x->items.n; i++) {
		const struct item *item = &x->items.list[i];

		if (!item->is_release)
			continue;
		json_open(j, NULL, '{');
		json_string(j, "name", item->name);
		json_string(j, "version", item->version);
		json_number(j, "sequence", item->release.sequence);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "images", '[');
	for (unsigned i = 0; i < x->items.n; i++)
		for (unsigned n = 0; n < x->items.list[i].n_images; n++)
			json_string(j, NULL,
				digest_to_hex(
					&x->items.list[i].images[n], hex));
	json_close(j, ']');
}

static void print_json(const struct install *x)
{
	static char text[ITEMS_MAX * 2048];
	const struct transfer *t = &x->t;
	struct json j;

	json_begin(&j, text, sizeof(text));
	json_open(&j, NULL, '{');
	json_bool(&j, "dry_run", x->dry_run);
	json_bool(&j, "verified", x->config != NULL);
	print_items(x, &j);
	json_number(&j, "objects", t->n);
	json_number(&j, "bytes", t->bytes);
	json_number(&j, "fetch", t->missing);
	json_number(&j, "fetch_bytes", t->missing_bytes);
	json_number(&j, "space", t->space);
	json_number(&j, "space_free", t->space_free);
	json_close(&j, '}');
	puts(text);
}

static int install(
	struct install *x, const char *source, const char *store, struct err *e)
{
	if (x->config && device_policy_read(x->config, e) != 0)
		return -1;
	if (transfer_open(&x->t, source, store, x->dry_run, e) != 0 ||
		install_choose(x, e) != 0 || install_verify(x, e) != 0 ||
		transfer_plan(&x->t, e) != 0)
		return -1;
	say_plan(x);
	if (x->dry_run)
		return 0;
	if (transfer_copy(&x->t, e) != 0 || install_publish(x, e) != 0)
		return -1;
	say_done(x);
	return 0;
}

static int run(
	struct install *x, const char *source, const char *store, bool json)
{
	struct err e;
	int r;

	x->t.from.store.fd = x->t.to.fd = -1;
	x->t.from.store.objects = x->t.to.objects = -1;
	r = install(x, source, store, &e);
	if (r == 0 && json)
		print_json(x);
	transfer_close(&x->t);
	items_free(&x->items);
	return r == 0 ? read_flush() : tool_fail(&e);
}

/* Takes what of the options is wanted; 0, or EXIT_USAGE. */
static int add_item(struct install *x, int c, int argc, char **argv)
{
	const char *wrong;

	if (c == 'r' && optind == argc)
		return tool_usage(
			"install", "--release: expected a name and a version");
	wrong = c == 'r' ? items_add_release(&x->items, optarg, argv[optind++])
			 : items_add_image(&x->items, optarg);
	if (!wrong)
		return 0;
	return tool_usage(
		"install", "%s: expected %s", argv[optind - 1], wrong);
}

int cmd_install(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "release", required_argument, NULL, 'r' },
		{ "image", required_argument, NULL, 'i' },
		{ "config", required_argument, NULL, 'c' },
		{ "unverified", no_argument, NULL, 'u' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct install x = { .config = DEVICE_POLICY_DIR };
	const char *store = NULL;
	bool json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			store = optarg;
			break;
		case 'r':
		case 'i':
			if (add_item(&x, c, argc, argv) != 0)
				return EXIT_USAGE;
			break;
		case 'c':
			x.config = optarg;
			break;
		case 'u':
			x.config = NULL;
			break;
		case 'n':
			x.dry_run = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("install",
				"%s: expected an option that it has, with its value",
				argv[optind - 1]);
		}
	}
	if (!store || argc - optind != 1)
		return tool_usage("install", "expected --store and one source");
	return run(&x, argv[optind], store, json);
}
