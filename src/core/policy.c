/* SPDX-License-Identifier: MIT */
#include "core/policy.h"

const char *const trust_names[] = { "", "digest", "signature",
	"digest+signature", "release", NULL };
const char *const failure_action_names[] = { "reboot", "poweroff", "halt",
	NULL };
const char *const objects_names[] = { "lazy", "preflight", "measure", "read",
	NULL };
static const char *const etc_names[] = { "none", "transient", "bind", "overlay",
	NULL };
static const char *const var_names[] = { "none", "transient", "bind", NULL };
static const char *const root_names[] = { "readonly", "transient", NULL };
static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const failure_names[] = { "fail", "transient", NULL };

/* Only these have fs-verity. */
static const char *read_fstype(void *out, const char *v, size_t n)
{
	if (strcmp(v, "ext4") && strcmp(v, "btrfs") && strcmp(v, "f2fs"))
		return "ext4, btrfs or f2fs";
	memcpy(out, v, n + 1);
	return NULL;
}

/* With K, M or G for powers of 1024: none of them overflows. */
static const char *read_size(void *out, const char *v, size_t n)
{
	static const char suffixes[] = "KMG";
	const char *suffix = n ? strchr(suffixes, v[n - 1]) : NULL;
	uint64_t *size = out;

	if (field_number(size, v, n - (suffix != NULL)) || *size == 0 ||
		*size >= UINT64_C(10) << 30)
		return "a number of bytes, with K, M or G";
	if (suffix)
		*size <<= 10 * (suffix - suffixes + 1);
	return NULL;
}

static const char *read_image(void *out, const char *v, size_t n)
{
	return images_add(out, v, n);
}

