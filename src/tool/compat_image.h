/* SPDX-License-Identifier: MIT */
/* What mkcomposefs and composefs-dump share: where their image goes. */
#ifndef RW_TOOL_COMPAT_IMAGE_H
#define RW_TOOL_COMPAT_IMAGE_H

#include "tool/image_file.h"

/*
 * Writes the image of t to the file, in place of one that is there; NULL is
 * nowhere, "-" standard output; what is no regular file is written into.
 */
must_check int compat_write(struct tree *t, const struct image_options *o,
	const char *to, struct image_file *out, struct err *e);

#endif
