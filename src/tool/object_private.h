/* SPDX-License-Identifier: MIT */
/* What the writer's two halves share: what is put, and what is published. */
#ifndef RW_TOOL_OBJECT_PRIVATE_H
#define RW_TOOL_OBJECT_PRIVATE_H

#include <limits.h>

#include "tool/object.h"

/* Not the umask's business: who may read is the directory's. */
#define OBJECT_MODE 0644

/* "objects/ab/cdef...", or what of it is below the directory of objects. */
const char *below_objects(const char *path);

/* "<store>/objects/ab/cdef...", for messages. */
const char *object_name(const struct object_writer *w, const struct digest *d,
	char out[static PATH_MAX + OBJECT_PATH_MAX]);

/* 1: the store has the object, whole; 0: it has not; -1: it is damaged. */
must_check int object_is_there(struct object_writer *w, const struct digest *d,
	uint64_t size, struct err *e);

/* Does it wait for its name? Then it counts as shared. */
bool batch_has(struct object_writer *w, const struct digest *d, uint64_t size);

/*
 * It waits from now on; the file is taken over, whatever comes back. Waits
 * itself while both batches are full.
 */
must_check int batch_add(struct object_writer *w, struct pending *p,
	const struct digest *d, uint64_t size, struct err *e);

void object_count_shared(struct object_writer *w, uint64_t size);

#endif
