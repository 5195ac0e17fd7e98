/* SPDX-License-Identifier: MIT */
/*
 * Put objects into a store, from any number of threads. The bytes that are
 * hashed are the bytes that are stored. New objects wait without a name
 * (publish.h) in a batch; a batch is synced as one, sealed with fs-verity
 * where the file system can, and only then do its objects get their names,
 * while the next batch fills up. So an object under its final name is whole,
 * whatever happens when.
 *
 * An object that is there already is not trusted blindly: another size or
 * another fs-verity digest than its name says is refused. One that has no
 * fs-verity where the file system can is hashed and sealed now.
 */
#ifndef RW_TOOL_OBJECT_H
#define RW_TOOL_OBJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "tool/compute.h"
#include "tool/publish.h"
#include "tool/store.h"

/* Whole after object_flush. */
struct object_stats {
	uint64_t new, new_bytes;       /* put there by us */
	uint64_t shared, shared_bytes; /* there already, or put twice */
	atomic_bool unsealed;	       /* the file system has no fs-verity */
};

struct waiting {
	struct digest digest;
	uint64_t size;
	struct pending file;
};

struct object_batch {
	struct waiting *list;
	uint32_t *index; /* 1 + place in list, by digest; 0: free */
	unsigned n;
};

struct object_writer {
	struct store *store;
	struct object_stats stats;
	unsigned threads;
	unsigned max;	       /* of a batch */
	atomic_bool made[256]; /* objects/ab is there */
	atomic_bool own[256];  /* and no link */
	bool chmod;	       /* new files do not get the mode by themselves */
	bool hardlink;	       /* as the one who opened it says, for intake.h */

	pthread_mutex_t late; /* whoever seals what was there */
	pthread_mutex_t lock; /* for all below, and for stats */
	pthread_cond_t change;
	pthread_t publisher;
	struct object_batch batch[2];
	struct object_batch *filling;
	struct object_batch *publishing; /* NULL: none */
	bool stop;
	bool failed;  /* a batch could not be published: */
	struct err e; /* that is why */
};

/* threads: that publish a batch. */
must_check int object_writer_open(struct object_writer *w, struct store *s,
	unsigned threads, struct err *e);

/*
 * Forgets what waits; nothing of it is left. Harmless on what is zero.
 */
void object_writer_close(struct object_writer *w);

/*
 * Puts the size bytes that fd gives from its position, and gives their
 * digest, in constant memory. name is for messages. A file that ends early is
 * an error.
 */
must_check int object_put(struct object_writer *w, int fd, const char *name,
	uint64_t size, struct digest *d, struct err *e);

/* The same from anywhere. */
must_check int object_put_from(struct object_writer *w,
	const struct compute_reader *from, const char *name, uint64_t size,
	struct digest *d, struct err *e);

/* The same of what must have this digest: else nothing of it is left. */
must_check int object_put_wanted(struct object_writer *w,
	const struct compute_reader *from, const char *name, uint64_t size,
	const struct digest *want, struct err *e);

/* The same of bytes in memory. */
must_check int object_put_bytes(struct object_writer *w, const void *bytes,
	size_t size, const char *name, struct digest *d, struct err *e);

/* The same of bytes whose digest is known. */
must_check int object_put_hashed(struct object_writer *w, const void *bytes,
	size_t size, const char *name, const struct digest *d, struct err *e);

/*
 * Puts the file itself, whose digest is known: it is sealed with fs-verity,
 * so that nobody can change it by its other names, and gets one more in the
 * store. fd is open for reading only and taken over, whatever comes back.
 * Refused: a file of another file system, or one without fs-verity.
 */
must_check int object_put_link(struct object_writer *w, int fd,
	const char *name, uint64_t size, const struct digest *d, struct err *e);

/*
 * Gives all that waits its name; durable when it returns. Nobody puts
 * meanwhile.
 */
must_check int object_flush(struct object_writer *w, struct err *e);

#endif
