/* SPDX-License-Identifier: MIT */
/*
 * Writes one JSON document into a buffer of fixed size, without a heap. The
 * nesting is kept for the caller; strings are escaped, and bytes that are
 * not UTF-8 become U+FFFD.
 */
#ifndef RW_CORE_JSON_H
#define RW_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *buf;
	size_t size, n; /* n stays below size; buf is always terminated */
	bool full;	/* something did not fit: the document is not valid */
	bool comma;	/* the next value needs one before it */
};

void json_begin(struct json *j, char *buf, size_t size);

/*
 * key is NULL inside an array and for the outermost value. open is one of
 * "{" and "[", close its counterpart. A value that is NULL becomes null.
 */
void json_open(struct json *j, const char *key, char open);
void json_close(struct json *j, char close);
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

#endif
