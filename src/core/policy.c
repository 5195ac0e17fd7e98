/* SPDX-License-Identifier: MIT */
#include "core/policy.h"

const char *const trust_names[] = {
	[TRUST_UNSET] = "",
	[TRUST_DIGEST] = "digest",
	[TRUST_SIGNATURE] = "signature",
	[TRUST_DIGEST_AND_SIGNATURE] = "digest+signature",
	[TRUST_RELEASE] = "release",
	NULL,
};

const char *const failure_action_names[] = {
	[FAILURE_REBOOT] = "reboot",
	[FAILURE_POWEROFF] = "poweroff",
	[FAILURE_HALT] = "halt",
	NULL,
};

/* As in enum objects. */
const char *const objects_names[] = { "lazy", "preflight", "measure", "read",
	NULL };

void policy_defaults(struct policy *p)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->store_fstype, "ext4");
	strcpy(p->store_path, "/composefs");
	strcpy(p->init, "/sbin/init");
	p->image_max = 256 << 20;
	p->timeout = 30;
	p->on_failure = FAILURE_REBOOT;
	p->failure_delay = 10;
	p->objects = OBJECTS_PREFLIGHT;
	p->objects_timeout = 300;
	p->threshold = 1;
	p->tries = 3;
}

/* The line that is being read, for messages. */
struct place {
	const char *name;
	unsigned line;
	unsigned seen[SETTINGS]; /* the line of each, 0: not yet */
};

static must_check int set(struct policy *p, struct place *at,
	const struct setting *s, const char *v, struct err *e)
{
	unsigned *seen = &at->seen[s - settings];
	const char *expected;

	if (*seen)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s:%u: expected %s= once, found it again: it is set in line %u",
			at->name, at->line, s->name, *seen);
	*seen = at->line;
	expected = strchr(v, '"') || strstr(v, " #")
			   ? "neither quotes nor a comment after the value"
			   : setting_read(s, p, v);
	if (!expected)
		return 0;
	return err_set(e, REASON_POLICY_INVALID,
		"policy: %s:%u: %s: expected %s, found '%.80s' (%zu characters)",
		at->name, at->line, s->name, expected, v, strlen(v));
}

/* One line; blanks around it do not count. */
static must_check int parse_line(
	struct policy *p, struct place *at, char *line, struct err *e)
{
	const struct setting *s;
	size_t n;
	char *v;

	line += strspn(line, " \t");
	for (n = strlen(line); n && strchr(" \t", line[n - 1]); n--)
		line[n - 1] = '\0';
	if (line[0] == '#' || !line[0])
		return 0;
	v = strchr(line, '=');
	if (!v)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s:%u: expected key=value, found '%.80s'",
			at->name, at->line, line);
	*v++ = '\0';
	s = setting_find(line, false);
	if (s)
		return set(p, at, s, v, e);
	return err_set(e, REASON_POLICY_INVALID,
		"policy: %s:%u: expected a key of rootwright-boot.conf(5), found '%.80s'",
		at->name, at->line, line);
}

int policy_parse(
	struct policy *p, const char *name, char *text, size_t n, struct err *e)
{
	struct place at = { .name = name };
	const char *end = text + n;
	char *line;

	policy_defaults(p);
	p->present = true;
	if (n > POLICY_MAX)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s: expected at most %u bytes, found %zu",
			name, POLICY_MAX, n);
	while ((line = strsep(&text, "\n"))) {
		at.line++;
		if (!text && line + strlen(line) != end)
			return err_set(e, REASON_POLICY_INVALID,
				"policy: %s:%u: expected text, found a NUL byte",
				name, at.line);
		if (parse_line(p, &at, line, e))
			return -1;
	}
	return 0;
}
