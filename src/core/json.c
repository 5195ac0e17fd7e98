/* SPDX-License-Identifier: MIT */
#include "core/json.h"

#include "core/text.h"

static void put(struct json *j, const char *s, size_t n)
{
	j->full |= n >= j->size - j->n;
	if (!j->full) {
		memcpy(j->buf + j->n, s, n);
		j->n += n;
	}
	j->buf[j->n] = '\0';
}

static void put_string(struct json *j, const char *s)
{
	char escape[] = "\\u0000";

	if (!s) {
		put(j, "null", 4);
		return;
	}
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

void json_print(struct json *j, const char *template, ...)
{
	char number[24];
	const char *s;
	va_list ap;

	va_start(ap, template);
	for (s = template; *s; s++) {
		if (*s == '\'') {
			put(j, "\"", 1);
		} else if (*s != '%') {
			put(j, s, 1);
		} else if (*++s == 's') {
			put_string(j, va_arg(ap, const char *));
		} else if (*s == 'd') {
			bool yes = va_arg(ap, int);

			put(j, yes ? "true" : "false", yes ? 4 : 5);
		} else {
			s += 2; /* llu */
			put(j, number,
				snprintf(number, sizeof(number), "%llu",
					va_arg(ap, unsigned long long)));
		}
	}
	va_end(ap);
}
