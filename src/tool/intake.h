/* SPDX-License-Identifier: MIT */
/*
 * Where the content of a source's files goes: it is read and hashed, and put
 * into a store where there is one, on several threads while the source is
 * walked on. The digests are set in the tree by the thread that walks, so no
 * other touches the tree, and in the order in which the files came: tree and
 * image do not depend on the number of threads, and neither does the error
 * that is told, the first in that order.
 *
 * Memory is bounded whatever the files' sizes: a buffer for each thread, and
 * INTAKE_BYTES for content that is handed over from memory.
 */
#ifndef RW_TOOL_INTAKE_H
#define RW_TOOL_INTAKE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "tool/compute.h"
#include "tool/object.h"
#include "tool/tree.h"

#define INTAKE_BYTES (32 << 20)

struct intake;

/* What has come so far. */
struct intake_stats {
	uint64_t files, bytes;
};

/*
 * objects: NULL where digests are all that is wanted. threads: at least 1,
 * the caller's own, which works in intake_file and the others.
 */
must_check int intake_open(struct intake **in, struct tree *t,
	struct object_writer *objects, unsigned threads, struct err *e);

/*
 * The content of the tree's inode is the file fd, which is at its start and
 * taken over, whatever comes back. before is what fstat said of it; a file
 * that is not so any more after it was read is refused (scan.h). path is for
 * messages. An error may be one of an earlier file.
 */
must_check int intake_file(struct intake *in, int fd, const struct stat *before,
	uint32_t inode, const char *path, struct err *e);

/* The same of content that can be read but once; it is read now. */
must_check int intake_from(struct intake *in, const struct compute_reader *from,
	uint64_t size, uint32_t inode, const char *path, struct err *e);

/*
 * Waits for all that came. An error is one of theirs: it is earlier than any
 * that the source had meanwhile. Also to be called after an error.
 */
must_check int intake_finish(struct intake *in, struct err *e);

struct intake_stats intake_stats(const struct intake *in);

/* Harmless on NULL. What is under way is finished, nothing else begun. */
void intake_close(struct intake *in);

#endif
