/* SPDX-License-Identifier: MIT */
/*
 * Put objects into a store. Each file is read once: the bytes that are
 * hashed are the bytes that are stored. New objects wait without a name
 * (publish.h) in a batch; a batch is synced as one, sealed with fs-verity
 * where the file system can, and only then do its objects get their names.
 * So an object under its final name is whole, whatever happens when.
 *
 * An object that is there already is not trusted blindly: another size or
 * another fs-verity digest than its name says is refused. One that has no
 * fs-verity where the file system can is hashed and sealed now.
 */
#ifndef RW_TOOL_OBJECT_H
#define RW_TOOL_OBJECT_H

#include <stdint.h>

#include "tool/compute.h"
#include "tool/publish.h"
#include "tool/store.h"

struct object_stats {
	uint64_t new, new_bytes;       /* put there by us */
	uint64_t shared, shared_bytes; /* there already, or put twice */
	bool unsealed;		       /* the file system has no fs-verity */
};

struct waiting {
	struct digest digest;
	uint64_t size;
	struct pending file;
};

struct object_writer {
	struct store *store;
	struct object_stats stats;
	uint8_t *buffer;
	struct waiting *batch;
	uint32_t *index; /* 1 + place in batch, by digest; 0: free */
	unsigned n, max;
	bool made[256]; /* objects/ab is there */
};

must_check int object_writer_open(
	struct object_writer *w, struct store *s, struct err *e);

/* Forgets what waits; nothing of it is left. */
void object_writer_close(struct object_writer *w);

/*
 * Puts the size bytes that fd gives from its position, and gives their
 * digest. name is for messages. A file that ends early is an error.
 */
must_check int object_put(struct object_writer *w, int fd, const char *name,
	uint64_t size, struct digest *d, struct err *e);

/* The same from anywhere. */
must_check int object_put_from(struct object_writer *w,
	const struct compute_reader *from, const char *name, uint64_t size,
	struct digest *d, struct err *e);

/* The same of bytes in memory. */
must_check int object_put_bytes(struct object_writer *w, const void *bytes,
	size_t size, const char *name, struct digest *d, struct err *e);

/* Gives all that waits its name; durable when it returns. */
must_check int object_flush(struct object_writer *w, struct err *e);

#endif