static const char *read_path(void *out, const char *v, size_t n)
{
	if (!clean_path(v, n))
		return "an absolute path without . or .. or //";
	memcpy(out, v, n + 1);
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

const char *store_naming(const char *v, enum naming *by)
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

static const char *read_store(void *out, const char *v, size_t n)
{
	enum naming by;
	const char *value = store_naming(v, &by);
	bool uuid = by == BY_UUID || by == BY_PARTUUID;

	/* An empty label would match every file system that has none. */
	if (!value || !(by == BY_PATH ? clean_path(v, n)
			      : uuid  ? is_uuid(value)
				      : *value))
		return "a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=";
	memcpy(out, v, n + 1);
	return NULL;
}

/* Also the store's own device. */
static const char *read_state(void *out, const char *v, size_t n)
{
	strcpy(out, v);
	return strcmp(v, "store") == 0 ? NULL : read_store(out, v, n);
}

/* The top of a file system could not be moved aside. */
static const char *read_state_path(void *out, const char *v, size_t n)
{
	return n > 1 ? read_path(out, v, n) : "a path below /";
}

#define AT(member) offsetof(struct policy, member)
#define YES_NO .words = yes_no, .expected = "yes or no"
#define NUMBER(from, to, what) \
	.min = from, .max = to, .expected = what " from " #from " to " #to
#define SECONDS(from) NUMBER(from, 3600, "whole seconds")

static const struct field list[] = {
	{ "trust", AT(trust), .words = trust_names,
		.expected = "digest, signature, digest+signature or release" },
	{ "store", AT(store), .read = read_store },
	{ "store.2", AT(stores[1]), .read = read_store },
	{ "store.3", AT(stores[2]), .read = read_store },
	{ "store_fstype", AT(store_fstype), .read = read_fstype },
	{ "store_path", AT(store_path), .read = read_path },
	{ "store_noreplay", AT(store_noreplay), YES_NO },
	{ "image", AT(images), .read = read_image, .many = true },
	{ "image_file", AT(image_file), .read = read_path },
	{ "image_max", AT(image_max), .read = read_size },
	{ "allow_unverified", AT(allow_unverified), YES_NO },
	{ "init", AT(init), .read = read_path },
	{ "timeout", AT(timeout), SECONDS(1) },
	{ "on_failure", AT(on_failure), .words = failure_action_names,
		.expected = "reboot, poweroff or halt" },
	{ "failure_delay", AT(failure_delay), SECONDS(0) },
	{ "objects", AT(objects), .words = objects_names,
		.expected = "lazy, preflight, measure or read" },
	{ "objects_timeout", AT(objects_timeout), SECONDS(1) },
	{ "lockdown", AT(lockdown), YES_NO },
	{ "watchdog", AT(watchdog), YES_NO },
	{ "release", AT(release), .read = field_name },
	{ "threshold", AT(threshold), NUMBER(1, 16, "a number") },
	{ "tries", AT(tries), NUMBER(0, 99, "a number") },
	{ "rollback_floor", AT(rollback_floor), .read = field_number },
	{ "root", AT(keep[TREE_ROOT]), .words = root_names,
		.expected = "readonly or transient" },
	{ "etc", AT(keep[TREE_ETC]), .words = etc_names,
		.expected = "none, transient, overlay or bind" },
	{ "var", AT(keep[TREE_VAR]), .words = var_names,
		.expected = "none, transient or bind" },
	{ "var_restrict", AT(var_restrict), YES_NO },
	{ "state", AT(state), .read = read_state },
	{ "state_path", AT(state_path), .read = read_state_path },
	{ "state_fstype", AT(state_fstype), .read = read_fstype },
	{ "state_trusted", AT(state_trusted), YES_NO },
	{ "state_on_failure", AT(state_transient), .words = failure_names,
		.expected = "fail or transient" },
	{ "factory_reset", AT(factory_reset), YES_NO },
};

/* What the command line may say. */
static const struct field said[] = {
	{ "composefs", AT(images), .read = read_image, .many = true },
	{ "rootwright.factory_reset", AT(factory_reset), YES_NO },
	{ "rootwright.release", AT(version), .read = field_name },
	{ "rootwright.store", AT(store), .read = read_store },
	{ "rootwright.timeout", AT(timeout), SECONDS(1) },
};

const char *setting_read(
	const struct field *x, void *out, const char *v, size_t n)
{
	char value[VALUE_MAX] = "";

	if (n >= VALUE_MAX)
		return "a value of 1 to 255 characters";
	memcpy(value, v, n);
	for (size_t i = 0; i < n; i++)
		if (value[i] < 0x20 || value[i] > 0x7e)
			return "printable ASCII characters only";
	return field_read(x, out, value, n);
}

static const char *read_line_value(
	const struct field *x, void *out, const char *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == '"' || (v[i] == '#' && i && v[i - 1] == ' '))
			return "neither quotes nor a comment after the value";
	return setting_read(x, out, v, n);
}

static const struct fields fields = { "policy", NULL, list,
	sizeof(list) / sizeof(list[0]), REASON_POLICY_INVALID,
	read_line_value };
const struct fields cmdline_fields = { .list = said,
	.n = sizeof(said) / sizeof(said[0]) };

void policy_defaults(struct policy *p)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->store_fstype, "ext4");
	strcpy(p->store_path, "/composefs");
	strcpy(p->init, "/sbin/init");
	strcpy(p->state_path, "/state");
	p->keep[TREE_ETC] = p->keep[TREE_VAR] = KEEP_TRANSIENT;
	p->var_restrict = true;
	p->image_max = 256 << 20;
	p->timeout = 30;
	p->on_failure = FAILURE_REBOOT;
	p->failure_delay = 10;
	p->objects = OBJECTS_PREFLIGHT;
	p->objects_timeout = 300;
	p->threshold = 1;
	p->tries = 3;
}

int policy_parse(struct policy *p, const char *name, const char *text, size_t n,
	struct err *e)
{
	policy_defaults(p);
	p->present = true;
	return fields_read(p, &fields, name, text, n, e);
}
