/* SPDX-License-Identifier: MIT */
/*
 * Where objects come from: another store, what `rootwright export` wrote, or
 * a disk that `rootwright disk` made. Nobody trusts it. Paths are resolved
 * below it without following a symbolic link or crossing a mount; only
 * regular files are read, each no further than it is asked for; whoever asks
 * hashes what comes.
 */
#ifndef RW_TOOL_ORIGIN_H
#define RW_TOOL_ORIGIN_H

#include "tool/compute.h"
#include "tool/ext4_file.h"
#include "tool/view.h"

#define ORIGIN_NAMES_MAX 4096 /* entries of a directory that are looked at */

struct origin {
	const char *name; /* as it was given; borrowed */
	enum hash_algorithm algorithm;
	struct store store; /* locked, so that no gc takes it away; or */
	struct disk_store disk;
};

/* On failure nothing stays open. */
must_check int origin_open(struct origin *o, const char *name, struct err *e);
void origin_close(struct origin *o);

/* One file that is open. */
struct origin_file {
	char name[PATH_MAX + OBJECT_PATH_MAX]; /* for messages */
	uint64_t size;			       /* bytes */
	int fd;				       /* or: */
	struct ext4_file ext4;
	uint64_t block; /* the next that is read */
	size_t at, n;	/* bytes of buffer, read before */
	uint8_t *buffer;
};

/* path is below the store. 1: open; 0: there is none; -1: refused. */
must_check int origin_file_open(struct origin *o, const char *path,
	struct origin_file *f, struct err *e);
void origin_file_close(struct origin_file *f);

/* As read(2); ctx is the file. */
ssize_t origin_file_read(void *ctx, void *buf, size_t n, struct err *e);

/*
 * Reads a whole file of at most max bytes. 1: *n bytes are in buf; 0: there
 * is no such file; -1: it cannot be read, or is larger.
 */
must_check int origin_read(struct origin *o, const char *path, void *buf,
	size_t max, size_t *n, struct err *e);

/*
 * The names that do not begin with a dot, sorted; view_names_free() them. A
 * directory that is not there has none. Refused: more than the max.
 */
must_check int origin_list(struct origin *o, const char *path,
	struct view_names *names, struct err *e);

#endif
