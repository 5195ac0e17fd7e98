/* SPDX-License-Identifier: MIT */
/*
 * Images and what they need, from an origin that nobody trusts into a store:
 * what install and export have in common. In this order:
 *
 *	transfer_open		both ends
 *	transfer_image		for each: read, compared with its digest, parsed
 *	transfer_plan		which objects are not there yet, and is there
 *room transfer_copy		fetch, hash and seal them; on disk when it
 *returns transfer_put		small files that name them
 *
 * Nothing is written before transfer_copy. What it has copied stays when it
 * is interrupted, and the next run fetches only the rest.
 */
#ifndef RW_TOOL_TRANSFER_H
#define RW_TOOL_TRANSFER_H

#include "tool/origin.h"
#include "tool/wanted.h"

struct transfer {
	struct origin from;
	const char *dir; /* of the store; borrowed */
	struct store to; /* .fd is -1 while there is none */
	struct wanted objects;
	uint64_t n, bytes;		 /* wanted in all */
	uint64_t missing, missing_bytes; /* of them, not there yet */
	uint64_t space, space_free;	 /* bytes on disk that they need */
	uint64_t inodes, inodes_free;
	bool inodes_counted; /* the file system has a number of them */
	uint64_t fetched, fetched_bytes;
};

/*
 * A store that is there is opened now: for reading only where nothing is to
 * be written. Refused: two algorithms. transfer_close() in any case.
 */
must_check int transfer_open(struct transfer *t, const char *source,
	const char *dir, bool read_only, struct err *e);
void transfer_close(struct transfer *t);

/*
 * Wants an image and all that it names. Its bytes are hashed before anything
 * looks at them. Refused: not there, other content than its name says, not
 * an image.
 */
must_check int transfer_image(
	struct transfer *t, const struct digest *d, struct err *e);

/*
 * Counts what is missing. Refused: an object of the store that is damaged,
 * and where there is no room, fs-verity's included.
 */
must_check int transfer_plan(struct transfer *t, struct err *e);

/* Refused: an object whose bytes or size are not what was promised. */
must_check int transfer_copy(struct transfer *t, struct err *e);

/*
 * 1: the store has this file with this content; 0: it has not; -1: refused,
 * it has other content.
 */
must_check int transfer_has(struct transfer *t, const char *path,
	const void *bytes, size_t n, struct err *e);

/*
 * Writes a file of the store, with directories for its path: all of it or
 * nothing, and durable. Without replace, one that is there stays, and with
 * other content it is refused.
 */
must_check int transfer_put(struct transfer *t, const char *path,
	const void *bytes, size_t n, bool replace, struct err *e);

#endif
