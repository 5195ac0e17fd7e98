/* SPDX-License-Identifier: MIT */
/*
 * What must be whole for a program of a tree to start: the program, the
 * interpreter that its "#!" line or PT_INTERP names, and every library that
 * the loader maps because a DT_NEEDED asks for it, found as glibc's and
 * musl's loaders find it (RPATH, RUNPATH with $ORIGIN and $LIB, libdirs.h).
 *
 * What a program opens by dlopen, or executes, cannot be known and is not
 * here. A needed library that the tree has not is refused.
 */
#ifndef RW_TOOL_CLOSURE_H
#define RW_TOOL_CLOSURE_H

#include "tool/inside.h"

#define CLOSURE_MAX 256 /* paths; the boot program reads no longer list */

struct closure {
	unsigned n;
	char *paths[CLOSURE_MAX]; /* absolute, sorted by bytes, no file twice */
};

must_check int closure_find(struct closure *c, const struct inside *in,
	const char *program, struct err *e);

void closure_free(struct closure *c);

#endif
