/* SPDX-License-Identifier: MIT */
/* rootwright build --layers: an image for each layer of an OCI image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/build.h"
#include "tool/capture.h"
#include "tool/tool.h"

/* A layer's name in messages: the source's, and which one from below. */
typedef char layer_name[PATH_MAX + 32];

static int check_stack(
	const struct build *b, const struct capture_tree *trees, struct err *e)
{
	/* What is on top has nothing above it, unless it is to be lower, too.
	 */
	unsigned n = b->stack.n - (b->lower ? 0 : 1);

	for (unsigned i = 0; i < n; i++)
		if (capture_check_tree(&trees[i], &trees[i + 1],
			    b->stack.n - i - 1, e) != 0)
			return -1;
	return 0;
}

static int check(const struct build *b, struct err *e)
{
	const unsigned n = b->stack.n;
	struct capture_tree *trees = calloc(n, sizeof(*trees));
	layer_name *names = calloc(n, sizeof(*names));
	int r = -1;

	if (trees && names) {
		for (unsigned i = 0; i < n; i++) {
			snprintf(names[i], sizeof(names[i]), "%s, layer %u",
				b->source_name, i + 1);
			trees[i].name = names[i];
			trees[i].tree = b->stack.list[i].tree;
		}
		r = check_stack(b, trees, e);
	} else {
		err_set(e, REASON_FAILED, "%s: out of memory", b->source_name);
	}
	free(trees);
	free(names);
	return r;
}

int build_layers(struct build *b, struct image_file *images, struct err *e)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < b->stack.n; i++)
		if (tree_filter(b->stack.list[i].tree, &b->filter, e) != 0)
			return -1;
	if (check(b, e) != 0)
		return -1;
	for (unsigned i = 0; i < b->stack.n; i++) {
		struct tree *t = b->stack.list[i].tree;
		uint32_t entries = tree_entries(t);

		if (build_publish(b, t, e) != 0)
			return -1;
		sum += b->image.size;
		images[b->stack.n - 1 - i] = b->image;
		tool_say("%s, layer %u: %u entries, image of %llu bytes",
			b->source_name, i + 1, entries, U64(b->image.size));
	}
	b->image.size = sum;
	return 0;
}
