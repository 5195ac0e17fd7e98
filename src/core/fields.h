/* SPDX-License-Identifier: MIT */
/*
 * Small signed or checksummed text files: a first line that names the format,
 * then key=value lines. The strictest reader that os-release can be read by:
 * every line ends in a newline, is not empty and has a key that is known and
 * was not there before; a value has one to n characters of printable ASCII
 * without backslash, dollar, backtick and double quote; one of other than
 * letters, digits and ._-+:/,=@% stands in double quotes. There are no
 * comments and no escapes.
 *
 * Bytes in, struct out: no heap, no copy of more than a name.
 */
#pragma once

#include "core/err.h"

#define NAME_MAX_SIZE 65 /* of a release or a version, with its NUL */

/* A part of the caller's text, of a list of words too; s NULL: not there. */
struct slice {
	const char *s;
	size_t n;
};

struct field {
	const char *name;
	/*
	 * Fills the member from n bytes that are as above. NULL, or the
	 * words that follow "expected" in the sentence.
	 */
	const char *(*read)(void *member, const char *v, size_t n);
	size_t member;
	bool required;
	bool utf8; /* the value may have other characters than ASCII */
};

struct fields {
	const char *what;   /* begins the sentence: "release" */
	const char *format; /* the first line */
	const struct field *list;
	size_t n; /* at most 32 */
};

/*
 * Reads all of text, of the file name, into the struct out, which is zero.
 * RELEASE_INVALID, `<what>: <name>:<line>: expected X, found Y`.
 */
must_check int fields_read(void *out, const struct fields *f, const char *name,
	const char *text, size_t n, struct err *e);

/* [a-z0-9][a-z0-9._-]{0,63}; char member[NAME_MAX_SIZE]. */
#define NAME_EXPECTED \
	"1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit"
const char *field_name(void *member, const char *v, size_t n);

/* Decimal digits without a leading zero; uint64_t *member. */
#define NUMBER_EXPECTED "a number below 2^64 without a leading zero"
const char *field_number(void *member, const char *v, size_t n);

/*
 * The next of the words that single blanks separate, empty where there are
 * two; false after the last one.
 */
bool words_next(struct slice *list, struct slice *word);
