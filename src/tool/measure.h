/* SPDX-License-Identifier: MIT */
/* The fs-verity digests of files by their names. */
#ifndef RW_TOOL_MEASURE_H
#define RW_TOOL_MEASURE_H

#include "core/digest.h"
#include "core/err.h"

/*
 * The kernel's where fs-verity is enabled with this algorithm, else computed,
 * on all processors. Calls each for one file after the other, in their order,
 * up to the first that fails: what is not a regular file is refused.
 */
must_check int measure_files(enum hash_algorithm a, char *const *names,
	size_t n,
	void (*each)(void *ctx, const char *name, const struct digest *d),
	void *ctx, struct err *e);

#endif
