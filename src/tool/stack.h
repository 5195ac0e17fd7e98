/* SPDX-License-Identifier: MIT */
/*
 * Images that overlayfs is to stack: lowerdir=A:B, the topmost first. Each is
 * a file, or where there is a store the digest of one of its objects, whose
 * bytes are then hashed. All are read into memory and checked (read.h).
 * Refused: what read.h refuses, more than STACK_MAX. capture_check_images()
 * tells whether they can be stacked.
 */
#ifndef RW_TOOL_STACK_H
#define RW_TOOL_STACK_H

#include "tool/read.h"
#include "tool/store.h"

#define STACK_MAX 256 /* the kernel takes 500 layers, objects included */

/* Begin with zeros. */
struct stack {
	struct read_image *images;
	unsigned n;
};

/* Adds one, below those that are there. s: NULL where there is none. */
must_check int stack_add(struct stack *k, const struct store *s,
	const char *name, struct err *e);

/* The same of an open file; where it is read does not matter. */
must_check int stack_add_fd(
	struct stack *k, int fd, const char *name, struct err *e);

/* In any case. */
void stack_close(struct stack *k);

#endif
