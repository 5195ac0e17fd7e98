/* SPDX-License-Identifier: MIT */
#include "tool/json.h"

#include <string.h>

void json_begin(struct json *j, char *buf, size_t size)
{
	*j = (struct json){ .buf = buf, .size = size };
	buf[0] = '\0';
}

static void put_key(struct json *j, const char *key)
{
	if (j->n && !strchr("{[", j->buf[j->n - 1]))
		json_print(j, ",");
	if (key)
		json_print(j, "%s:", key);
}

void json_open(struct json *j, const char *key, char open)
{
	put_key(j, key);
	json_print(j, open == '{' ? "{" : "[");
}

void json_close(struct json *j, char close)
{
	json_print(j, close == '}' ? "}" : "]");
}

void json_string(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	json_print(j, "%s", value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	put_key(j, key);
	json_print(j, "%llu", (unsigned long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	json_print(j, "%d", value);
}
