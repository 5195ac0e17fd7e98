/* SPDX-License-Identifier: MIT */
/*
 * What stacked images do to each other by names of two hex digits in their
 * roots. A file's redirect /ab/cdef... is looked up in every image below its
 * own before it is looked up among the objects, so a directory /ab there
 * captures it: the file cannot be opened, or has another content. And the
 * whiteouts 00 to ff that every composefs image has in its root hide what an
 * image below has by these names. Both are refused of an image that is below
 * another, by a sentence that names image, entry, and what becomes of it.
 */
#ifndef RW_TOOL_CAPTURE_H
#define RW_TOOL_CAPTURE_H

#include "tool/read.h"
#include "tool/tree.h"

/* An image that is to be written. */
struct capture_tree {
	const char *name; /* for messages */
	const struct tree *tree;
};

/*
 * The tree is to lie below the n of above, the next one first; n may be 0,
 * then anything may come above it.
 */
must_check int capture_check_tree(const struct capture_tree *t,
	const struct capture_tree *above, unsigned n, struct err *e);

/* Images that are stacked, the topmost first. */
must_check int capture_check_images(
	struct read_image *images, unsigned n, struct err *e);

#endif
