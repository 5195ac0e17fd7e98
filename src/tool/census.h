/* SPDX-License-Identifier: MIT */
/*
 * How much there is in a directory's tree, for progress_expect(): counted by
 * a thread of its own, which begins only when the work has lasted a second
 * and somebody is looking. It is an estimate: nothing else depends on it.
 */
#ifndef RW_TOOL_CENSUS_H
#define RW_TOOL_CENSUS_H

/* path must stay what it is until census_end(). At most one at a time. */
void census_begin(const char *path);

/* Harmless where none began. */
void census_end(void);

#endif
