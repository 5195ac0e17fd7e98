/* SPDX-License-Identifier: MIT */
/*
 * An image goes to a file while it is hashed: memory does not grow with it.
 */
#ifndef RW_TOOL_IMAGE_FILE_H
#define RW_TOOL_IMAGE_FILE_H

#include "tool/image.h"

struct image_file {
	uint64_t size;
	struct digest digest; /* fs-verity, in the tree's algorithm */
};

/* fd: -1, or an empty file; name is for messages. Otherwise as image_write. */
must_check int image_write_file(struct tree *t, const struct image_options *o,
	int fd, const char *name, struct image_file *out, struct err *e);

#endif
