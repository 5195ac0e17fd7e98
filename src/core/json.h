/* SPDX-License-Identifier: MIT */
/*
 * Writes one JSON document into a buffer of fixed size, without a heap, as
 * the caller's templates say. Strings are escaped, and bytes that are not
 * UTF-8 become U+FFFD.
 */
#pragma once

#include "core/err.h"

/* Begin with { .buf = buf, .size = sizeof(buf) }. */
struct json {
	char *buf;
	size_t size, n; /* n stays below size; buf is always terminated */
	bool full;	/* something did not fit: the document is not valid */
};

/*
 * Appends the template. In it ' stands for ", and
 *   %s    is a string with its quotes (a key too); null for NULL,
 *   %llu  a number,
 *   %d    true or false.
 */
void json_print(struct json *j, const char *template, ...) printf_like(2, 3);
