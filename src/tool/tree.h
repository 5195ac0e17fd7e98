/* SPDX-License-Identifier: MIT */
/*
 * A file tree in memory, from whatever source: directories, files (small
 * ones with their content, others by the digest of their object), symbolic
 * links, devices, FIFOs, extended attributes, hard links.
 *
 * Flat arrays and 32-bit indices, no allocation per entry: an inode is a
 * number, and an inode number is never used twice. Everything copies what it
 * is given. What is impossible in a file system is refused with a sentence
 * that begins with the name given: empty, "." and ".." names, names over 255
 * bytes or with a slash, a name that is there already, a hard link to a
 * directory, a symbolic link's target that is empty or over 4095 bytes, an
 * xattr name that is empty or over 255 bytes, an xattr value over 65535, xattrs
 * over 32767 in all, as mkcomposefs counts them.
 *
 * image_build() takes the tree as it is and leaves it changed.
 */
#ifndef RW_TOOL_TREE_H
#define RW_TOOL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/err.h"

#define TREE_NONE UINT32_MAX /* no inode */
#define TREE_ROOT 0	     /* the root directory, there from the start */
#define TREE_NAME_MAX 255
#define TREE_TARGET_MAX 4095
#define TREE_XATTR_VALUE_MAX 65535
/* Bytes of an inode's xattrs: 12, and 7 with each name and value. */
#define TREE_XATTRS_MAX 32767

struct tree;

/* What stat(2) says of an inode that the tree does not know by itself. */
struct tree_meta {
	uint32_t mode; /* type and permissions, as st_mode */
	uint32_t uid;
	uint32_t gid;
	uint32_t rdev; /* devices: the kernel's 32-bit encoding */
	int64_t mtime; /* seconds since 1970 */
	uint32_t mtime_nsec;
};

/* Its root is a directory, 0755, of root, of 1970. NULL: out of memory. */
struct tree *tree_new(enum hash_algorithm algorithm);
void tree_free(struct tree *t);

/* The inode of a name in a directory, or TREE_NONE. */
uint32_t tree_child(struct tree *t, uint32_t dir, const char *name);

/*
 * The inode of "usr/lib/x" or "/usr/lib/x" ("" and "/": the root), or
 * TREE_NONE. No symbolic link is followed.
 */
uint32_t tree_lookup(struct tree *t, const char *path);

/*
 * Adds an entry with a new inode of the type that meta->mode says; a
 * directory and a regular file are empty at first, a symbolic link needs
 * tree_set_target.
 */
must_check int tree_add(struct tree *t, uint32_t dir, const char *name,
	const struct tree_meta *meta, uint32_t *inode, struct err *e);

/* Adds an entry for an inode that is there already: a hard link. */
must_check int tree_link(struct tree *t, uint32_t dir, const char *name,
	uint32_t inode, struct err *e);

/* Removes the entry, with all below it. False if there is none. */
bool tree_remove(struct tree *t, uint32_t dir, const char *name);

/* A regular file's whole content, kept inside the image: n bytes. */
must_check int tree_set_content(struct tree *t, uint32_t inode,
	const void *bytes, size_t n, struct err *e);

/* A regular file whose content is the object of this digest. size > 0. */
must_check int tree_set_object(struct tree *t, uint32_t inode, uint64_t size,
	const struct digest *d, struct err *e);

/*
 * A regular file of size > 0 whose content is at this path (at most
 * TREE_TARGET_MAX bytes, below the data layer's root; NULL: not said) and has
 * this digest (NULL: not known).
 */
must_check int tree_set_backing(struct tree *t, uint32_t inode, uint64_t size,
	const char *path, const struct digest *d, struct err *e);

/*
 * The source says what is otherwise worked out: a hard-linked file is stored
 * at the name that it was added by (else at the first in the order of a
 * sorted walk), and its link count is what tree_set_nlink says, 1 where it
 * says nothing (else its names in the tree).
 */
void tree_keep_given(struct tree *t);
must_check int tree_set_nlink(
	struct tree *t, uint32_t inode, uint32_t nlink, struct err *e);

must_check int tree_set_target(
	struct tree *t, uint32_t inode, const char *target, struct err *e);

/*
 * The tree is a layer: its image hides what images below it have by this
 * name, or have in this directory. A whiteout or an opaque mark that comes as
 * a device 0:0 or an xattr of the source is content, and hides nothing.
 */
must_check int tree_hide(
	struct tree *t, uint32_t dir, const char *name, struct err *e);
void tree_set_opaque(struct tree *t, uint32_t dir);

/* Sets or replaces; name is the full one ("security.selinux"). */
must_check int tree_set_xattr(struct tree *t, uint32_t inode, const char *name,
	const void *value, size_t n, struct err *e);

void tree_get_meta(
	const struct tree *t, uint32_t inode, struct tree_meta *meta);

/* The type must stay what it was. */
void tree_set_meta(
	struct tree *t, uint32_t inode, const struct tree_meta *meta);

/* A symbolic link's target, or NULL for another type. */
const char *tree_target(const struct tree *t, uint32_t inode);

/* A regular file's size; 0 for another type. */
uint64_t tree_size(const struct tree *t, uint32_t inode);

/*
 * The content of a regular file that is kept inside the image (size bytes,
 * valid until the tree is changed), or NULL when it is an object.
 */
const void *tree_content(const struct tree *t, uint32_t inode);

/* The object's digest of a regular file; false when it has none. */
bool tree_object(const struct tree *t, uint32_t inode, struct digest *d);

/* The names of a directory, in no order. Do not change it meanwhile. */
must_check int tree_each(const struct tree *t, uint32_t dir,
	int (*each)(void *ctx, const char *name, uint32_t inode), void *ctx);

/* How many inodes and entries the tree has, the root counted in both. */
uint32_t tree_inodes(const struct tree *t);
uint32_t tree_entries(const struct tree *t);

#endif
