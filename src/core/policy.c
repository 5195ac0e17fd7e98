/* SPDX-License-Identifier: MIT */
#include "core/policy.h"

#include <string.h>

const char *const trust_names[] = {
	[TRUST_UNSET] = "",
	[TRUST_DIGEST] = "digest",
	[TRUST_SIGNATURE] = "signature",
	[TRUST_DIGEST_AND_SIGNATURE] = "digest+signature",
};

const char *const failure_action_names[] = {
	[FAILURE_REBOOT] = "reboot",
	[FAILURE_POWEROFF] = "poweroff",
	[FAILURE_HALT] = "halt",
};

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
}

/*
 * What fills a member of the policy from a value that kv_copy has accepted,
 * in the manner of kv.h: NULL, or the words for what was expected.
 */
static const char *read_trust(void *out, const char *v)
{
	enum trust t;

	for (t = TRUST_DIGEST; t <= TRUST_DIGEST_AND_SIGNATURE; t++)
		if (strcmp(v, trust_names[t]) == 0) {
			*(enum trust *)out = t;
			return NULL;
		}
	return "digest, signature or digest+signature";
}

static const char *read_action(void *out, const char *v)
{
	enum failure_action a;

	for (a = FAILURE_REBOOT; a <= FAILURE_HALT; a++)
		if (strcmp(v, failure_action_names[a]) == 0) {
			*(enum failure_action *)out = a;
			return NULL;
		}
	return "reboot, poweroff or halt";
}

/* Only these have fs-verity. */
static const char *read_fstype(void *out, const char *v)
{
	if (strcmp(v, "ext4") && strcmp(v, "btrfs") && strcmp(v, "f2fs"))
		return "ext4, btrfs or f2fs";
	strcpy(out, v);
	return NULL;
}

static const char *read_yes_no(void *out, const char *v)
{
	if (strcmp(v, "yes") && strcmp(v, "no"))
		return "yes or no";
	*(bool *)out = v[0] == 'y';
	return NULL;
}

/* Bytes: digits without a leading zero, and K, M or G for powers of 1024. */
static const char *read_size(void *out, const char *v)
{
	static const char suffixes[] = "KMG";
	bool zero = *v == '0';
	const char *suffix;
	uint64_t n = 0;

	for (; *v >= '0' && *v <= '9' && n < 1u << 30; v++)
		n = n * 10 + (*v - '0');
	suffix = *v ? strchr(suffixes, *v) : NULL;
	if (n == 0 || zero || (*v && (!suffix || v[1])))
		return "a number of bytes, with K, M or G";
	*(uint64_t *)out = suffix ? n << (10 * (suffix - suffixes + 1)) : n;
	return NULL;
}

static const char *read_delay(void *out, const char *v)
{
	return kv_seconds(out, v, 0);
}

static const struct policy_key {
	const char *name;
	const char *(*read)(void *member, const char *v);
	size_t member;
} policy_keys[] = {
#define KEY(name, read) \
	{ \
#name, read, offsetof(struct policy, name) \
	}
	KEY(trust, read_trust),
	KEY(store, kv_store),
	KEY(store_fstype, read_fstype),
	KEY(store_path, kv_path),
	KEY(store_noreplay, read_yes_no),
	KEY(image, kv_digest),
	KEY(image_file, kv_path),
	KEY(image_max, read_size),
	KEY(allow_unverified, read_yes_no),
	KEY(init, kv_path),
	KEY(timeout, kv_timeout),
	KEY(on_failure, read_action),
	KEY(failure_delay, read_delay),
#undef KEY
};
#define N_KEYS (sizeof(policy_keys) / sizeof(policy_keys[0]))

/* The line that is being read, for messages. */
struct place {
	const char *name;
	unsigned line;
	unsigned seen[N_KEYS]; /* the line of each key, 0: not yet */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static must_check int set_key(struct policy *p, struct place *at, size_t k,
	const char *v, size_t n, struct err *e)
{
	const char *name = policy_keys[k].name, *expected;
	char value[VALUE_MAX];

	if (at->seen[k])
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s:%u: expected %s= once, found it again: it is set in line %u",
			at->name, at->line, name, at->seen[k]);
	at->seen[k] = at->line;
	expected = kv_copy(value, v, n);
	if (!expected && (strstr(value, " #") || strchr(value, '"')))
		expected = "neither quotes nor a comment after the value";
	if (!expected)
		expected = policy_keys[k].read(
			(char *)p + policy_keys[k].member, value);
	if (expected)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s:%u: %s: expected %s, found '%.*s' (%zu characters)",
			at->name, at->line, name, expected, kv_shown(n), v, n);
	return 0;
}

/* One line without its newline; blanks around it do not count. */
static must_check int parse_line(struct policy *p, struct place *at,
	const char *s, size_t n, struct err *e)
{
	const char *equals;
	size_t k, name_n;

	while (n && is_blank(s[0]))
		s++, n--;
	while (n && is_blank(s[n - 1]))
		n--;
	if (n == 0 || s[0] == '#')
		return 0;
	equals = memchr(s, '=', n);
	if (!equals)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s:%u: expected key=value, found '%.*s'",
			at->name, at->line, kv_shown(n), s);
	name_n = equals - s;
	for (k = 0; k < N_KEYS; k++)
		if (strlen(policy_keys[k].name) == name_n &&
			memcmp(policy_keys[k].name, s, name_n) == 0)
			return set_key(p, at, k, equals + 1, n - name_n - 1, e);
	return err_set(e, REASON_POLICY_INVALID,
		"policy: %s:%u: expected a key of rootwright-boot.conf(5), found '%.*s'",
		at->name, at->line, kv_shown(name_n), s);
}

int policy_parse(struct policy *p, const char *name, const char *text, size_t n,
	struct err *e)
{
	struct place at = { .name = name };
	const char *end;
	size_t line_n;

	policy_defaults(p);
	p->present = true;
	if (n > POLICY_MAX)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s: expected at most %u bytes, found %zu",
			name, POLICY_MAX, n);
	while (n) {
		end = memchr(text, '\n', n);
		line_n = end ? (size_t)(end - text) : n;
		at.line++;
		if (memchr(text, '\0', line_n))
			return err_set(e, REASON_POLICY_INVALID,
				"policy: %s:%u: expected text, found a NUL byte",
				name, at.line);
		if (parse_line(p, &at, text, line_n, e))
			return -1;
		line_n += end != NULL;
		text += line_n;
		n -= line_n;
	}
	return 0;
}
