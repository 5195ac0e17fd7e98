/* SPDX-License-Identifier: MIT */
#include "core/text.h"

char *text_hex(char *out, const uint8_t *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	for (; n; n--, bytes++) {
		*p++ = hex[*bytes >> 4];
		*p++ = hex[*bytes & 15];
	}
	*p = '\0';
	return out;
}

size_t text_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	/* What the second byte may be: the first one narrows it. */
	unsigned char lo = s[0] == 0xf0			  ? 0x90
			   : s[0] == 0xe0 || s[0] == 0xc2 ? 0xa0
							  : 0x80;
	unsigned char hi = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	size_t i, n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if ((n > 1 && s[0] < 0xc2) || s[0] > 0xf4)
		return 0;
	for (i = 1; i < n; i++, lo = 0x80, hi = 0xbf)
		if (s[i] < lo || s[i] > hi)
			return 0;
	return n;
}

void text_printable(char *s)
{
	while (*s) {
		size_t n = text_utf8(s);

		if (n && (unsigned char)*s >= 0x20 && *s != 0x7f)
			s += n;
		else
			*s++ = '?';
	}
}

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
	s = template;
	if (*s == ',' && j->n && strchr("[{:", j->buf[j->n - 1]))
		s++;
	for (; *s; s++) {
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
