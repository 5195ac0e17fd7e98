/* SPDX-License-Identifier: MIT */
#include "core/json.h"

#include <string.h>

#include "core/text.h"

static void put(struct json *j, const char *s, size_t n)
{
	if (j->full || n >= j->size - j->n) {
		j->full = true;
		return;
	}
	memcpy(j->buf + j->n, s, n);
	j->n += n;
	j->buf[j->n] = '\0';
}

static void put_string(struct json *j, const char *s)
{
	char escape[] = "\\u0000";

	put(j, "\"", 1);
	while (*s && !j->full) {
		size_t n = text_utf8(s);
		unsigned char c = *s;

		if (n == 0) {
			put(j, "\xef\xbf\xbd", 3);
			n = 1;
		} else if (c == '"' || c == '\\') {
			put(j, "\\", 1);
			put(j, s, 1);
		} else if (c < 0x20 || c == 0x7f) {
			text_hex(escape + 4, &c, 1);
			put(j, escape, 6);
		} else {
			put(j, s, n);
		}
		s += n;
	}
	put(j, "\"", 1);
}

static void put_key(struct json *j, const char *key)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
	if (key) {
		put_string(j, key);
		put(j, ":", 1);
	}
}

void json_begin(struct json *j, char *buf, size_t size)
{
	memset(j, 0, sizeof(*j));
	j->buf = buf;
	j->size = size;
	buf[0] = '\0';
}

void json_open(struct json *j, const char *key, char open)
{
	put_key(j, key);
	put(j, &open, 1);
	j->comma = false;
}

void json_close(struct json *j, char close)
{
	put(j, &close, 1);
	j->comma = true;
}

void json_string(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	if (value)
		put_string(j, value);
	else
		put(j, "null", 4);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	char digits[20]; /* 2^64 has 20 */
	size_t i = sizeof(digits);

	do
		digits[--i] = '0' + value % 10;
	while (value /= 10);
	put_key(j, key);
	put(j, digits + i, sizeof(digits) - i);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	put(j, value ? "true" : "false", value ? 4 : 5);
}
