/* SPDX-License-Identifier: MIT */
/*
 * A tree becomes a composefs metadata image: an EROFS file system whose
 * large files are overlayfs metacopies that name their objects. The bytes
 * are those of mkcomposefs 1.0.8 for the same tree.
 *
 * Format: https://docs.kernel.org/filesystems/erofs.html for the file
 * system, and layout.c for which of its possibilities are used.
 */
#ifndef RW_TOOL_IMAGE_H
#define RW_TOOL_IMAGE_H

#include "tool/tree.h"

struct image_options {
	unsigned min_version; /* the format's version, 0 or 1 */
	unsigned max_version;
};

#define IMAGE_OPTIONS_DEFAULT \
	{ \
		.min_version = 0, .max_version = 1 \
	}

struct image {
	uint8_t *bytes; /* free() */
	size_t size;
	struct digest digest; /* fs-verity, in the tree's algorithm */
	unsigned version;
};

/*
 * Takes the bytes of an image in order. A failure fills *e and returns -1,
 * and nothing more is written.
 */
struct image_sink {
	int (*write)(void *ctx, const void *bytes, size_t n, struct err *e);
	void *ctx;
};

/*
 * Writes the image of t, in order, in pieces of up to 1 MiB: memory does
 * not grow with the image. The tree is used up: free it afterwards. Refused:
 * a file of more than 1024 chunks of the largest size, an image of more
 * than 16 TiB, inodes beyond 32 bits.
 */
must_check int image_write(struct tree *t, const struct image_options *o,
	const struct image_sink *sink, struct err *e);

/* The same into memory, with the digest of the whole. */
must_check int image_build(struct tree *t, const struct image_options *o,
	struct image *out, struct err *e);

#endif
