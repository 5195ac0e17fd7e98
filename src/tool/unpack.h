/* SPDX-License-Identifier: MIT */
/*
 * Opens a tar (plain, gzip, zstd, xz) for libarchive, in two steps: what
 * comes out of the compression is read to its end, so that an archive that is
 * cut anywhere is noticed, also behind the last entry.
 */
#ifndef RW_TOOL_UNPACK_H
#define RW_TOOL_UNPACK_H

#include <archive.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"

struct unpack {
	/* From the one who opens it: as read(2), or -1 with *e filled. */
	ssize_t (*read)(void *ctx, void *buf, size_t n, struct err *e);
	/* NULL, or sees all that comes out of the compression; 0 or -1 */
	int (*seen)(void *ctx, const void *p, size_t n);
	void *ctx;
	const char *name; /* for messages */

	struct archive *outer; /* compressed bytes become bytes */
	struct archive *tar;   /* bytes become entries */
	uint8_t *in, *out;     /* buffers */
	struct err *e;	       /* of the call that is under way */
	bool failed;	       /* *e is filled */
};

/* Always to be followed by unpack_close. */
must_check int unpack_open(struct unpack *u, struct err *e);

/* After the last entry: the end is where it ought to be. */
must_check int unpack_end(struct unpack *u, struct err *e);

void unpack_close(struct unpack *u);

/* The error of a libarchive call that failed; returns -1. */
int unpack_error(struct unpack *u, struct archive *a, struct err *e);

#endif
