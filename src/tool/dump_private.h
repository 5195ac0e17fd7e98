/* SPDX-License-Identifier: MIT */
/* What the dump reader's parts share: a line, its fields, its error. */
#ifndef RW_TOOL_DUMP_PRIVATE_H
#define RW_TOOL_DUMP_PRIVATE_H

#include "tool/dump_read.h"

enum field {
	FIELD_PATH,
	FIELD_SIZE,
	FIELD_MODE,
	FIELD_NLINK,
	FIELD_UID,
	FIELD_GID,
	FIELD_RDEV,
	FIELD_MTIME,
	FIELD_PAYLOAD,
	FIELD_CONTENT,
	FIELD_DIGEST,
	FIELD_XATTR, /* all that follow */
};

/* Bytes of the line; a NUL is written behind them when they are unescaped. */
struct span {
	char *p;
	size_t n;
};

/* A hard link whose target has not been read yet. */
struct dump_link {
	uint64_t line;
	uint32_t dir;
	uint32_t name, target; /* in dump.text, each with a NUL */
	uint32_t waiting;      /* the first that has this one as target */
	uint32_t next;	       /* the next that has the same target */
	bool done;
};

/* A directory of a path. */
struct dump_dir {
	size_t n; /* bytes of the path; the root: 0 */
	uint32_t inode;
};

struct dump {
	struct tree *t;
	const char *name; /* of the source, for messages */
	bool strict;
	bool has_root;
	bool plain; /* the line has neither backslashes nor NUL bytes */
	uint64_t line;
	/* A directory's path, and which on it are known: the root first. */
	char *path;
	uint32_t cap_path;
	struct dump_dir *dirs;
	uint32_t n_dirs, cap_dirs;
	struct dump_link *links;
	uint32_t n_links, cap_links;
	char *text;
	uint32_t n_text, cap_text;
	struct err *e;
};

/*
 * The error "<source>:<line>: <field>: expected <expected>, found <s>", s
 * escaped and cut. Returns -1.
 */
int dump_expected(struct dump *d, enum field f, const struct span *s,
	const char *expected, ...) printf_like(4, 5);

/* Puts the place before an error that the tree gave; returns -1. */
int dump_at(struct dump *d, enum field f);

/* Unescapes in place; refuses a NUL byte unless binary. */
must_check int dump_unescape(
	struct dump *d, enum field f, struct span *s, bool binary);

/* A number in the base that the field has, 0 to max. */
must_check int dump_number(struct dump *d, enum field f, const struct span *s,
	uint64_t max, uint64_t *out);

must_check int dump_mtime(
	struct dump *d, const struct span *s, struct tree_meta *meta);

/* 1: *digest is filled; 0: there is none. */
must_check int dump_digest(
	struct dump *d, const struct span *s, struct digest *digest);

/* Is the field "-"? */
static inline bool span_absent(const struct span *s)
{
	return s->n == 1 && s->p[0] == '-';
}

/*
 * The directory that path is in, and the *name in it. dump_enter, of the path
 * found last, says that it is a directory itself.
 */
must_check int dump_find_dir(
	struct dump *d, struct span *path, uint32_t *dir, char **name);
must_check int dump_enter(
	struct dump *d, const struct span *path, uint32_t inode);

/* One line without its newline: n bytes, which are changed. */
must_check int dump_line(struct dump *d, char *line, size_t n);

/* A hard link to what may come later, and all of them at the end. */
must_check int dump_link(
	struct dump *d, uint32_t dir, const char *name, const char *target);
must_check int dump_resolve_links(struct dump *d);

#endif
