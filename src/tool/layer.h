/* SPDX-License-Identifier: MIT */
/*
 * A tar becomes a tree, or changes one: an OCI image is a stack of them.
 *
 * Refused with the source, the entry's number, its offset and name: "..",
 * absolute names, an entry whose directory did not come before it, a name
 * twice, a hard link to what is not there or is a directory, POSIX ACLs that
 * are not xattrs, whatever libarchive warns of. A symbolic link's target may
 * be anything. Sparse files are read with their holes.
 */
#ifndef RW_TOOL_LAYER_H
#define RW_TOOL_LAYER_H

#include "tool/compute.h"
#include "tool/layer_stack.h"
#include "tool/tree.h"
#include "tool/unpack.h"

struct layers {
	struct tree *tree;
	/*
	 * The content of a file that is too large for the image: reads exactly
	 * size bytes, and sees to it that the inode gets its object, now or
	 * later.
	 */
	int (*object)(void *ctx, const struct compute_reader *from,
		uint64_t size, uint32_t inode, const char *path, struct err *e);
	void *ctx;
	/*
	 * Layers of an OCI image: .wh.NAME removes what lower layers have,
	 * .wh..wh..opq all that they have in the directory, and a directory
	 * may be there already.
	 */
	bool oci;
	struct layer_stack *stack; /* or NULL: gets each layer's own tree */

	uint32_t n;	   /* of the layer that is read, from 1 */
	uint32_t first;	   /* inode that it may have */
	bool has_root;	   /* some layer has an entry for it */
	uint32_t *seen_in; /* by inode: the last layer that has it */
	uint32_t n_seen_in, cap_seen_in;
};

/* Reads u, which is open, to its end. */
must_check int layer_read(struct layers *l, struct unpack *u, struct err *e);

/*
 * After the last layer: a root that no layer has is as /usr is, as
 * composefs-rs has it. Frees what l has; also to be called after an error.
 */
must_check int layers_end(struct layers *l, struct err *e);

#endif
