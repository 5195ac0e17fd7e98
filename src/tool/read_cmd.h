/* SPDX-License-Identifier: MIT */
/* What the commands that look into images share. */
#ifndef RW_TOOL_READ_CMD_H
#define RW_TOOL_READ_CMD_H

#include "tool/read.h"
#include "tool/store.h"

#define FILTERS_MAX 256

struct read_options {
	const char *command;
	const char *usage;
	const char
		*takes; /* of: j --json, f --filter, s a store, a --algorithm */
	const char *needs; /* what it takes, for the usage error */
	int min, max;	   /* arguments */
	bool json;
	enum hash_algorithm algorithm; /* 0: none was named */
	const char *store;
	bool flat; /* it is mkcomposefs' --digest-store */
	const char *filters[FILTERS_MAX];
	unsigned n_filters;
};

/*
 * Parses the options. Returns the index of the first argument, or -1 with
 * the exit code in *code.
 */
int read_parse(struct read_options *o, int argc, char **argv, int *code);

/* Opens the store that the options name; none leaves s as it is. */
must_check int read_store(
	const struct read_options *o, struct store *s, struct err *e);

/* An image, what of it is wanted, and the node looked at last. */
struct reading {
	struct read_image image;
	uint8_t *chosen; /* by node: 2 wanted, 1 leads to one, 0 neither */
	uint32_t *first; /* by inode: the first node that is wanted */
	struct read_stat stat;
	char path[READ_PATH_MAX + 1], link[READ_PATH_MAX + 1];
};

/*
 * Opens an image and chooses what is at or below the filters, or all.
 * Refused: a filter that names nothing. reading_close() in any case.
 */
must_check int reading_open(struct reading *d, const struct read_options *o,
	const char *name, struct err *e);
must_check int reading_choose(struct reading *d, const char *const *filters,
	unsigned n, struct err *e);
void reading_close(struct reading *d);

/* Fills path, stat and, of a second name, link; *is_link says which. */
must_check int reading_at(
	struct reading *d, uint32_t node, bool *is_link, struct err *e);

/* Flushes standard output: 0, or EXIT_REFUSED with a sentence. */
int read_flush(void);

#endif
