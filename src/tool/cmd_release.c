/* SPDX-License-Identifier: MIT */
/* rootwright release: its subcommands, of which list, show, remove are here. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/cmd_release.h"
#include "tool/read_cmd.h"
#include "tool/release_text.h"
#include "tool/state_file.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright release create --store DIR --name NAME --version VERSION\n"
	"                          --sequence N --image DIGEST... [OPTION...]\n"
	"       rootwright release sign --key KEY --cert CERT [--force]\n"
	"                          --store DIR NAME VERSION\n"
	"       rootwright release verify (--cert CERT... | --keys DIR) [OPTION...]\n"
	"                          --store DIR [NAME [VERSION]]\n"
	"       rootwright release list [--json] --store DIR [NAME]\n"
	"       rootwright release show [--json] --store DIR NAME VERSION\n"
	"       rootwright release remove [--force] --store DIR NAME VERSION\n"
	"\n"
	"A release is a signed manifest in a store: which images belong together,\n"
	"and which release is newer than which. Each prints its options with --help.\n";

static const char list_usage[] =
	"usage: rootwright release list [--json] --store DIR [NAME]\n"
	"\n"
	"Prints the releases of a store, by name and the newest first. Signatures are\n"
	"counted and not checked: rootwright release verify does that.\n"
	"\n"
	"  --store DIR  the store\n"
	"  --json       print one JSON document\n"
	"  --help       print this\n";

static const char show_usage[] =
	"usage: rootwright release show [--json] --store DIR NAME VERSION\n"
	"\n"
	"Prints the manifest of a release.\n"
	"\n"
	"  --store DIR  the store\n"
	"  --json       print one JSON document\n"
	"  --help       print this\n";

static const char remove_usage[] =
	"usage: rootwright release remove [--force] --store DIR NAME VERSION\n"
	"\n"
	"Removes a release from a store: its manifest and signatures. Images and\n"
	"objects stay until rootwright gc.\n"
	"\n"
	"  --store DIR  the store\n"
	"  --force      even the one that the store's state says is good\n"
	"  --help       print this\n";

struct options {
	const char *command, *usage, *store;
	bool json, force;
};

int release_bad_option(const char *command, int c, char **argv)
{
	return tool_usage(command,
		c == ':' ? "%s: expected an argument, found none"
			 : "%s: expected an option, found something else",
		argv[optind - 1]);
}

/* -1: go on with the arguments from optind on; else the exit code. */
static int parse(struct options *o, int argc, char **argv, int min, int max)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool removes = strstr(o->command, "remove");
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(o->usage, stdout);
			return 0;
		}
		if (c == 's')
			o->store = optarg;
		else if (c == 'j' && !removes)
			o->json = true;
		else if (c == 'f' && removes)
			o->force = true;
		else
			return release_bad_option(o->command, c, argv);
	}
	if (!o->store)
		return tool_usage(o->command, "expected --store");
	if (argc - optind < min || argc - optind > max)
		return tool_usage(o->command, "expected %s",
			max == 1 ? "at most one name" : "a name and a version");
	return -1;
}

static int print_list(const struct release_list *l, bool json, struct err *e)
{
	struct release_json out;
	int faults = 0;

	if (json)
		release_json_begin(&out);
	for (size_t i = 0; i < l->n; i++) {
		const struct store_release *x = &l->list[i];

		faults += x->fault != NULL;
		if (json) {
			if (release_json_open(&out, x, e) != 0 ||
				release_json_close(&out, e) != 0)
				return -1;
		} else if (x->fault) {
			tool_say("%s", x->fault);
		} else {
			release_print(x);
			printf(", %u signature%s%s%.*s\n", x->n_signatures,
				x->n_signatures == 1 ? "" : "s",
				x->release.description.s ? ": " : "",
				(int)x->release.description.n,
				x->release.description.s
					? x->release.description.s
					: "");
		}
	}
	if (json)
		release_json_end(&out);
	return faults ? err_set(e, REASON_FAILED,
				"releases: expected %zu manifests that can be used, found %zu",
				l->n, l->n - faults)
		      : 0;
}

