/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tool/status.h"

/* "name       words"; what is in the record may come from the disk. */
static void line(const char *name, const char *fmt, ...) printf_like(2, 3);
static void line(const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_printable(text);
	printf("%-13s %s\n", name, text);
}

static const char *or_none(const char *s)
{
	return s ? s : "not recorded";
}

static void print_key(const char *name, const json_t *key)
{
	const char *subject = boot_record_string(key, NULL, "subject");
	const char *id = boot_record_string(key, NULL, "id");
	const char *file = boot_record_string(key, NULL, "file");

	if (subject && id)
		line(name, "\"%s\" (%.16s), %s", subject, id, or_none(file));
}

/* Who vouches for what is booted. */
static void print_trust(const json_t *r)
{
	const char *trust = or_none(boot_record_string(r, NULL, "trust"));
	const json_t *keys = boot_record_get(r, "release", "signed_by");

	line("trust", "%s, from the %s; rootwright-boot %s", trust,
		or_none(boot_record_string(r, NULL, "trust_from")),
		or_none(boot_record_string(r, NULL, "version")));
	print_key("image key", boot_record_get(r, "image", "signed_by"));
	if (json_is_object(keys))
		print_key("release key", keys);
	for (size_t i = 0; i < json_array_size(keys); i++)
		print_key("release key", json_array_get(keys, i));
}

static void print_release(const json_t *r)
{
	const char *name = boot_record_string(r, "release", "name");
	const char *version = boot_record_string(r, "release", "version");
	uint64_t sequence = 0, index = 0, active, baked = 0, stored = 0;

	boot_record_number(r, "release", "sequence", &sequence);
	boot_record_number(r, "release", "rollback_index", &index);
	boot_record_number(r, "floor", "baked", &baked);
	boot_record_number(r, "floor", "stored", &stored);
	if (name && version)
		line("release", "%s %s: sequence %llu, rollback_index %llu",
			name, version, (unsigned long long)sequence,
			(unsigned long long)index);
	if (!boot_record_number(r, "floor", "active", &active)) {
		line("roll-back", "%s: whatever was once signed boots",
			or_none(boot_record_string(
				r, NULL, "rollback_protection")));
		return;
	}
	line("roll-back",
		"floor %llu (stored %llu): against mistakes; floor %llu, in the initramfs: against whoever writes the disk",
		(unsigned long long)active, (unsigned long long)stored,
		(unsigned long long)baked);
}

/* What the boot tried before, and why that was not it. */
static void print_candidates(const json_t *r)
{
	const json_t *c;
	size_t i;

	json_array_foreach(boot_record_get(r, NULL, "candidates"), i, c)
	{
		const char *result = boot_record_string(c, NULL, "result");
		const char *why = boot_record_string(c, NULL, "sentence");

		/* Those after the one that booted have no sentence. */
		if (result && why)
			line("skipped", "%s [%s]: %s",
				or_none(boot_record_string(c, NULL, "version")),
				result, why);
	}
}

/* What the device remembers, and what it could not. */
static void print_state(const json_t *r)
{
	const char *good = boot_record_string(r, "state", "blessed");
	const char *trouble = boot_record_string(r, "state", "trouble");
	uint64_t left = 0;

	if (!boot_record_get(r, NULL, "state"))
		return;
	boot_record_number(r, "state", "tries_left", &left);
	line("state", "%s%s was declared good; %llu tries left of this one",
		good ? "release " : "none", good ? good : "",
		(unsigned long long)left);
	if (trouble)
		line("TROUBLE", "%s", trouble);
}

/* What may be written, and where that goes. */
static void print_mounts(const json_t *r)
{
	const char *reset = boot_record_string(r, "writable", "reset");
	const json_t *m;
	size_t i;

	json_array_foreach(boot_record_get(r, NULL, "mounts"), i, m)
	{
		line("writable", "%s: %s, %s, %s",
			or_none(boot_record_string(m, NULL, "target")),
			or_none(boot_record_string(m, NULL, "type")),
			or_none(boot_record_string(m, NULL, "source")),
			or_none(boot_record_string(m, NULL, "options")));
	}
	if (reset)
		line("", "a factory reset: what was there is %s now", reset);
}

