/* SPDX-License-Identifier: MIT */
/*
 * What a store needs no more. An image is kept when a reference below
 * images/refs/ or a release names it, or when it is the one that this system
 * has booted; an object, when an image that is kept names it. All of that is
 * read, and each image hashed, before anything is removed: where one cannot
 * be read, nothing is. In an export (export.h) a list keeps its image.
 *
 * Names go before what they name (releases, signatures and images, then
 * objects), each
 * kind on disk before the next, so that a power cut leaves a store that
 * `rootwright check` finds good. Files of other names are not touched.
 */
#ifndef RW_TOOL_GC_H
#define RW_TOOL_GC_H

#include "tool/store.h"
#include "tool/wanted.h"

#define BOOT_RECORD "/run/rootwright/boot.json"
#define BOOT_RECORD_MAX (1 << 20) /* bytes of it that are read */

struct gc {
	bool dry_run;	    /* remove nothing */
	bool list;	    /* print the names of what is removed */
	const char *record; /* of the boot: BOOT_RECORD */
	struct store store;
	struct wanted images, objects; /* that are kept */
	unsigned releases;	       /* that are there */
	struct {
		uint64_t images, objects, bytes, signatures, releases;
		uint64_t temporary;
	} removed;
};

/*
 * Opens the store and locks it against everybody; waits until it can. On
 * failure nothing stays open. gc_close() at the end.
 */
must_check int gc_open(struct gc *g, const char *store, struct err *e);

/* Finds the images that are kept; nothing of them is read. */
must_check int gc_roots(struct gc *g, struct err *e);

/* Finds all that is kept. */
must_check int gc_mark(struct gc *g, struct err *e);

/* Removes the rest, or only counts it. */
must_check int gc_sweep(struct gc *g, struct err *e);

void gc_close(struct gc *g);

#endif
