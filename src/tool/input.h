/* SPDX-License-Identifier: MIT */
/*
 * A source that is read once, from its beginning to its end: a file, or
 * standard input. Its first bytes can be looked at before it is read, so
 * that what it is can be told from what it says.
 */
#ifndef RW_TOOL_INPUT_H
#define RW_TOOL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"

#define INPUT_PEEK 512

struct input {
	int fd;
	const char *name; /* for messages */
	uint8_t first[INPUT_PEEK];
	size_t n_first, at; /* bytes of first[]; how many were read */
};

/*
 * "-" is standard input. Refused: what cannot be opened or read, and a
 * directory.
 */
must_check int input_open(struct input *in, const char *path, struct err *e);

/* Standard input stays open. Harmless on what did not open ({ .fd = -1 }). */
void input_close(struct input *in);

/* As read(2); 0 is the end. An interrupted read goes on. */
must_check ssize_t input_read(struct input *in, void *buf, size_t n);

#endif