/* Of those that lie over others: what they may have. */
static void print_paths(const json_t *image, bool over)
{
	const char *paths = boot_record_string(image, NULL, "paths");

	if (over && paths)
		line("", "it has nothing beside %s", paths);
	else if (over)
		line("", "it may replace whatever is below it");
}

/* What the image lies over, the next one first. */
static void print_below(const json_t *images)
{
	for (size_t i = 1; i < json_array_size(images); i++) {
		const json_t *image = json_array_get(images, i);

		line("over", "%s:%s",
			or_none(boot_record_string(image, NULL, "algorithm")),
			or_none(boot_record_string(image, NULL, "digest")));
		print_paths(image, i + 1 < json_array_size(images));
		print_key("its key", boot_record_get(image, NULL, "signed_by"));
	}
}

static void print_store(const json_t *store)
{
	const char *device = boot_record_string(store, NULL, "device");

	line("store", "%s (%s), %s, %s%s", device ? device : "not there",
		or_none(boot_record_string(store, NULL, "named")),
		or_none(boot_record_string(store, NULL, "fstype")),
		or_none(boot_record_string(store, NULL, "path")),
		json_is_true(boot_record_get(store, NULL, "journal_replayed"))
			? ", journal replayed"
			: "");
}

static void print_image(const json_t *r)
{
	const json_t *stores = boot_record_get(r, NULL, "stores");
	const json_t *images = boot_record_get(r, NULL, "images");
	uint64_t files = 0, bytes = 0;

	line("image", "%s:%s",
		or_none(boot_record_string(r, "image", "algorithm")),
		or_none(boot_record_string(r, "image", "digest")));
	line("", "named by the %s, from the %s, verified in its %s",
		or_none(boot_record_string(r, "image", "named_by")),
		or_none(boot_record_string(r, "image", "from")),
		or_none(boot_record_string(r, "image", "verified_in")));
	print_paths(
		boot_record_get(r, NULL, "image"), json_array_size(images) > 1);
	print_below(images);
	/* An old record has only one. */
	print_store(json_array_size(stores)
			    ? json_array_get(stores, 0)
			    : boot_record_get(r, NULL, "store"));
	for (size_t i = 1; i < json_array_size(stores); i++)
		print_store(json_array_get(stores, i));
	if (boot_record_string(r, "objects", "mode")) {
		boot_record_number(r, "objects", "files", &files);
		line("objects", "%s: %llu checked before the hand-off",
			boot_record_string(r, "objects", "mode"),
			(unsigned long long)files);
	}
	boot_record_number(r, "preflight", "files", &files);
	boot_record_number(r, "preflight", "bytes", &bytes);
	line("init", "%s; %llu files of %llu bytes were read before it",
		or_none(boot_record_string(r, NULL, "init")),
		(unsigned long long)files, (unsigned long long)bytes);
}

static void print_words(const json_t *r, const char *member)
{
	const json_t *words = boot_record_get(r, NULL, member);

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *w = json_string_value(json_array_get(words, i));

		if (w)
			line(member, "%s", w);
	}
}

void status_print(const struct status *s)
{
	const json_t *r = s->record;
	const struct finding *weaker = status_weaker(s);

	line("status", "%s",
		weaker ? "WEAKER than the boot recorded: do not trust this system"
		: status_weakened(s) ? "weakened, as the boot recorded"
				     : "verified");
	if (boot_record_get(r, NULL, "development_key"))
		line("WARNING",
			"a DEVELOPMENT key is trusted: whoever has the source can sign for this system");
	print_words(r, "weakened");
	print_trust(r);
	print_release(r);
	print_candidates(r);
	print_image(r);
	print_state(r);
	print_mounts(r);
	print_words(r, "unverified");
	print_words(r, "arguments");
	for (unsigned i = 0; i < s->n; i++)
		line(s->findings[i].name, "%s: %s",
			verdict_name(s->findings[i].verdict),
			s->findings[i].text);
}
