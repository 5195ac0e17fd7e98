/* SPDX-License-Identifier: MIT */
#include "core/fields.h"

#include "core/kv.h"
#include "core/text.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/*
 * A newline follows the value, so that a sequence that begins in it cannot
 * be read beyond it. C1 control characters would speak to a console.
 */
static size_t character(const char *s, bool quoted, bool utf8)
{
	unsigned char c = s[0], second = s[1];

	if (c < 0x80)
		return quoted ? c >= 0x20 && c < 0x7f && !strchr("\\$`\"", c)
			      : is_alnum(c) || (c && strchr("._-+:/,=@%", c));
	return quoted && utf8 && (c != 0xc2 || second >= 0xa0) ? text_utf8(s)
							       : 0;
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

/* What a line says goes into out; NULL, or what was expected. */
static const char *read_line(void *out, const struct fields *f, uint32_t *seen,
	const char *s, size_t n)
{
	const char *equals = memchr(s, '=', n), *expected;
	size_t k, name_n = equals ? (size_t)(equals - s) : 0;
	struct slice v = { s + name_n + 1, n - name_n - 1 };

	for (k = 0; k < f->n; k++)
		if (equals && strlen(f->list[k].name) == name_n &&
			memcmp(f->list[k].name, s, name_n) == 0)
			break;
	if (k == f->n)
		return "key=value with a key of this format";
	if (*seen & 1u << k)
		return "each key once";
	*seen |= 1u << k;
	expected = unquote(&v, f->list[k].utf8);
	return expected ? expected
			: f->list[k].read(
				  (char *)out + f->list[k].member, v.s, v.n);
}

int fields_read(void *out, const struct fields *f, const char *name,
	const char *text, size_t n, struct err *e)
{
	size_t format_n = strlen(f->format), line_n = 0;
	const char *expected = NULL, *end;
	uint32_t seen = 0;
	unsigned line;

	for (line = 1; n && !expected; line++, text += line_n, n -= line_n) {
		end = memchr(text, '\n', n);
		line_n = end ? (size_t)(end - text) : n;
		if (!end)
			expected = "a line that ends in a newline";
		else if (line > 1)
			expected = read_line(out, f, &seen, text, line_n);
		else if (line_n != format_n || memcmp(text, f->format, line_n))
			expected = f->format;
		if (expected)
			return err_set(e, REASON_RELEASE_INVALID,
				"%s: %s:%u: expected %s, found '%.*s'", f->what,
				name, line, expected,
				line_n < 80 ? (int)line_n : 80, text);
		line_n++;
	}
	for (size_t k = 0; k < f->n; k++)
		if (f->list[k].required && !(seen & 1u << k))
			return err_set(e, REASON_RELEASE_INVALID,
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
		return NAME_EXPECTED;
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
		return NUMBER_EXPECTED;
	*(uint64_t *)member = value;
	return NULL;
}

bool words_next(struct slice *list, struct slice *word)
{
	const char *blank;

	*word = *list;
	if (!list->s)
		return false;
	blank = memchr(list->s, ' ', list->n);
	if (blank)
		word->n = blank - list->s;
	list->n -= word->n + (blank != NULL);
	list->s = blank ? blank + 1 : NULL;
	return true;
}
