/* SPDX-License-Identifier: MIT */
/*
 * What `rootwright build` reads: one name, one tree.
 *
 *	DIR		a directory (scan.h)
 *	dump:FILE	a composefs dump (dump_read.h)
 *	tar:FILE	a tar, plain or by gzip, zstd or xz (layer.h)
 *	oci:DIR[:REF]	an image of an OCI layout (oci.h)
 *	FILE, -		a dump if it begins like one, else a tar
 *
 * A name with a prefix is taken by its prefix, and "-" after it is standard
 * input; "./dump:x" is a file of that name.
 */
#ifndef RW_TOOL_SOURCE_H
#define RW_TOOL_SOURCE_H

#include "tool/input.h"
#include "tool/intake.h"
#include "tool/oci.h"

enum source_kind {
	SOURCE_DIRECTORY,
	SOURCE_DUMP,
	SOURCE_TAR,
	SOURCE_OCI,
};

struct source {
	enum source_kind kind;
	const char *name; /* as it was given */
	int dir;	  /* SOURCE_DIRECTORY: open, else -1 */
	struct oci oci;	  /* SOURCE_OCI: .dir is open, else -1 */
	struct input in;  /* the others */
};

struct source_options {
	struct intake *intake;	   /* where content goes; a dump has none */
	bool strict;		   /* dumps: as CFS_PARSE_STRICT */
	struct layer_stack *stack; /* SOURCE_OCI: NULL, or each layer's tree */
};

/* Tells what it is, and opens it. */
must_check int source_open(struct source *s, const char *name, struct err *e);

/* Harmless on what did not open, if it began as SOURCE_NONE. */
void source_close(struct source *s);

#define SOURCE_NONE \
	{ \
		.dir = -1, .oci = { .dir = -1 }, .in = {.fd = -1 } \
	}

/* Reads it into t, which must be new, and finishes the intake. */
must_check int source_read(struct source *s, struct tree *t,
	const struct source_options *o, struct err *e);

#endif