int release_list(int argc, char **argv)
{
	struct options o = { .command = "release list", .usage = list_usage };
	struct store store = { .fd = -1, .objects = -1 };
	struct release_list l = { 0 };
	struct err e;
	int r, code = parse(&o, argc, argv, 0, 1);

	if (code >= 0)
		return code;
	r = store_open(&store, o.store, &e);
	if (r == 0)
		r = releases_load(&l, &store,
			optind < argc ? argv[optind] : NULL, NULL, &e);
	if (r == 0)
		r = print_list(&l, o.json, &e);
	releases_free(&l);
	store_close(&store);
	return r == 0 ? read_flush() : tool_fail(&e);
}

/* The one release that two arguments name. */
static int find(struct release_list *l, const struct store *s, char **argv,
	struct err *e)
{
	if (releases_load(l, s, argv[0], argv[1], e) != 0)
		return -1;
	if (l->n == 0)
		return err_set(e, REASON_FAILED,
			"%s/releases/%s/%s: expected a release, found none",
			s->name, argv[0], argv[1]);
	return 0;
}

static int show(const struct store_release *x, bool json, struct err *e)
{
	struct release_json out = { 0 };

	if (x->fault)
		return err_set(e, REASON_RELEASE_INVALID, "%s", x->fault);
	if (!json) {
		fwrite(x->text, 1, x->n, stdout);
		return 0;
	}
	if (release_json_open(&out, x, e) != 0 ||
		release_json_close(&out, e) != 0)
		return -1;
	putchar('\n');
	return 0;
}

int release_show(int argc, char **argv)
{
	struct options o = { .command = "release show", .usage = show_usage };
	struct store store = { .fd = -1, .objects = -1 };
	struct release_list l = { 0 };
	struct err e;
	int r, code = parse(&o, argc, argv, 2, 2);

	if (code >= 0)
		return code;
	r = store_open(&store, o.store, &e);
	if (r == 0)
		r = find(&l, &store, argv + optind, &e);
	if (r == 0)
		r = show(&l.list[0], o.json, &e);
	releases_free(&l);
	store_close(&store);
	return r == 0 ? read_flush() : tool_fail(&e);
}

/* What a device would fall back to is not removed by mistake. */
static int may_remove(const struct store *s, char **argv, struct err *e)
{
	struct state state;
	struct err ignored;

	if (state_file_read(s->fd, argv[0], &state, &ignored) != 0 ||
		strcmp(state.blessed, argv[1]) != 0)
		return 0;
	err_set(e, REASON_FAILED,
		"%s/releases/%s/%s: expected another than the release that was declared good, found that",
		s->name, argv[0], argv[1]);
	return err_hint(e, "--force removes it all the same");
}

int release_remove(int argc, char **argv)
{
	struct options o = { .command = "release remove",
		.usage = remove_usage };
	struct store store = { .fd = -1, .objects = -1 };
	struct release_list l = { 0 };
	struct err e;
	int r, code = parse(&o, argc, argv, 2, 2);

	if (code >= 0)
		return code;
	argv += optind;
	r = store_open(&store, o.store, &e);
	if (r == 0)
		r = store_may_write(&store, &e);
	if (r == 0)
		r = releases_lock(&store, &e);
	if (r == 0)
		r = find(&l, &store, argv, &e);
	if (r == 0 && !o.force)
		r = may_remove(&store, argv, &e);
	if (r == 0)
		r = releases_forget_images(&store, &l.list[0], &e);
	if (r == 0)
		r = releases_remove(&store, argv[0], argv[1], &e);
	if (r == 0)
		tool_say("%s: removed release %s %s", store.name, argv[0],
			argv[1]);
	releases_free(&l);
	store_close(&store);
	return r == 0 ? 0 : tool_fail(&e);
}

int cmd_release(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "create", release_create },
		{ "sign", release_sign },
		{ "verify", release_check },
		{ "list", release_list },
		{ "show", release_show },
		{ "remove", release_remove },
	};

	if (argc < 2)
		return tool_usage("release",
			"expected create, sign, verify, list, show or remove");
	if (!strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return tool_usage("release",
		"%s: expected create, sign, verify, list, show or remove",
		argv[1]);
}
