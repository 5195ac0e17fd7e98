/* SPDX-License-Identifier: MIT */
/* What the parts of gc share. */
#ifndef RW_TOOL_GC_PRIVATE_H
#define RW_TOOL_GC_PRIVATE_H

#include "tool/gc.h"

/* An open directory of the store, or -1; *none: it is not there. */
must_check int gc_open_dir(
	struct gc *g, const char *path, bool *none, struct err *e);

/* Add the images that releases name, or the names in a directory. */
must_check int gc_mark_releases(struct gc *g, struct err *e);
must_check int gc_mark_names(struct gc *g, const char *path, struct err *e);

/* One directory that is swept, below the store. */
struct sweep {
	struct gc *g;
	const char *path; /* "" is the store itself */
	int fd;
	uint64_t *removed; /* counts */
	struct err *e;
};

/* Does it begin as the name of a temporary file? */
bool gc_is_temporary(const char *name);

/* Removes one file, or counts it. */
must_check int gc_take_away(struct sweep *s, const char *name);

/*
 * Calls each for every name in a directory; a temporary one is left of a
 * program that was killed, as nobody else has the store, and goes.
 */
must_check int gc_sweep_dir(struct gc *g, const char *path, uint64_t *removed,
	int (*each)(struct sweep *s, const char *name), struct err *e);

must_check int gc_sweep_releases(struct gc *g, struct err *e);

#endif
