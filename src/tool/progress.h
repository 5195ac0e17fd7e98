/* SPDX-License-Identifier: MIT */
/*
 * One line on stderr that says how far a long work is; only where stderr is
 * a terminal, at most ten times a second.
 */
#ifndef RW_TOOL_PROGRESS_H
#define RW_TOOL_PROGRESS_H

#include <stdint.h>

/* what: "objects". */
void progress_show(uint64_t n, const char *what, uint64_t bytes);

/* Takes the line away: before words follow, and at the end. */
void progress_clear(void);

#endif
