/* SPDX-License-Identifier: MIT */
#include "core/kv.h"

#include "core/keyring.h"
#include "core/policy.h"
#include "core/state.h"

/* Only these have fs-verity. */
static bool read_fstype(void *out, const char *v)
{
	if (strcmp(v, "ext4") && strcmp(v, "btrfs") && strcmp(v, "f2fs"))
		return false;
	strcpy(out, v);
	return true;
}

/* Decimal digits: some readers would take those after a zero as octal. */
static const char *read_number(uint64_t *out, const char *v)
{
	const char *s = v;

	for (*out = 0; *s >= '0' && *s <= '9' && *out < 1u << 30; s++)
		*out = *out * 10 + (*s - '0');
	return s == v || (*v == '0' && s > v + 1) ? NULL : s;
}

/* A number of the policy's, at most max. */
static bool read_count(void *out, const char *v, unsigned max)
{
	uint64_t n;
	const char *end = read_number(&n, v);

	if (!end || *end || n > max)
		return false;
	*(unsigned *)out = n;
	return true;
}

static bool read_delay(void *out, const char *v)
{
	return read_count(out, v, SECONDS_MAX);
}

static bool read_timeout(void *out, const char *v)
{
	return strcmp(v, "0") != 0 && read_delay(out, v);
}

/* Bytes, with K, M or G for powers of 1024. */
static bool read_size(void *out, const char *v)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	uint64_t n;

	v = read_number(&n, v);
	suffix = v && *v ? strchr(suffixes, *v) : NULL;
	if (!v || n == 0 || (*v && (!suffix || v[1])))
		return false;
	*(uint64_t *)out = suffix ? n << (10 * (suffix - suffixes + 1)) : n;
	return true;
}

static bool read_tries(void *out, const char *v)
{
	return read_count(out, v, STATE_TRIES_MAX);
}

static bool read_threshold(void *out, const char *v)
{
	return strcmp(v, "0") != 0 && read_count(out, v, KEYS_MAX);
}

static bool read_floor(void *out, const char *v)
{
	return !field_number(out, v, strlen(v));
}

static bool read_name(void *out, const char *v)
{
	return !field_name(out, v, strlen(v));
}

static bool read_digest(void *out, const char *v)
{
	return digest_from_hex(out, v, strlen(v));
}

bool kv_clean_path(const char *v)
{
	if (strcmp(v, "/") == 0)
		return true;
	while (*v == '/') {
		size_t n = strcspn(++v, "/");

		if (n == 0 || (n <= 2 && memcmp(v, "..", n) == 0))
			return false;
		v += n;
		if (!*v)
			return true;
	}
	return false;
}

static bool read_path(void *out, const char *v)
{
	if (!kv_clean_path(v))
		return false;
	strcpy(out, v);
	return true;
}

static bool is_uuid(const char *v)
{
	size_t i, n = strlen(v);

	for (i = 0; i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
				? v[i] != '-'
				: !strchr("0123456789abcdefABCDEF", v[i]))
			return false;
	return n == 36;
}

const char *kv_naming(const char *v, enum naming *by)
{
	static const char *const prefixes[] = { "/dev/",
		"LABEL=", "UUID=", "PARTLABEL=", "PARTUUID=" };

	for (*by = BY_PATH; *by <= BY_PARTUUID; ++*by) {
		size_t n = strlen(prefixes[*by]);

		if (strncmp(v, prefixes[*by], n) == 0)
			return v + n;
	}
	return NULL;
}

static bool read_store(void *out, const char *v)
{
	enum naming by;
	const char *value = kv_naming(v, &by);
	bool uuid = by == BY_UUID || by == BY_PARTUUID;

	/* An empty label would match every file system that has none. */
	if (!value || !(by == BY_PATH ? kv_clean_path(v)
			      : uuid  ? is_uuid(value)
				      : *value))
		return false;
	strcpy(out, v);
	return true;
}

static const char *const yes_no[] = { "no", "yes", NULL };

#define YES_NO yes_no, NULL, "yes or no"
#define PATH NULL, read_path, "an absolute path without . or .. or //"
#define SECONDS(read, from) NULL, read, "whole seconds from " from " to 3600"
#define NAME NULL, read_name, NAME_EXPECTED
#define AT(member) offsetof(struct policy, member)

const struct setting settings[SETTINGS] = {
	{ "trust", NULL, AT(trust), trust_names, NULL,
		"digest, signature, digest+signature or release" },
	{ "store", "rootwright.store", AT(store), NULL, read_store,
		"a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=" },
	{ "store_fstype", NULL, AT(store_fstype), NULL, read_fstype,
		"ext4, btrfs or f2fs" },
	{ "store_path", NULL, AT(store_path), PATH },
	{ "store_noreplay", NULL, AT(store_noreplay), YES_NO },
	{ "image", "composefs", AT(image), NULL, read_digest,
		"64 or 128 lower-case hex digits" },
	{ "image_file", NULL, AT(image_file), PATH },
	{ "image_max", NULL, AT(image_max), NULL, read_size,
		"a number of bytes, with K, M or G" },
	{ "allow_unverified", NULL, AT(allow_unverified), YES_NO },
	{ "init", NULL, AT(init), PATH },
	{ "timeout", "rootwright.timeout", AT(timeout),
		SECONDS(read_timeout, "1") },
	{ "on_failure", NULL, AT(on_failure), failure_action_names, NULL,
		"reboot, poweroff or halt" },
	{ "failure_delay", NULL, AT(failure_delay), SECONDS(read_delay, "0") },
	{ "objects", NULL, AT(objects), objects_names, NULL,
		"lazy, preflight, measure or read" },
	{ "objects_timeout", NULL, AT(objects_timeout),
		SECONDS(read_timeout, "1") },
	{ "lockdown", NULL, AT(lockdown), YES_NO },
	{ "release", NULL, AT(release), NAME },
	{ NULL, "rootwright.release", AT(version), NAME },
	{ "threshold", NULL, AT(threshold), NULL, read_threshold,
		"a number from 1 to 16" },
	{ "tries", NULL, AT(tries), NULL, read_tries, "a number from 0 to 99" },
	{ "rollback_floor", NULL, AT(rollback_floor), NULL, read_floor,
		NUMBER_EXPECTED },
};

const struct setting *setting_find(const char *name, bool cmdline)
{
	for (const struct setting *s = settings; s < settings + SETTINGS; s++) {
		const char *its = cmdline ? s->cmdline : s->name;

		if (its && strcmp(its, name) == 0)
			return s;
	}
	return NULL;
}

const char *setting_read(const struct setting *s, void *policy, const char *v)
{
	void *member = (char *)policy + s->member;

	if (strlen(v) >= VALUE_MAX)
		return "a value of 1 to 255 characters";
	for (const char *c = v; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return "printable ASCII characters only";
	if (!s->words)
		return s->read(member, v) ? NULL : s->expected;
	for (unsigned i = 0; v[0] && s->words[i]; i++)
		if (strcmp(v, s->words[i]) == 0) {
			*(unsigned *)member = i;
			return NULL;
		}
	return s->expected;
}
