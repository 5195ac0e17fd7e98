/* SPDX-License-Identifier: MIT */
/*
 * The fs-verity digests of files, small ones hashed side by side
 * (compute_batch.h): they are read into a buffer and wait there. One thread
 * has one of these.
 */
#ifndef RW_TOOL_COMPUTE_FILES_H
#define RW_TOOL_COMPUTE_FILES_H

#include "tool/compute.h"
#include "tool/compute_batch.h"

#define COMPUTE_FILES_MAX 64
#define COMPUTE_FILES_BUFFER (1 << 20) /* bytes; a larger file is alone */

struct compute_files {
	enum hash_algorithm algorithm;
	uint8_t *buffer;
	size_t used;
	unsigned n;
	struct compute_job jobs[COMPUTE_FILES_MAX];
	struct digest *digests[COMPUTE_FILES_MAX];
};

/* How many threads may have n files open each: at most compute_threads(). */
unsigned compute_files_threads(unsigned n);

/*
 * The file will be added soon: a disk begins with all that are wanted, and
 * does not see one by one.
 */
void compute_files_soon(int fd, uint64_t size);

/* Always to be followed by compute_files_end. */
must_check int compute_files_begin(
	struct compute_files *f, enum hash_algorithm a, struct err *e);

/*
 * As compute_fd: the file is read before it returns. Its digest is written
 * to d by compute_files_end, at the latest; after an error in between, those
 * of other files may be missing, and are all zeros if they were before.
 */
must_check int compute_files_add(struct compute_files *f, int fd,
	const char *name, uint64_t size, struct digest *d, struct err *e);

must_check int compute_files_end(struct compute_files *f, struct err *e);

#endif
