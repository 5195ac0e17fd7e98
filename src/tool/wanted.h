/* SPDX-License-Identifier: MIT */
/*
 * A set of objects, each with the size that an image says: what images need
 * of a store. 80 bytes an object, so that a small machine holds it.
 */
#ifndef RW_TOOL_WANTED_H
#define RW_TOOL_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/err.h"

struct wanted_object {
	struct digest digest;
	uint64_t size; /* bytes; WANTED_ANY: nobody said */
};

#define WANTED_ANY UINT64_MAX

/* Begin with zeros. */
struct wanted {
	struct wanted_object *list;
	size_t n, cap;
};

must_check int wanted_add(
	struct wanted *w, const struct digest *d, uint64_t size, struct err *e);

struct read_image;

/*
 * Adds every object that an image names. Refused: one that is not at its
 * digest's own place in a store, or of another algorithm than the store's.
 */
must_check int wanted_add_image(struct wanted *w, struct read_image *image,
	enum hash_algorithm algorithm, struct err *e);

/*
 * Sorts by digest and leaves each once; to be called before wanted_find().
 * Refused: one object of two sizes.
 */
must_check int wanted_sort(struct wanted *w, struct err *e);

/* NULL: it is not in the set. */
const struct wanted_object *wanted_find(
	const struct wanted *w, const struct digest *d);

void wanted_free(struct wanted *w);

#endif
