/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/json.h"
#include "tool/export.h"
#include "tool/item_put.h"
#include "tool/read_cmd.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright export --store DIR [--release NAME VERSION | --image DIGEST]...\n"
	"                         [--json] OUTDIR\n"
	"\n"
	"Copies releases and images of a store into a directory of plain files, from\n"
	"which rootwright install takes them: with a web server, rsync or a USB stick\n"
	"between. What OUTDIR has already stays; lists in OUTDIR/lists say which files\n"
	"each release and image needs. Without --release and --image: every release,\n"
	"or every image of a store without releases.\n"
	"\n"
	"  --store DIR              the store\n"
	"  --release NAME VERSION   this release; may be repeated\n"
	"  --image DIGEST           this image; may be repeated\n"
	"  --json                   print one JSON document\n"
	"  --help                   print this\n";

struct export
{
	struct items items;
	struct list lists[ITEMS_MAX];
	struct transfer t;
};

static int add_item(struct export *x, unsigned n, struct err *e)
{
	struct item *i = &x->items.list[n];
	struct list *l = &x->lists[n];
	size_t first = x->t.objects.n;
	char path[2 * RELEASE_WHERE_MAX];

	if (item_read(i, &x->t.from, e) != 0 || item_parse(i, e) != 0)
		return -1;
	for (unsigned j = 0; j < i->n_images; j++)
		if (transfer_image(&x->t, &i->images[j], e) != 0)
			return -1;
	if (list_add_objects(l, &x->t.objects, first, e) != 0)
		return -1;
	for (unsigned j = 0; j < i->n_signatures; j++) {
		snprintf(path, sizeof(path), "releases/%s/%s/%s", i->name,
			i->version, i->signatures[j].name);
		if (list_add(l, path, i->signatures[j].n, e) != 0)
			return -1;
	}
	return i->is_release ? list_add(l, i->where, i->manifest_n, e) : 0;
}

static int add_meta(struct export *x, struct list *l, struct err *e)
{
	struct stat st;

	if (fstatat(x->t.to.fd, "meta.json", &st, 0) != 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s/meta.json: cannot be examined", x->t.dir);
	return list_add(l, "meta.json", st.st_size, e);
}

static int put_list(
	struct export *x, const struct item *i, struct list *l, struct err *e)
{
	char path[2 * RELEASE_WHERE_MAX], hex[DIGEST_HEX_MAX], *text;
	size_t n;
	int r;

	if (i->is_release)
		snprintf(path, sizeof(path), "lists/releases/%s/%s", i->name,
			i->version);
	else
		snprintf(path, sizeof(path), "lists/images/%s",
			digest_to_hex(&i->images[0], hex));
	text = list_text(l, &n, e);
	if (!text)
		return -1;
	r = transfer_put(&x->t, path, text, n, true, e);
	free(text);
	return r;
}

static int put_item(struct export *x, unsigned n, struct err *e)
{
	struct item *i = &x->items.list[n];
	struct list *l = &x->lists[n];
	char path[RELEASE_WHERE_MAX], hex[DIGEST_HEX_MAX];
	uint64_t size;

	for (unsigned j = 0; j < i->n_images; j++) {
		const struct digest *d = &i->images[j];

		if (item_put_image_signature(&x->t, d, true, &size, e) != 0)
			return -1;
		snprintf(path, sizeof(path), "signatures/%s.p7s",
			digest_to_hex(d, hex));
		if (size && list_add(l, path, size, e) != 0)
			return -1;
	}
	if (i->is_release && item_put_release(&x->t, i, e) != 0)
		return -1;
	return add_meta(x, l, e) == 0 ? put_list(x, i, l, e) : -1;
}

/* Whoever serves it must be able to read it, unlike a store. */
static int make_directory(const char *dir, struct err *e)
{
	if (mkdir(dir, 0777) == 0 || errno == EEXIST)
		return 0;
	return err_sys(e, REASON_FAILED, errno, "%s: cannot be created", dir);
}

static int export(struct export *x, struct err *e)
{
	if (x->items.n == 0 && items_find(&x->items, &x->t.from, e) != 0)
		return -1;
	if (x->items.n == 0)
		return err_set(e, REASON_FAILED,
			"%s: expected a release or an image, found none",
			x->t.from.name);
	for (unsigned n = 0; n < x->items.n; n++)
		if (add_item(x, n, e) != 0)
			return -1;
	if (transfer_plan(&x->t, e) != 0 || make_directory(x->t.dir, e) != 0 ||
		transfer_copy(&x->t, e) != 0)
		return -1;
	for (unsigned n = 0; n < x->items.n; n++)
		if (put_item(x, n, e) != 0)
			return -1;
	return 0;
}

static void report(const struct export *x, bool json)
{
	char text[1024], words[ITEM_WORDS_MAX];
	const struct transfer *t = &x->t;
	struct json j;

	for (unsigned n = 0; n < x->items.n; n++)
		tool_say(
			"%s: %s", t->dir, item_words(&x->items.list[n], words));
	tool_say("%s: %llu of %llu objects are new, %llu of %llu bytes", t->dir,
		(unsigned long long)t->missing, (unsigned long long)t->n,
		(unsigned long long)t->missing_bytes,
		(unsigned long long)t->bytes);
	if (!json)
		return;
	json_begin(&j, text, sizeof(text));
	json_open(&j, NULL, '{');
	json_number(&j, "objects", t->n);
	json_number(&j, "bytes", t->bytes);
	json_number(&j, "new", t->missing);
	json_number(&j, "new_bytes", t->missing_bytes);
	json_close(&j, '}');
	puts(text);
}

static int run(struct export *x, const char *store, const char *out, bool json)
{
	struct err e;
	int r = transfer_open(&x->t, store, out, false, &e);

	if (r == 0)
		r = export(x, &e);
	if (r == 0)
		report(x, json);
	transfer_close(&x->t);
	for (unsigned n = 0; n < ITEMS_MAX; n++)
		list_free(&x->lists[n]);
	items_free(&x->items);
	return r == 0 ? read_flush() : tool_fail(&e);
}

int cmd_export(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "release", required_argument, NULL, 'r' },
		{ "image", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct export x;
	const char *store = NULL, *wrong = NULL;
	bool json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			store = optarg;
			break;
		case 'r':
			if (optind == argc)
				return tool_usage("export",
					"--release: expected a name and a version");
			wrong = items_add_release(
				&x.items, optarg, argv[optind++]);
			break;
		case 'i':
			wrong = items_add_image(&x.items, optarg);
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("export",
				"%s: expected an option that it has, with its value",
				argv[optind - 1]);
		}
		if (wrong)
			return tool_usage("export", "%s: expected %s",
				argv[optind - 1], wrong);
	}
	if (!store || argc - optind != 1)
		return tool_usage(
			"export", "expected --store and one directory");
	return run(&x, store, argv[optind], json);
}
