/* SPDX-License-Identifier: MIT */
/*
 * One line on stderr that says how far a long work is, how fast, and when it
 * may be done; only where stderr is a terminal, at most ten times a second.
 * Any thread may call any of these.
 */
#ifndef RW_TOOL_PROGRESS_H
#define RW_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So much is done; what: "objects", which must stay where it is. */
void progress_show(uint64_t n, const char *what, uint64_t bytes);

/*
 * So many bytes more of something large are read; taken back, below 0, when
 * all of it is and will be shown as done. Shown where something was before.
 */
void progress_inside(int64_t bytes);

/* How much there will be in all, counted as progress_show counts it. */
void progress_expect(uint64_t n, uint64_t bytes);

/* The same of work that goes by something else: part of whole is done. */
void progress_part(uint64_t part, uint64_t whole);

/* Takes the line away until progress_show: before words, and at the end. */
void progress_clear(void);

/* Will anything be shown? */
bool progress_wanted(void);

/* Seconds since the program began to work. */
double progress_seconds(void);

/* What the line is made of; 0 is what is not known. */
struct progress {
	uint64_t n, bytes, all_n, all_bytes, part, whole;
	const char *what;
	double seconds;
};

/* "12 files, 3 MB, 1 MB/s, 0:07 left", as much of it as can be said. */
void progress_format(const struct progress *p, char *out, size_t size);

#endif
