/* SPDX-License-Identifier: MIT */
/*
 * Work that is many times the same, on several threads at once. What comes
 * of it, and which error is told, does not depend on how many there are.
 */
#ifndef RW_TOOL_THREADS_H
#define RW_TOOL_THREADS_H

#include <stddef.h>

#include "core/err.h"

#define THREADS_MAX 256

/* The processors that are online, at most THREADS_MAX. */
unsigned threads_default(void);

/* "1" to "256" on a command line; 0: something else. */
unsigned threads_parse(const char *text);

/*
 * Calls each(ctx, i, e) for every i below n, in ascending order of their
 * begin. After a call that fails no other begins; the error told is that of
 * the least i. threads is at least 1: the caller's own.
 */
must_check int threads_each(unsigned threads, size_t n,
	int (*each)(void *ctx, size_t i, struct err *e), void *ctx,
	struct err *e);

/*
 * How many files may be open at once, after the limit was raised as far as
 * it may be, at most to want.
 */
unsigned threads_fds(unsigned want);

#endif
