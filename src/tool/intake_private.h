/* SPDX-License-Identifier: MIT */
/* What the intake's two halves share: the queue, and the work on it. */
#ifndef RW_TOOL_INTAKE_PRIVATE_H
#define RW_TOOL_INTAKE_PRIVATE_H

#include <pthread.h>

#include "tool/intake.h"
#include "tool/scan.h"

#define INTAKE_GROUP 64		/* files that are hashed at once, */
#define INTAKE_BUFFER (1 << 20) /* and their bytes; a larger file is alone */
#define INTAKE_FULL (1 << 18)	/* bytes that fill the hash's lanes as well */

struct job {
	int fd;		/* -1: the content is in bytes */
	uint8_t *bytes; /* from malloc */
	uint64_t size;
	struct stat before;
	uint32_t inode;
	char path[SCAN_PATH];

	/* What comes of it. */
	bool done;
	int r;
	struct digest digest;
	struct err e;
};

/* The work on some jobs that follow each other; each gets its r. */
struct group {
	enum hash_algorithm algorithm;
	struct object_writer *objects;
	uint8_t *buffer; /* INTAKE_BUFFER */
	unsigned waited; /* comes out: so many had to come from the disk */
	struct job *jobs[INTAKE_GROUP];
	unsigned n;
};

/* The disk begins with all that are wanted, and does not see one by one. */
void group_soon(int fd, uint64_t size);

void group_work(struct group *g);

/* All that comes, which must be size bytes. */
must_check int intake_read(const struct compute_reader *from, uint8_t *bytes,
	uint64_t size, const char *path, struct err *e);

#endif
