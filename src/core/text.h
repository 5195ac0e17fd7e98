/* SPDX-License-Identifier: MIT */
/*
 * Bytes as text, for people and programs; and one JSON document in a buffer of
 * fixed size, without a heap, as the caller's templates say, where strings are
 * escaped and bytes that text_utf8() does not take become U+FFFD.
 */
#pragma once

#include "core/base.h"

/* Writes two lower-case hex digits a byte, and a NUL; returns out. */
char *text_hex(char *out, const uint8_t *bytes, size_t n);

/*
 * The bytes of the UTF-8 sequence at s, which a NUL ends; 0 when it is not
 * one: RFC 3629, so neither over-long forms, nor surrogates, nor beyond
 * U+10FFFF; nor a C1 control character (U+009B begins an escape sequence on a
 * Linux console).
 */
size_t text_utf8(const char *s);

/*
 * Text that goes to the kernel log and to a console, and of which parts come
 * from the attacked disk: replaces by '?' what is not UTF-8 and control
 * characters.
 */
void text_printable(char *s);

/* Begin with { .buf = buf, .size = sizeof(buf) }. */
struct json {
	char *buf;
	size_t size, n; /* n stays below size; buf is always terminated */
	bool full;	/* something did not fit: the document is not valid */
};

/*
 * Appends the template, without the comma that it begins with where nothing
 * stands before it in a list or object. In it ' stands for ", and
 *   %s    is a string with its quotes (a key too); null for NULL,
 *   %llu  a number,
 *   %d    true or false.
 */
void json_print(struct json *j, const char *template, ...) printf_like(2, 3);
