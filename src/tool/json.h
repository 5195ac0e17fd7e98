/* SPDX-License-Identifier: MIT */
/*
 * One JSON document, value by value, for what is too long or too varied for a
 * template: the commas come by themselves.
 */
#ifndef RW_TOOL_JSON_H
#define RW_TOOL_JSON_H

#include <stdint.h>

#include "core/text.h"

void json_begin(struct json *j, char *buf, size_t size);

/*
 * key is NULL inside an array and for the outermost value. open is one of
 * "{" and "[", close its counterpart. A value that is NULL becomes null.
 */
void json_open(struct json *j, const char *key, char open);
void json_close(struct json *j, char close);
/* Jansson has one of that name, and is to go on with its own. */
__attribute__((visibility("hidden"))) void json_string(
	struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

#endif
