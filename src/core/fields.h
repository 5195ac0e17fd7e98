/* SPDX-License-Identifier: MIT */
/*
 * Small text files of key=value lines, of two kinds.
 *
 * Signed or checksummed ones have a first line that names the format. For them
 * it is the strictest reader that os-release can be read by:
 * every line ends in a newline, is not empty and has a key that is known and
 * was not there before; a value has one to n characters of printable ASCII
 * without backslash, dollar, backtick and double quote; one of other than
 * letters, digits and ._-+:/,=@% stands in double quotes. There are no
 * comments and no escapes.
 *
 * boot.conf is written by hand: there lines that are blank or begin with # are
 * nothing, blanks around a line do not count, and the caller reads the value.
 *
 * Bytes in, struct out: no heap, no copy of more than a name.
 */
#pragma once

#include "core/err.h"

#define NAME_MAX_SIZE 65 /* of a release or a version, with its NUL */
#define VALUE_MAX 256	 /* of a path, and of any value of the policy */

/* A part of the caller's text, of a list of words too; s NULL: not there. */
struct slice {
	const char *s;
	size_t n;
};

/* A key; its value is what read takes, a number, or one of words. */
struct field {
	const char *name;
	size_t member; /* its offset in the struct that is filled */
	/*
	 * Fills the member from n bytes. NULL, or the words that follow
	 * "expected" in the sentence.
	 */
	const char *(*read)(void *member, const char *v, size_t n);
	/* The member is unsigned: from min to max, or the word's place. */
	unsigned min, max;
	const char *const *words; /* NULL ends them */
	const char *expected;	  /* what it should have been, in words */
	bool required;
	bool utf8; /* the value may have other characters than ASCII */
	bool many; /* boot.conf and the command line may have it again */
};

struct fields {
	const char *what;   /* begins the sentence: "release" */
	const char *format; /* the first line; NULL: of the second kind */
	const struct field *list;
	size_t n; /* at most 64 */
	enum reason reason;
	/* Of the second kind: field_read() of what such a value may be. */
	const char *(*value)(
		const struct field *x, void *out, const char *v, size_t n);
};

/* The one of this name; NULL: none. */
const struct field *field_find(
	const struct fields *f, const char *name, size_t n);

/* Fills the field's member of the struct out. NULL, or what was expected. */
const char *field_read(
	const struct field *x, void *out, const char *v, size_t n);

/*
 * Reads all of text, of the file name, into the struct out, which is zero or
 * has defaults. The reason is f's, `<what>: <name>:<line>: expected X, found
 * Y`.
 */
must_check int fields_read(void *out, const struct fields *f, const char *name,
	const char *text, size_t n, struct err *e);

/* [a-z0-9][a-z0-9._-]{0,63}; char member[NAME_MAX_SIZE]. */
const char *field_name(void *member, const char *v, size_t n);

/* Decimal digits without a leading zero; uint64_t *member. */
const char *field_number(void *member, const char *v, size_t n);

/* Absolute, without empty, "." or ".." components. True for "/" too. */
bool clean_path(const char *v, size_t n);

/*
 * The next of the parts that this character separates, empty where there are
 * two of it; false after the last one.
 */
bool parts_next(struct slice *list, char separator, struct slice *part);

/* The same of words that single blanks separate. */
bool words_next(struct slice *list, struct slice *word);
