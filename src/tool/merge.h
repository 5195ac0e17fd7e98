/* SPDX-License-Identifier: MIT */
/*
 * Stacked images become the tree that overlayfs shows of them: what an image
 * has replaces what those below it have by that name, directories of the same
 * name become one with the owner, mode and xattrs of the uppermost, whiteouts
 * and opaque directories hide. Hard links stay among the names that one image
 * gives a file. No object is read or needed.
 *
 * With upper other images are expected below these: whiteouts and opaque
 * directories are kept, and a directory in place of what hid something is
 * opaque.
 *
 * Refused with image and entry: what overlayfs would follow elsewhere
 * (redirected directories), whiteouts that are xattrs, objects that are not
 * at their digest's place or have none, images of different hashes.
 */
#ifndef RW_TOOL_MERGE_H
#define RW_TOOL_MERGE_H

#include "tool/read.h"
#include "tool/tree.h"

/* Puts the image on top of what t has. From the undermost to the topmost. */
must_check int merge_onto(
	struct tree *t, struct read_image *r, bool upper, struct err *e);

/*
 * The hash of the first object that the images name; SHA-256 if they name
 * none.
 */
must_check int merge_algorithm(struct read_image *images, unsigned n,
	enum hash_algorithm *a, struct err *e);

#endif
