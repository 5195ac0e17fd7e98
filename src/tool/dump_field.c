/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tool/dump_private.h"
#include "tool/tree_private.h"

static const char *const names[] = {
	[FIELD_PATH] = "path",
	[FIELD_SIZE] = "size",
	[FIELD_MODE] = "mode",
	[FIELD_NLINK] = "nlink",
	[FIELD_UID] = "uid",
	[FIELD_GID] = "gid",
	[FIELD_RDEV] = "rdev",
	[FIELD_MTIME] = "mtime",
	[FIELD_PAYLOAD] = "payload",
	[FIELD_CONTENT] = "content",
	[FIELD_DIGEST] = "digest",
	[FIELD_XATTR] = "xattr",
};

/* In quotes, what is not printable as \xHH, and cut when it is long. */
static void quote(const struct span *s, char *out, size_t size)
{
	size_t at = 0;

	out[at++] = '"';
	for (size_t i = 0; i < s->n; i++) {
		unsigned char c = (unsigned char)s->p[i];

		if (at + 9 > size) {
			at += (size_t)snprintf(out + at, size - at, "...");
			break;
		}
		if (c < 0x20 || c > 0x7e)
			at += (size_t)snprintf(
				out + at, size - at, "\\x%02x", c);
		else
			out[at++] = (char)c;
	}
	out[at++] = '"';
	out[at] = '\0';
}

int dump_expected(struct dump *d, enum field f, const struct span *s,
	const char *expected, ...)
{
	char found[100] = "none", text[256];
	va_list args;

	va_start(args, expected);
	vsnprintf(text, sizeof(text), expected, args);
	va_end(args);
	if (s)
		quote(s, found, sizeof(found));
	return err_set(d->e, REASON_FAILED,
		"%s:%llu: %s: expected %s, found %s", d->name,
		(unsigned long long)d->line, names[f], text, found);
}

int dump_at(struct dump *d, enum field f)
{
	char text[sizeof(d->e->text)];

	snprintf(text, sizeof(text), "%.255s:%llu: %s: %.700s", d->name,
		(unsigned long long)d->line, names[f], d->e->text);
	memcpy(d->e->text, text, sizeof(text));
	return -1;
}

/* The digits' values by character, from 1 on: 0 is no digit. */
static const uint8_t hex_digits[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['A'] = 11,
	['B'] = 12,
	['C'] = 13,
	['D'] = 14,
	['E'] = 15,
	['F'] = 16,
};

/* The byte that two digits stand for, or -1. */
static inline int hex_byte(const char *p)
{
	unsigned high = hex_digits[(uint8_t)p[0]];
	unsigned low = hex_digits[(uint8_t)p[1]];

	return high && low ? (int)((high - 1) << 4 | (low - 1)) : -1;
}

/* The byte after a backslash, and how many characters stand for it; or 0. */
static size_t escape(const char *p, size_t n, char *out)
{
	if (n >= 3 && p[0] == 'x' && hex_byte(p + 1) >= 0) {
		*out = (char)hex_byte(p + 1);
		return 3;
	}
	if (n == 0)
		return 0;
	switch (p[0]) {
	case 'n':
		*out = '\n';
		return 1;
	case 'r':
		*out = '\r';
		return 1;
	case 't':
		*out = '\t';
		return 1;
	case '\\':
		*out = '\\';
		return 1;
	default:
		return 0;
	}
}

int dump_unescape(struct dump *d, enum field f, struct span *s, bool binary)
{
	char *end = s->p + s->n, *in, *out;

	if (d->plain) {
		*end = '\0';
		return 0;
	}
	in = out = memchr(s->p, '\\', s->n);
	while (in && in < end) {
		if (*in == '\\') {
			size_t n = escape(in + 1, (size_t)(end - in) - 1, out);

			if (n == 0) {
				const struct span rest = { in,
					(size_t)(end - in) };

				return dump_expected(d, f, &rest,
					"an escape: \\xHH, \\n, \\r, \\t or \\\\");
			}
			in += n + 1;
			out++;
		} else {
			*out++ = *in++;
		}
	}
	if (out)
		s->n = (size_t)(out - s->p);
	if (!binary && memchr(s->p, '\0', s->n))
		return dump_expected(d, f, s, "no NUL byte");
	s->p[s->n] = '\0';
	return 0;
}

static bool parse(
	const char *p, size_t n, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)(unsigned char)p[i] - '0';

		if (digit >= base || __builtin_mul_overflow(v, base, &v) ||
			__builtin_add_overflow(v, digit, &v) || v > max)
			return false;
	}
	*out = v;
	return true;
}

int dump_number(struct dump *d, enum field f, const struct span *s,
	uint64_t max, uint64_t *out)
{
	if (parse(s->p, s->n, f == FIELD_MODE ? 8 : 10, max, out))
		return 0;
	if (f == FIELD_MODE)
		return dump_expected(
			d, f, s, "an octal number of at most 177777");
	return dump_expected(d, f, s, "a decimal number of at most %llu",
		(unsigned long long)max);
}

int dump_mtime(struct dump *d, const struct span *s, struct tree_meta *meta)
{
	bool negative = s->n && s->p[0] == '-';
	const char *p = s->p + negative, *end = s->p + s->n;
	const char *point = memchr(p, '.', (size_t)(end - p));
	uint64_t seconds, nanoseconds;

	if (!point ||
		!parse(p, (size_t)(point - p), 10,
			(uint64_t)INT64_MAX + negative, &seconds) ||
		!parse(point + 1, (size_t)(end - point) - 1, 10, 999999999,
			&nanoseconds))
		return dump_expected(d, FIELD_MTIME, s,
			"seconds and nanoseconds as 1700000000.5");
	meta->mtime = (int64_t)(negative ? -seconds : seconds);
	meta->mtime_nsec = (uint32_t)nanoseconds;
	return 0;
}

int dump_digest(struct dump *d, const struct span *s, struct digest *digest)
{
	const unsigned size = d->t->digest_size;
	bool good = s->n == (size_t)size * 2;

	if (span_absent(s))
		return 0;
	memset(digest, 0, sizeof(*digest));
	digest->algorithm = d->t->algorithm;
	digest->size = size;
	for (unsigned i = 0; i < size && good; i++) {
		int byte = hex_byte(s->p + 2 * i);

		good = byte >= 0;
		digest->bytes[i] = (uint8_t)byte;
	}
	if (!good)
		return dump_expected(d, FIELD_DIGEST, s,
			"the %u hexadecimal digits of a digest by %s", size * 2,
			hash_name(d->t->algorithm));
	return 1;
}
