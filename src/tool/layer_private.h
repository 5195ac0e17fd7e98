/* SPDX-License-Identifier: MIT */
#ifndef RW_TOOL_LAYER_PRIVATE_H
#define RW_TOOL_LAYER_PRIVATE_H

#include <archive_entry.h>
#include <limits.h>

#include "tool/layer.h"

/* Of an entry's content: what libarchive gave last. */
struct block {
	const uint8_t *bytes;
	uint64_t at, size; /* where in the file, and of bytes */
	uint64_t seen;	   /* bytes of all blocks */
	bool ended;	   /* it was the last: a hole up to at follows */
};

/* An entry of a tar on its way into the tree. */
struct member {
	struct layers *l;
	struct unpack *u;
	struct archive_entry *entry;
	uint64_t given; /* bytes of its content that were read */
	struct block block;
	bool refused;		   /* *e has the entry in it */
	uint64_t number;	   /* from 1 */
	char path[PATH_MAX];	   /* normal: no leading slash; "": the root */
	char target[PATH_MAX + 1]; /* of a hard link, likewise */
	const char *name;	   /* the last part of path */
	uint32_t dir;		   /* where it belongs */
	struct err *e;
};

/* "<source>: entry N at offset O, <name>: <words>"; returns -1. */
int member_refuse(struct member *m, const char *fmt, ...) printf_like(2, 3);

/* The same around an error that the tree gave. */
int member_at(struct member *m);

/* Fills path, name, dir, and the target of a hard link. */
must_check int member_place(struct member *m);

/* 1: it is a whiteout, and was done; 0: it is none. */
must_check int member_whiteout(struct member *m);

/* Remembers that this layer has the inode. */
must_check int layer_saw(struct layers *l, uint32_t inode, struct err *e);
bool layer_has(const struct layers *l, uint32_t inode);

#endif
