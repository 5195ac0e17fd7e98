/* SPDX-License-Identifier: MIT */
/*
 * An object store: a directory laid out as composefs-rs lays out a
 * repository, so that cfsctl reads it and its gc keeps what we put there.
 *
 *	meta.json			what kind of store it is (meta.h)
 *	objects/ab/cdef...		files, each named by its fs-verity
 *digest images/<digest>			-> ../objects/ab/cdef...
 *	images/refs/rootwright/<digest>	-> ../../<digest>, what gc starts from
 *	signatures/<digest>.p7s		ours; cfsctl does not look at it
 *
 * Directories are 0755 and files 0644 below a directory that is 0700: an
 * object may hold what only root may read in the tree.
 *
 * Everyone who has a store open holds a shared lock on its directory, as
 * cfsctl does: its gc waits for us, and we for it. Builders run side by side.
 */
#ifndef RW_TOOL_STORE_H
#define RW_TOOL_STORE_H

#include <limits.h>
#include <stdbool.h>

#include "core/digest.h"
#include "core/err.h"

#define STORE_REFS "images/refs/rootwright"

struct store {
	char name[PATH_MAX]; /* as it was given, for messages */
	int fd;		     /* its directory, locked */
	int objects;	     /* objects/; -1 where there is none yet */
	enum hash_algorithm algorithm;
	bool sealed; /* meta.json has fs-verity: so must every object */
	bool flat;   /* mkcomposefs' --digest-store: fd is objects, too */
	/* The feature of meta.json that forbids writing; or empty. */
	char read_only[64];
};

/*
 * Opens a store for reading. Refused: no meta.json, or one that meta.h
 * refuses.
 */
must_check int store_open(struct store *s, const char *dir, struct err *e);

/*
 * Opens a store for writing, and creates it where there is nothing or an
 * empty directory; algorithm 0 is the store's own, SHA-256 for a new one.
 * Refused: a store of another algorithm, one with features that forbid
 * writing, a directory with something else in it. Removes what an interrupted
 * builder left, unless somebody else has the store open.
 */
must_check int store_create(struct store *s, const char *dir,
	enum hash_algorithm algorithm, struct err *e);

/*
 * Opens mkcomposefs' --digest-store for reading: a directory of objects
 * (ab/cdef...) without a meta.json. What is no such directory looks like an
 * empty one.
 */
must_check int store_open_flat(struct store *s, const char *dir, struct err *e);

/* Refused: a store whose meta.json has a feature that forbids writing. */
must_check int store_may_write(const struct store *s, struct err *e);

/* What of "objects/ab/cdef..." is below the store's own directory. */
const char *store_path(const struct store *s, const char *object_path);

/* Harmless on a store that did not open. */
void store_close(struct store *s);

/*
 * Makes the object (which is there, and on disk) an image: images/<digest>
 * and the reference that keeps it. Durable when it returns.
 */
must_check int store_add_image(
	struct store *s, const struct digest *d, struct err *e);

/* A file that a builder may have left: its name begins like this. */
#define STORE_TEMPORARY ".tmp-"

#endif
