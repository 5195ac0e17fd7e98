/* SPDX-License-Identifier: MIT */
#include "core/kv.h"

#include <string.h>

const char *kv_copy(char *out, const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n >= VALUE_MAX)
		return "a value of 1 to 255 characters";
	for (i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return "printable ASCII characters only";
	memcpy(out, s, n);
	out[n] = '\0';
	return NULL;
}

const char *kv_seconds(void *out, const char *v, unsigned min)
{
	unsigned value = 0;
	size_t i, n = strlen(v);
	bool good = n >= 1 && n <= 4;

	for (i = 0; good && i < n; i++) {
		good = v[i] >= '0' && v[i] <= '9';
		value = value * 10 + (v[i] - '0');
	}
	/* Some readers would take what follows a leading zero as octal. */
	if (!good || (v[0] == '0' && n > 1) || value < min ||
		value > SECONDS_MAX)
		return min ? "whole seconds from 1 to 3600"
			   : "whole seconds from 0 to 3600";
	*(unsigned *)out = value;
	return NULL;
}

const char *kv_timeout(void *out, const char *v)
{
	return kv_seconds(out, v, 1);
}

const char *kv_digest(void *out, const char *v)
{
	struct digest d;

	if (!digest_from_hex(&d, v, strlen(v)))
		return "64 or 128 lower-case hex digits";
	*(struct digest *)out = d;
	return NULL;
}

/* True for "/" too. */
static bool is_clean_path(const char *v)
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

const char *kv_path(void *out, const char *v)
{
	if (!is_clean_path(v))
		return "an absolute path without . or .. or //";
	strcpy(out, v);
	return NULL;
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

const char *kv_store(void *out, const char *v)
{
	enum naming by;
	const char *value = kv_naming(v, &by);
	bool uuid = by == BY_UUID || by == BY_PARTUUID;

	/* An empty label would match every file system that has none. */
	if (!value || !(by == BY_PATH ? is_clean_path(v)
			      : uuid  ? is_uuid(value)
				      : *value))
		return "a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=";
	strcpy(out, v);
	return NULL;
}
