/* SPDX-License-Identifier: MIT */
/*
 * What an image says as text: the lines of a composefs dump
 * (image-format: one line an entry), of a listing, and as JSON. The lines
 * are those of composefs-info 1.0.8, byte for byte.
 */
#ifndef RW_TOOL_READ_TEXT_H
#define RW_TOOL_READ_TEXT_H

#include "tool/read.h"

/* How print_escaped() treats some characters. */
#define TEXT_SPACE 1u /* spaces stay */
#define TEXT_EQUAL 2u /* = is escaped */
#define TEXT_DASH 4u  /* a dash alone is escaped */

void text_escaped(FILE *f, const char *s, size_t n, unsigned how);

/* A JSON string of n bytes; what is not UTF-8 becomes U+FFFD. */
void text_json(FILE *f, const char *s, size_t n);

/* The kind of an inode in one word. */
const char *text_type(uint16_t mode);

/* What a listing or a dump is made of. */
struct text_entry {
	const char *path;
	const char *link; /* the path of its first name, or NULL */
	const struct read_stat *stat;
};

/* path, and "/", "-> target" or "@ object". */
void text_list(FILE *f, const struct text_entry *x);

void text_dump(FILE *f, const struct text_entry *x);

/* One JSON object; all: with content and xattrs, as a dump. */
void text_entry_json(FILE *f, const struct text_entry *x, bool all);

#endif
