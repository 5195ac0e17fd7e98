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
#include <strings.h>

#include "core/policy.h"

struct argument {
	char *name, *value; /* value is NULL without a '=' */
	bool closed;	    /* every quote has its partner */
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

/* Cuts the argument at s out of the text; returns what comes after it. */
static char *next_argument(struct argument *a, char *s)
{
	bool whole = *s == '"', quote = whole, strip = whole;
	char *end, *next;

	a->name = s += whole;
	a->value = NULL;
	/* As there, a '=' in front of everything is part of the name. */
	for (end = s; *end && (quote || !is_space(*end)); end++) {
		if (*end == '=' && !a->value && end > s)
			a->value = end + 1;
		if (*end == '"')
			quote = !quote;
	}
	a->closed = !quote;
	next = end + (*end != '\0');
	if (a->value) {
		a->value[-1] = '\0';
		if (a->value < end && *a->value == '"') {
			a->value++;
			strip = true;
		}
	}
	if (strip && end > s && end[-1] == '"')
		end--;
	*end = '\0';
	return next;
}

/*
 * A name in our territory, whatever its case and stray quotes: one that is
 * misspelt must not be taken for somebody else's.
 */
static bool is_ours(const char *name)
{
	name += strspn(name, "\"");
	return strncasecmp(name, "composefs", 9) == 0 ||
	       strncasecmp(name, "rootwright", 10) == 0;
}

/* One argument whose name is in our territory. */
static must_check int take(
	struct cmdline *c, const struct argument *a, struct err *e)
{
	const struct field *s =
		field_find(&cmdline_fields, a->name, strlen(a->name));
	unsigned bit = s ? 1u << (s - cmdline_fields.list) : 0;
	bool digest = strcmp(a->name, "composefs") == 0;
	const char *value = a->value;
	bool unverified = digest && value && value[0] == '?';
	enum reason r = digest ? REASON_DIGEST_INVALID : REASON_CMDLINE_INVALID;
	const char *expected;

	if (!s)
		return err_set(e, r,
			"cmdline: expected composefs=, rootwright.factory_reset, rootwright.release=, rootwright.store= or rootwright.timeout=, found '%.80s'",
			a->name);
	if (c->seen & bit && !s->many)
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: expected %s= once, found it twice", a->name);
	c->seen |= bit;
	if (!a->value && s->member == offsetof(struct policy, factory_reset))
		value = "yes";
	if (!value || !value[0])
		return err_set(e, r,
			"cmdline: %s: expected a value, found none", a->name);
	c->unverified |= unverified;
	expected = setting_read(
		s, &c->said, value + unverified, strlen(value + unverified));
	if (!expected)
		return 0;
	return err_set(e, r,
		"cmdline: %s=: expected %s, found '%.80s' (%zu characters)",
		a->name, expected, value, strlen(value));
}

int cmdline_parse(struct cmdline *c, char *text, struct err *e)
{
	struct argument a;

	memset(c, 0, sizeof(*c));
	for (;;) {
		while (is_space(*text))
			text++;
		if (!*text)
			return 0;
		text = next_argument(&a, text);
		if (!a.closed)
			return err_set(e, REASON_CMDLINE_INVALID,
				"cmdline: expected a closing quote, found the end after '%.80s'",
				a.name);
		if (!a.value && strcmp(a.name, "--") == 0)
			return 0;
		if (is_ours(a.name) && take(c, &a, e))
			return -1;
	}
}
