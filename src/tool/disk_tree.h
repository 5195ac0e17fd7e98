/* SPDX-License-Identifier: MIT */
/*
 * What will be on the disk: the store below /composefs and, with --extra, a
 * tree of files below the root, scanned before anything is written. Names
 * are in byte order, so that the disk does not depend on the order in which
 * a directory happens to list them.
 *
 * Refused: what is not a file, directory or symbolic link; a name below
 * objects/ that is not one of an object; an object of another algorithm; an
 * extra /composefs or /lost+found; more than DISK_DEPTH_MAX levels.
 */
#ifndef RW_TOOL_DISK_TREE_H
#define RW_TOOL_DISK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/digest.h"
#include "core/err.h"

#define DISK_STORE "composefs" /* where the store lies, below the root */
#define DISK_DEPTH_MAX 128

struct disk_node {
	char *name;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint32_t ino;
	uint64_t size;	      /* of a file, bytes */
	char *target;	      /* of a symbolic link */
	bool object;	      /* named by its digest: */
	struct digest digest; /* only then */
	struct disk_node *children;
	size_t n_children;
};

struct disk_tree {
	struct disk_node root;
	int store; /* its directory; borrowed */
	int extra; /* or -1; closed with the tree */
	enum hash_algorithm algorithm;
	const char *store_name, *extra_name; /* for messages; borrowed */
	uint64_t n_objects, object_bytes;
	uint64_t blocks; /* of 4096 bytes that all of it takes */
	uint32_t last_ino;
};

struct store;

/* The store stays open as long as the tree; extra is NULL or a directory. */
must_check int disk_tree_scan(struct disk_tree *t, const struct store *store,
	const char *extra, struct err *e);

void disk_tree_free(struct disk_tree *t);

#endif
