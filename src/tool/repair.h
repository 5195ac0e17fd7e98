/* SPDX-License-Identifier: MIT */
/*
 * Fetches again what is damaged or missing in a store: every object that
 * `rootwright check` has a fault of, and every one that an image needs which
 * something keeps (gc.h). The origin is not trusted: what has another digest
 * than the name says, or another size than the image says, never gets the
 * name. Each object is on disk, and sealed, before it takes the damaged one's
 * place, by one renaming.
 *
 *	repair_find	reads all of the store
 *	repair_images	first, for they say what else is needed
 *	repair_objects
 *	repair_links	what cannot be fetched is only told
 */
#ifndef RW_TOOL_REPAIR_H
#define RW_TOOL_REPAIR_H

#include "tool/gc.h"
#include "tool/origin.h"

/* What became of one path. */
struct repair_result {
	char *path; /* "objects/ab/cdef..." */
	char *text; /* what is wrong with it still; NULL: repaired */
};

struct repair {
	struct origin from;
	struct gc roots;      /* its store is the one that is repaired */
	struct wanted broken; /* objects with a fault, or that are missing */
	struct repair_result *results;
	size_t n, cap;
	uint64_t repaired, repaired_bytes, left;
};

/* -1 only when the store or what it keeps cannot be read at all. */
must_check int repair_find(struct repair *r, struct err *e);

/* -1 only when there is no memory; what cannot be repaired is a result. */
must_check int repair_images(struct repair *r, struct err *e);
must_check int repair_objects(struct repair *r, struct err *e);

/* Notes what is wrong in images/ after that. */
must_check int repair_links(struct repair *r, struct err *e);

void repair_free(struct repair *r);

#endif
