/* SPDX-License-Identifier: MIT */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *hint;
} reasons[] = {
#define X(code, name, hint) { name, hint },
	REASONS(X)
#undef X
};

const char *reason_name(enum reason r)
{
	return reasons[r].name;
}

const char *reason_hint(enum reason r)
{
	return reasons[r].hint;
}

/*
 * How many bytes of s are one printable character: 0 for control characters
 * (the C1 ones too: U+009B begins an escape sequence on a Linux console) and
 * for what is not UTF-8.
 */
static size_t printable_length(const unsigned char *s)
{
	size_t n, i;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] < 0xc2 || s[0] > 0xf4 || (s[0] == 0xc2 && s[1] < 0xa0))
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/*
 * The sentence goes to the kernel log and to a console, and parts of it come
 * from the attacked disk: whatever is not printable becomes '?'.
 */
static void make_printable(char *s)
{
	while (*s) {
		size_t n = printable_length((const unsigned char *)s);

		if (!n)
			*s = '?';
		s += n ? n : 1;
	}
}

int err_set(struct err *e, enum reason r, const char *fmt, ...)
{
	va_list ap;

	e->reason = r;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	make_printable(e->text);
	return -1;
}

int err_sys(struct err *e, enum reason r, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	e->reason = r;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerror(errnum));
	make_printable(e->text);
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	make_printable(e->hint);
	return -1;
}

const char *err_hint_text(const struct err *e)
{
	return e->hint[0] ? e->hint : reason_hint(e->reason);
}
