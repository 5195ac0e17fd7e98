/* SPDX-License-Identifier: MIT */
/* The objects that images name, and objects in a store. */
#ifndef RW_TOOL_READ_OBJECTS_H
#define RW_TOOL_READ_OBJECTS_H

#include "tool/read_cmd.h"
#include "tool/store.h"

struct named_object {
	char *payload; /* "ab/cdef..." */
	uint64_t size; /* of the file in the image */
	struct digest digest;
};

/* Sorted by payload, each once. Begin with zeros. */
struct named_objects {
	struct named_object *list;
	uint32_t n, cap;
};

/*
 * Adds what is chosen of an image. strict: refused is what is not at its
 * digest's own place in a store (read_object), or has two sizes.
 */
must_check int objects_add(
	struct named_objects *o, struct reading *d, bool strict, struct err *e);
must_check int objects_sort(
	struct named_objects *o, bool strict, struct err *e);
void objects_free(struct named_objects *o);

/*
 * Opens an object of a store. Returns an fd, or -1 and a sentence. name is
 * the file's, for messages. Refused: another size than the image says.
 */
must_check int object_open(const struct store *s, const struct digest *d,
	uint64_t size, const char *name, struct err *e);

/* The sentence of an object whose content is not what its name says. */
int object_differs(const char *name, const struct digest *want,
	const struct digest *found, struct err *e);

#endif
