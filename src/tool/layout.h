/* SPDX-License-Identifier: MIT */
/*
 * Where everything of an image lies: a frozen tree becomes positions.
 *
 * In order: header and superblock (1152 bytes), the inodes breadth first,
 * each with its xattrs and its tail, the shared xattrs, and from the next
 * block on the data blocks in the inodes' order. Not all that EROFS allows is
 * used; what is chosen is what mkcomposefs 1.0.8 chooses.
 */
#ifndef RW_TOOL_LAYOUT_H
#define RW_TOOL_LAYOUT_H

#include "tool/erofs.h"
#include "tool/tree_private.h"

struct place {
	uint32_t nid;	 /* position in slots of 32 bytes */
	uint32_t blocks; /* data blocks outside the inode */
	uint16_t tail;	 /* bytes behind the inode and its xattrs */
	bool compact;
};

/* One xattr as an inode has it. */
struct xattr {
	const char *key;
	struct xattr_name name;
	const uint8_t *value;
	uint32_t value_size;
	uint32_t shared; /* place in the shared table, or TREE_NONE */
};

/* One place in the shared table. */
struct shared_xattr {
	enum {
		SHARED_PAIR,
		SHARED_METACOPY,
		SHARED_REDIRECT,
	} kind;
	uint32_t index; /* the pair or the object */
};

struct layout {
	struct tree *tree;
	struct place *places; /* by inode */
	struct tree_object *objects;
	struct xattr_name metacopy_name, redirect_name;
	struct shared_xattr *shared;
	uint32_t n_shared;
	uint64_t shared_size; /* bytes */
	uint64_t inodes_end;  /* where the shared xattrs begin */
	uint64_t data_start;  /* a multiple of the block size */
	uint64_t n_blocks;    /* data blocks */
	int64_t build_time;   /* the smallest mtime */
	uint32_t build_time_nsec;
	bool has_acl;

	/* Of the inode asked about last. */
	struct xattr *xattrs;
	uint32_t n_xattrs, cap_xattrs;
	uint8_t metacopy[4 + DIGEST_MAX];
	char redirect[OBJECT_PATH_MAX];
};

/* The tree must be frozen (overlay_prepare), and outlives the layout. */
must_check int layout_make(struct layout *l, struct tree *t, struct err *e);
void layout_free(struct layout *l);

/*
 * Fills l->xattrs with the inode's xattrs in the order of their names. The
 * values that name its object are there only after layout_values.
 */
must_check int layout_xattrs(struct layout *l, uint32_t inode, struct err *e);
void layout_values(struct layout *l, uint32_t inode);

/* Counts the uses of every pair and object, and makes the shared table. */
must_check int layout_share(struct layout *l, struct err *e);

/* One entry of the shared table. */
void shared_get(
	struct layout *l, const struct shared_xattr *s, struct xattr *x);

/* Bytes of an xattr entry. */
uint32_t xattr_size(const struct xattr *x);

/*
 * Bytes of all xattrs of the inode asked about last, the header counted, or
 * 0; *n_shared of them are references.
 */
uint64_t layout_xattr_size(const struct layout *l, uint32_t *n_shared);

/* Chunk size of an object-backed file, as a power of two, and its chunks. */
unsigned chunk_bits(uint64_t size, uint64_t *n_chunks);

/*
 * How many names of the directory, from the k-th on, fill one block; *size
 * is what they take.
 */
uint64_t directory_chunk(
	const struct tree *t, uint32_t dir, uint64_t k, uint32_t *size);

#endif
