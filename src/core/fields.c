/* SPDX-License-Identifier: MIT */
#include "core/fields.h"

#include "core/text.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/*
 * A newline follows the value, so that a sequence that begins in it cannot
 * be read beyond it.
 */
static size_t character(const char *s, bool quoted, bool utf8)
{
	unsigned char c = s[0];

	if (c < 0x80)
		return quoted ? c >= 0x20 && c < 0x7f && !strchr("\\$`\"", c)
			      : is_alnum(c) || (c && strchr("._-+:/,=@%", c));
	return quoted && utf8 ? text_utf8(s) : 0;
}

/* Takes the quotes off; NULL, or what was expected. */
static const char *unquote(struct slice *v, bool utf8)
{
	bool quoted = v->n >= 2 && v->s[0] == '"' && v->s[v->n - 1] == '"';
	size_t i, n = 1;

	v->s += quoted;
	v->n -= 2 * quoted;
	for (i = 0; n && i < v->n; i += n)
		n = character(v->s + i, quoted, utf8);
	return n && v->n
		       ? NULL
		       : "text without \\ $ ` and \", in double quotes if there is more than letters, digits and ._-+:/,=@%";
}

const struct field *field_find(
	const struct fields *f, const char *name, size_t n)
{
	for (const struct field *x = f->list; x < f->list + f->n; x++)
		if (strlen(x->name) == n && memcmp(x->name, name, n) == 0)
			return x;
	return NULL;
}

const char *field_read(
	const struct field *x, void *out, const char *v, size_t n)
{
	void *member = (char *)out + x->member;
	uint64_t number;

	if (x->read)
		return x->read(member, v, n);
	for (unsigned i = 0; x->words && n && x->words[i]; i++)
		if (strlen(x->words[i]) == n && !memcmp(x->words[i], v, n)) {
			*(unsigned *)member = i;
			return NULL;
		}
	if (x->words || field_number(&number, v, n) || number < x->min ||
		number > x->max)
		return x->expected;
	*(unsigned *)member = number;
	return NULL;
}

/* What a line says goes into out; NULL, or what was expected. */
static const char *read_line(void *out, const struct fields *f, uint64_t *seen,
	const char *s, size_t n)
{
	const char *equals = memchr(s, '=', n), *expected;
	const struct field *x = equals ? field_find(f, s, equals - s) : NULL;
	struct slice v;

	if (!x)
		return "key=value with a key of this format";
	if (!x->many && *seen & UINT64_C(1) << (x - f->list))
		return "each key once";
	*seen |= UINT64_C(1) << (x - f->list);
	v = (struct slice){ equals + 1, s + n - equals - 1 };
	if (f->value)
		return f->value(x, out, v.s, v.n);
	expected = unquote(&v, x->utf8);
	return expected ? expected : field_read(x, out, v.s, v.n);
}

/* One that is written by hand. */
static const char *read_loose(void *out, const struct fields *f, uint64_t *seen,
	const char *s, size_t n)
{
	for (; n && memchr(" \t", *s, 2); n--)
		s++;
	while (n && memchr(" \t", s[n - 1], 2))
		n--;
	return n && *s != '#' ? read_line(out, f, seen, s, n) : NULL;
}

int fields_read(void *out, const struct fields *f, const char *name,
	const char *text, size_t n, struct err *e)
{
	size_t line_n = 0;
	const char *expected = NULL, *end;
	uint64_t seen = 0;
	unsigned line;

	for (line = 1; n && !expected; line++, text += line_n, n -= line_n) {
		end = memchr(text, '\n', n);
		line_n = end ? (size_t)(end - text) : n;
		if (!f->format)
			expected = read_loose(out, f, &seen, text, line_n);
		else if (!end)
			expected = "a line that ends in a newline";
		else if (line > 1)
			expected = read_line(out, f, &seen, text, line_n);
		else if (line_n != strlen(f->format) ||
			 memcmp(text, f->format, line_n))
			expected = f->format;
		if (expected)
			return err_set(e, f->reason,
				"%s: %s:%u: expected %s, found '%.*s'", f->what,
				name, line, expected,
				line_n < 80 ? (int)line_n : 80, text);
		line_n += end != NULL;
	}
	for (size_t k = 0; k < f->n; k++)
		if (f->list[k].required && !(seen & UINT64_C(1) << k))
			return err_set(e, f->reason,
				"%s: %s: expected %s=, found none", f->what,
				name, f->list[k].name);
	return 0;
}

const char *field_name(void *member, const char *v, size_t n)
{
	size_t i;

	for (i = 0; i < n && n < NAME_MAX_SIZE; i++)
		if (!is_alnum(v[i]) || (v[i] >= 'A' && v[i] <= 'Z'))
			if (i == 0 || !strchr("._-", v[i]))
				break;
	if (n == 0 || i < n)
		return "1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit";
	memcpy(member, v, n);
	((char *)member)[n] = '\0';
	return NULL;
}

const char *field_number(void *member, const char *v, size_t n)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < n && v[i] >= '0' && v[i] <= '9'; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, v[i] - '0', &value))
			break;
	if (n == 0 || i < n || (n > 1 && v[0] == '0'))
		return "a number below 2^64 without a leading zero";
	*(uint64_t *)member = value;
	return NULL;
}

bool clean_path(const char *v, size_t n)
{
	const char *end = v + n, *slash;

	if (n == 1 && *v == '/')
		return true;
	while (v < end && *v == '/') {
		slash = memchr(v + 1, '/', end - v - 1);
		n = (slash ? slash : end) - ++v;
		if (n == 0 || (n <= 2 && memcmp(v, "..", n) == 0))
			return false;
		v += n;
	}
	return n && v == end;
}

bool parts_next(struct slice *list, char separator, struct slice *part)
{
	const char *end;

	*part = *list;
	if (!list->s)
		return false;
	end = memchr(list->s, separator, list->n);
	if (end)
		part->n = end - list->s;
	list->n -= part->n + (end != NULL);
	list->s = end ? end + 1 : NULL;
	return true;
}

bool words_next(struct slice *list, struct slice *word)
{
	return parts_next(list, ' ', word);
}
