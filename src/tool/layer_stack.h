/* SPDX-License-Identifier: MIT */
/*
 * The layers of an OCI image, each as a tree of its own: what overlayfs has
 * to stack, the first one undermost, to show the tree that applying them in
 * order gives. A layer's tree has
 *
 *	what the layer's tar has, as it is after its last entry;
 *	tree_hide() for each .wh.NAME in a directory that the layers below have,
 *	and tree_set_opaque() for .wh..wh..opq and for a directory in place of
 *	what a .wh.NAME took away;
 *	and, as the layers below have them, the directories that lead there
 *	where the tar leaves them out, the root, and every name of a file that
 *	the tar has another hard link to.
 *
 * So a tar that has all its directories, the root among them, no links out of
 * itself, and whiteouts of nothing but what is there, always gives the same
 * tree.
 *
 * overlayfs reads no opaque mark of a root directory: .wh..wh..opq there
 * hides what the layers below have name by name.
 */
#ifndef RW_TOOL_LAYER_STACK_H
#define RW_TOOL_LAYER_STACK_H

#include "tool/tree.h"

struct layers;

struct layer_tree {
	struct tree *tree;
	uint32_t *from; /* by inode: the same in the tree of all layers */
	uint32_t n_from, cap_from;
};

/* What the layer that is read took away: one name, or all (name[0] is 0). */
struct layer_hidden {
	uint32_t dir;
	char name[TREE_NAME_MAX + 1];
};

/* Begin with zeros. */
struct layer_stack {
	struct layer_tree *list;
	uint32_t n, cap;
	struct layer_hidden *hidden;
	uint32_t n_hidden, cap_hidden;
};

/* Remembers it until the layer ends. Nothing to do without a stack. */
must_check int layer_hid(
	struct layers *l, uint32_t dir, const char *name, struct err *e);
must_check int layer_hid_all(struct layers *l, uint32_t dir, struct err *e);

/* The layer has been read: makes its tree, but for the content of files. */
must_check int layer_stack_take(struct layers *l, struct err *e);

/* Puts the files' content in, from the tree of all layers, which has it. */
must_check int layer_stack_fill(
	struct layer_stack *s, const struct tree *all, struct err *e);

void layer_stack_free(struct layer_stack *s);

#endif
