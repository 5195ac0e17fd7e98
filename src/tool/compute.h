/* SPDX-License-Identifier: MIT */
/*
 * Compute an fs-verity digest in user space: 4096-byte blocks, no salt, what
 * composefs means by a digest. Files of some MiB are read and hashed by
 * several threads; memory is a constant for each thread. Any thread may call
 * these at any time.
 */
#ifndef RW_TOOL_COMPUTE_H
#define RW_TOOL_COMPUTE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/digest.h"
#include "core/err.h"

/*
 * How many threads hash at once, all calls together and each caller's own
 * included; 0: one for each processor. Not while something is hashed.
 */
void compute_set_threads(unsigned n);

/* What is set, or the processors: never 0. */
unsigned compute_threads(void);

/*
 * The digest of the first size bytes read from fd, from its current
 * position. name is for messages. A file that ends early is an error.
 */
must_check int compute_fd(int fd, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e);

/*
 * The same, and writes what it reads to the empty file out: the bytes hashed
 * are the bytes written. Long runs of zeros become holes.
 */
must_check int compute_copy(int fd, int out, const char *name, uint64_t size,
	enum hash_algorithm algorithm, struct digest *d, struct err *e);

/*
 * Bytes from anywhere: as read(2), or -1 with *e filled. Called in order and
 * never twice at once, but by several threads.
 */
struct compute_reader {
	void *ctx;
	ssize_t (*read)(void *ctx, void *buf, size_t n, struct err *e);
};

/* A reader of a file: its ctx, and its read. */
struct compute_file {
	int fd;
	const char *name; /* for messages */
};

ssize_t compute_read_file(void *ctx, void *buf, size_t n, struct err *e);

/* compute_copy from a reader; out may be -1. */
must_check int compute_from(const struct compute_reader *from, int out,
	const char *name, uint64_t size, enum hash_algorithm algorithm,
	struct digest *d, struct err *e);

/* The error of a file that ended early; returns -1. */
int compute_short(const char *name, uint64_t size, struct err *e);

/* The digest of bytes in memory. */
must_check int compute_bytes(const void *bytes, size_t size, const char *name,
	enum hash_algorithm algorithm, struct digest *d, struct err *e);

/*
 * The one who calls gives the data and may take the Merkle tree and the
 * descriptor as they are computed, in constant memory. Callbacks are called
 * by several threads, but never two at once, and read in order. They return 0
 * or a negative errno: -ENODATA from read is an early end; -ECANCELED means
 * that the callback has filled the error itself.
 */
struct compute_stream {
	void *ctx;
	int (*read)(void *ctx, void *buf, size_t n); /* exactly n bytes */
	/* NULL, or a tree block and its offset in the tree, in any order */
	int (*block)(void *ctx, const void *block, size_t n, uint64_t offset);
	/* NULL, or struct fsverity_descriptor, 256 bytes */
	int (*descriptor)(void *ctx, const void *descriptor, size_t n);
};

must_check int compute_stream(const struct compute_stream *s, const char *name,
	uint64_t size, enum hash_algorithm algorithm, struct digest *d,
	struct err *e);

#endif
