/* SPDX-License-Identifier: MIT */
/* The fs-verity digest of a file by its name. */
#ifndef RW_TOOL_MEASURE_H
#define RW_TOOL_MEASURE_H

#include "core/digest.h"
#include "core/err.h"

/*
 * SHA-256: the kernel's where fs-verity is enabled with it, else computed.
 * Refused: what is not a regular file.
 */
must_check int measure_file(const char *name, struct digest *d, struct err *e);

#endif
