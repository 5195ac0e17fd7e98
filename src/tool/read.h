/* SPDX-License-Identifier: MIT */
/*
 * Read a composefs metadata image that nobody trusts: any bytes, from
 * anywhere. read_open() checks the whole image once (every inode, name,
 * xattr and tail lies inside it, is what its type allows, and overlaps
 * nothing that was counted before); what comes after cannot fail. Time and
 * memory are linear in the size of the image.
 *
 * Refused: a directory with two names, names out of order (so none is there
 * twice), file data that is not a hole in a file of chunks, paths over
 * READ_PATH_MAX, features of EROFS that no composefs image uses.
 *
 * What is given is the tree that the image was made of: escaped xattrs and
 * whiteouts are as they were, what overlayfs alone needs is left out.
 *
 * Format: erofs.h, image.h.
 */
#ifndef RW_TOOL_READ_H
#define RW_TOOL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/digest.h"
#include "core/err.h"

#define READ_PATH_MAX 65535
#define READ_KEY_MAX 320	    /* an xattr's name and a NUL */
#define READ_IMAGE_MAX (1ull << 34) /* bytes */

/* One name. The nodes of a directory's subtree follow it up to end. */
struct read_node {
	const char *name; /* in the image: no NUL; the root's is empty */
	uint32_t parent;  /* the root's is the root */
	uint32_t inode;
	uint32_t end;
	uint8_t name_size;
};

struct read_inode {
	uint64_t at;   /* bytes from the image's start */
	uint32_t node; /* the first node that names it; UINT32_MAX: a stub */
	uint8_t type;  /* as a directory entry has it */
};

/*
 * A whiteout that overlayfs obeys, of a layer's image: no node, and nothing
 * that the commands that look into images show. Those with the names 00 to ff
 * in the root are stubs.
 */
struct read_hidden {
	const char *name; /* as a node has it */
	uint32_t parent;
	uint8_t name_size;
};

struct read_image {
	char *name; /* as given, for messages */
	uint8_t *bytes;
	uint64_t size;
	unsigned version;      /* composefs' format: 0, 1 */
	uint64_t meta, xattrs; /* where inodes and shared xattrs are counted */
	int64_t build_time;
	uint32_t build_time_nsec;
	struct read_node *nodes; /* each directory before what is in it */
	uint32_t n_nodes;
	struct read_inode *inodes;
	uint32_t n_inodes;
	struct read_hidden *hidden;
	uint32_t n_hidden;
	bool stubs[256]; /* which of the names 00 to ff are stubs */
};

/* What overlayfs is told of an inode. */
enum {
	READ_OPAQUE = 1,    /* hides what is below: trusted.overlay.opaque=y */
	READ_WHITEOUTS = 2, /* a directory that had whiteouts as content */
	READ_REDIRECT = 4,  /* a directory that is said to be elsewhere */
	READ_XATTR_WHITEOUT = 8, /* a whiteout that is no device */
};

struct read_xattr {
	char key[READ_KEY_MAX];
	const uint8_t *value;
	uint32_t size;
};

/* All of an inode. Begin with zeros; read_stat_free() at the end. */
struct read_stat {
	uint16_t mode; /* a whiteout is a character device 0:0 */
	uint8_t type;  /* EROFS', as it is in the image */
	uint32_t nlink, uid, gid, rdev;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	/* Content of a file or a link's target: two pieces, then no more. */
	const uint8_t *data[2];
	size_t data_size[2];
	unsigned overlay;    /* READ_*: none is the tree's own */
	bool was_file;	     /* a whiteout that has content, now out of reach */
	bool is_object;	     /* a file whose content is not in the image */
	const char *payload; /* where the object is; NULL: not said */
	size_t payload_size;
	bool has_digest;
	struct digest digest;
	struct read_xattr *xattrs; /* in the image's order */
	uint32_t n_xattrs, cap_xattrs;
};

/* name is kept for messages. */
must_check int read_open(struct read_image *r, const char *name, struct err *e);

/* The same of bytes in memory, which are copied. */
must_check int read_open_bytes(struct read_image *r, const char *name,
	const void *bytes, size_t n, struct err *e);

/* The same, and takes the bytes (of malloc) over, whatever it returns. */
must_check int read_open_owned(struct read_image *r, const char *name,
	uint8_t *bytes, size_t n, struct err *e);

/* Harmless on an image that did not open. */
void read_close(struct read_image *r);

/* -1 only when memory is used up. */
must_check int read_stat(struct read_image *r, uint32_t inode,
	struct read_stat *s, struct err *e);
void read_stat_free(struct read_stat *s);

/* Is this node another name of an inode that an earlier node has? */
static inline bool read_is_link(const struct read_image *r, uint32_t node)
{
	return r->inodes[r->nodes[node].inode].node != node;
}

/*
 * Writes the node's path, with a leading slash ("/" is the root's), and a
 * NUL into out, which has READ_PATH_MAX + 1 bytes; returns its length.
 */
size_t read_path(const struct read_image *r, uint32_t node, char *out);

/* The byte that two hex digits say, as an object directory has it; or -1. */
int read_hex_name(const char *name, size_t n);

/* The node of a path, leading slash or not; UINT32_MAX: none. */
uint32_t read_lookup(const struct read_image *r, const char *path);

/*
 * Is redirect and digest of this object-backed file what composefs makes of
 * it: the digest's own path in a store? The only ones that we follow.
 */
must_check int read_object(const struct read_image *r, uint32_t node,
	const struct read_stat *s, struct err *e);

#endif
