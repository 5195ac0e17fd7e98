/* SPDX-License-Identifier: MIT */
/*
 * One run of `rootwright build`: what it was told, what it has open, and
 * what came of it. cmd_build.c says what happens in which order; here is how
 * everything is opened before the source is read, and how the image gets to
 * where it is wanted.
 */
#ifndef RW_TOOL_BUILD_H
#define RW_TOOL_BUILD_H

#include "tool/filter.h"
#include "tool/image_file.h"
#include "tool/object.h"
#include "tool/source.h"

struct build {
	/* As it was told. */
	const char *source_name, *store_name, *output;
	enum hash_algorithm algorithm; /* 0: the store's, or SHA-256 */
	struct image_options image_options;
	struct filter filter;
	bool for_boot, hardlink, layers, lower;
	unsigned threads; /* 0: as many as there are processors */

	struct source source;
	struct store store;
	struct object_writer objects;
	struct tree *tree;
	struct layer_stack stack; /* layers: a tree for each */
	struct intake *intake;

	struct image_file image; /* published last */
	uint32_t entries;	 /* of what was read */
};

#define BUILD_NONE \
	{ \
		.image_options = IMAGE_OPTIONS_DEFAULT, .source = SOURCE_NONE, \
		.store = { \
			.fd = -1, \
			.objects = -1 \
		} \
	}

/*
 * Opens source and store, and makes an empty tree. Everything that can be
 * known to be wrong before the source is read is refused now: an output that
 * exists, a store inside the tree, options that the source has no use for.
 */
must_check int build_open(struct build *b, struct err *e);

/*
 * Of build_open what does not depend on a source: refuses an output that is
 * there, opens the store, makes the tree.
 */
must_check int build_prepare(struct build *b, struct err *e);

/*
 * Writes the tree's image and puts it into the store and at the output. Last
 * of all it gets its names: whoever finds it finds all its objects. The tree
 * is used up.
 */
must_check int build_publish(struct build *b, struct tree *t, struct err *e);

/*
 * The same for each layer's tree, the undermost first. images: room for
 * stack.n, the topmost first. Refused before anything is published: a layer
 * that would capture what is above it (capture.h).
 */
must_check int build_layers(
	struct build *b, struct image_file *images, struct err *e);

void build_close(struct build *b);

#endif
