/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own rules (next_arg() in its lib/cmdline.c and parse_args()
 * in kernel/params.c, read in 6.12): white space separates, and its isspace
 * counts 0xa0 as such; a quote anywhere begins or ends a part in which white
 * space does not separate; a quote that opens the whole argument or the value
 * goes away, with the one that closes the argument; nothing escapes a quote;
 * an argument "--" ends what is meant for the kernel and us.
 *
 * Where the kernel shrugs we refuse: a quote that is never closed swallows
 * whatever follows it, so somebody meant something else.
 */
#include <string.h>
#include <strings.h>

#include "core/kv.h"
#include "core/policy.h"

struct argument {
	const char *name, *value; /* value is NULL without a '=' */
	size_t name_n, value_n;
	bool closed; /* every quote has its partner */
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

/* Splits the argument at s off; returns how many bytes it takes. */
static size_t next_argument(struct argument *a, const char *s, size_t n)
{
	bool whole = n && s[0] == '"', quote = whole, strip = whole;
	size_t i, equals = 0, start = whole, end;

	/* As there, a '=' in front of everything is part of the name. */
	for (i = start; i < n && (quote || !is_space(s[i])); i++) {
		if (s[i] == '=' && !equals && i > start)
			equals = i;
		if (s[i] == '"')
			quote = !quote;
	}
	a->closed = !quote;
	a->name = s + start;
	a->value = NULL;
	a->value_n = 0;
	end = i;
	if (equals) {
		a->value = s + equals + 1;
		if (equals + 1 < i && *a->value == '"') {
			a->value++;
			strip = true;
		}
	}
	if (strip && end > start && s[end - 1] == '"')
		end--;
	a->name_n = (equals ? equals : end) - start;
	if (a->value && s + end > a->value)
		a->value_n = s + end - a->value;
	return i;
}

static bool named(const struct argument *a, const char *name)
{
	return a->name_n == strlen(name) &&
	       memcmp(a->name, name, a->name_n) == 0;
}

/*
 * A name in our territory, whatever its case and stray quotes: one that is
 * misspelt must not be taken for somebody else's.
 */
static bool is_ours(const struct argument *a)
{
	const char *s = a->name;
	size_t n = a->name_n;

	while (n && *s == '"')
		s++, n--;
	return (n >= 9 && strncasecmp(s, "composefs", 9) == 0) ||
	       (n >= 10 && strncasecmp(s, "rootwright", 10) == 0);
}

/* One argument whose name is in our territory. */
static must_check int take(
	struct cmdline *c, const struct argument *a, struct err *e)
{
	bool digest = named(a, "composefs");
	bool store = named(a, "rootwright.store");
	bool timeout = named(a, "rootwright.timeout");
	enum reason r = digest ? REASON_DIGEST_INVALID : REASON_CMDLINE_INVALID;
	const char *expected;
	char v[VALUE_MAX];

	if (!digest && !store && !timeout)
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: expected composefs=, rootwright.store= or rootwright.timeout=, found '%.*s'",
			kv_shown(a->name_n), a->name);
	if ((digest && c->digest.size) || (store && c->store[0]) ||
		(timeout && c->timeout))
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: expected %.*s= once, found it twice",
			kv_shown(a->name_n), a->name);
	if (a->value_n == 0)
		return err_set(e, r,
			"cmdline: %.*s: expected a value, found none",
			kv_shown(a->name_n), a->name);
	expected = kv_copy(v, a->value, a->value_n);
	if (!expected && digest)
		c->unverified = v[0] == '?';
	if (!expected)
		expected = digest  ? kv_digest(&c->digest, v + c->unverified)
			   : store ? kv_store(c->store, v)
				   : kv_timeout(&c->timeout, v);
	if (expected)
		return err_set(e, r,
			"cmdline: %.*s=: expected %s, found '%.*s' (%zu characters)",
			kv_shown(a->name_n), a->name, expected,
			kv_shown(a->value_n), a->value, a->value_n);
	return 0;
}

int cmdline_parse(struct cmdline *c, const char *text, size_t n, struct err *e)
{
	const char *nul = n ? memchr(text, '\0', n) : NULL;
	struct argument a;
	size_t i = 0;

	memset(c, 0, sizeof(*c));
	if (n > CMDLINE_MAX)
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: expected at most %u bytes, found more",
			CMDLINE_MAX);
	if (nul)
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: expected text, found a NUL at byte %zu",
			(size_t)(nul - text));
	for (;;) {
		while (i < n && is_space(text[i]))
			i++;
		if (i == n)
			return 0;
		i += next_argument(&a, text + i, n - i);
		if (!a.closed)
			return err_set(e, REASON_CMDLINE_INVALID,
				"cmdline: expected a closing quote, found the end after '%.*s'",
				kv_shown(a.name_n), a.name);
		if (!a.value && named(&a, "--"))
			return 0;
		if (a.value && named(&a, "init"))
			c->has_init = true;
		else if (is_ours(&a) && take(c, &a, e))
			return -1;
	}
}
