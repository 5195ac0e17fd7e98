/* SPDX-License-Identifier: MIT */
/*
 * Images that overlayfs is to stack: lowerdir=A:B, the topmost first. Each is
 * a file, or where there is a store the digest of one of its objects, whose
 * bytes are then hashed. All are read into memory and checked (read.h).
 * Refused: what read.h refuses, more than STACK_MAX, a stack that capture.h
 * refuses.
 */
#ifndef RW_TOOL_STACK_H
#define RW_TOOL_STACK_H

#include "tool/read.h"
#include "tool/store.h"

#define STACK_MAX 256 /* the kernel takes 500 layers, objects included */

struct stack {
	struct read_image *images;
	unsigned n;
};

/* s: NULL where there is none. stack_close() in any case. */
must_check int stack_open(struct stack *k, const struct store *s,
	char *const *names, unsigned n, struct err *e);
void stack_close(struct stack *k);

#endif
