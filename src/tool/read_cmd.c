/* SPDX-License-Identifier: MIT */
#include "tool/read_cmd.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

static int store_value(struct read_options *o, bool flat)
{
	if (o->store)
		return tool_usage(o->command,
			"expected one --store or --digest-store, found two");
	o->store = optarg;
	o->flat = flat;
	return 0;
}

static int option_value(struct read_options *o, int c, int argc, char **argv)
{
	const int takes = c == 'd' ? 's' : c;

	if (c == ':' || c == '?')
		return tool_usage(o->command,
			c == ':'
				? "%s: expected an argument, found none"
				: "%s: expected an option, found something else",
			argv[optind - 1 < argc ? optind - 1 : argc - 1]);
	if (!strchr(o->takes, takes))
		return tool_usage(o->command,
			"%s: expected an option of this command, found another",
			argv[optind - 1]);
	if (c == 'j')
		o->json = true;
	else if (c == 'a')
		return tool_algorithm(o->command, optarg, &o->algorithm);
	else if (takes == 's')
		return store_value(o, c == 'd');
	else if (o->n_filters == FILTERS_MAX)
		return tool_usage(o->command,
			"--filter: expected at most %d, found more",
			FILTERS_MAX);
	else
		o->filters[o->n_filters++] = optarg;
	return 0;
}

int read_parse(struct read_options *o, int argc, char **argv, int *code)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "filter", required_argument, NULL, 'f' },
		{ "store", required_argument, NULL, 's' },
		{ "digest-store", required_argument, NULL, 'd' },
		{ "algorithm", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(o->usage, stdout);
			*code = 0;
			return -1;
		}
		*code = option_value(o, c, argc, argv);
		if (*code)
			return -1;
	}
	if (argc - optind >= o->min && argc - optind <= o->max)
		return optind;
	*code = tool_usage(o->command, "expected %s, found %d arguments",
		o->needs, argc - optind);
	return -1;
}

int read_store(const struct read_options *o, struct store *s, struct err *e)
{
	if (!o->store)
		return 0;
	return o->flat ? store_open_flat(s, o->store, e)
		       : store_open(s, o->store, e);
}

int reading_choose(struct reading *d, const char *const *filters, unsigned n,
	struct err *e)
{
	const struct read_image *r = &d->image;

	d->chosen = calloc(r->n_nodes, 1);
	d->first = malloc(r->n_inodes * sizeof(*d->first));
	if (!d->chosen || !d->first)
		return err_set(e, REASON_FAILED, "%s: out of memory", r->name);
	if (n == 0)
		memset(d->chosen, 2, r->n_nodes);
	for (unsigned i = 0; i < n; i++) {
		uint32_t node = read_lookup(r, filters[i]);

		if (node == UINT32_MAX)
			return err_set(e, REASON_FAILED,
				"%s: expected an entry %s, found none", r->name,
				filters[i]);
		memset(d->chosen + node, 2, r->nodes[node].end - node);
		while (node) {
			node = r->nodes[node].parent;
			d->chosen[node] |= 1;
		}
	}
	memset(d->first, 0xff, r->n_inodes * sizeof(*d->first));
	for (uint32_t i = r->n_nodes; i-- > 0;)
		if (d->chosen[i])
			d->first[r->nodes[i].inode] = i;
	return 0;
}

int reading_open(struct reading *d, const struct read_options *o,
	const char *name, struct err *e)
{
	memset(&d->image, 0, sizeof(d->image));
	memset(&d->stat, 0, sizeof(d->stat));
	d->chosen = NULL;
	d->first = NULL;
	if (read_open(&d->image, name, e) != 0)
		return -1;
	return reading_choose(d, o->filters, o->n_filters, e);
}

void reading_close(struct reading *d)
{
	read_close(&d->image);
	read_stat_free(&d->stat);
	free(d->chosen);
	free(d->first);
	d->chosen = NULL;
	d->first = NULL;
}

int reading_at(struct reading *d, uint32_t node, bool *is_link, struct err *e)
{
	uint32_t inode = d->image.nodes[node].inode;

	if (read_stat(&d->image, inode, &d->stat, e) != 0)
		return -1;
	read_path(&d->image, node, d->path);
	*is_link = d->first[inode] != node;
	if (*is_link)
		read_path(&d->image, d->first[inode], d->link);
	return 0;
}

int read_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	tool_say("standard output: cannot be written");
	return EXIT_REFUSED;
}
