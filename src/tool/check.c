/* SPDX-License-Identifier: MIT */
#include "tool/check.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/json.h"
#include "tool/progress.h"
#include "tool/tool.h"

static const char *const kinds[] = {
	[FAULT_NAME] = "name",
	[FAULT_TYPE] = "type",
	[FAULT_CONTENT] = "content",
	[FAULT_SEAL] = "seal",
	[FAULT_UNSEALED] = "unsealed",
	[FAULT_UNREADABLE] = "unreadable",
	[FAULT_LINK] = "link",
	[FAULT_MISSING] = "missing",
	[FAULT_SIZE] = "size",
	[FAULT_CONFLICT] = "conflict",
	[FAULT_CAPTURE] = "capture",
	[FAULT_RELEASE] = "release",
	[FAULT_SIGNATURE] = "signature",
};

void check_begin(struct check *c)
{
	c->begun = true;
	if (c->json)
		fputs("{\"faults\":[", stdout);
}

/* For check_conflicts(): whether another store has it, is asked later. */
static void remember(struct check *c, enum fault kind, const char *path)
{
	if (!c->prefix || strncmp(path, "objects/", 8) != 0 ||
		strlen(path) >= OBJECT_PATH_MAX ||
		(kind != FAULT_CONTENT && kind != FAULT_SEAL &&
			kind != FAULT_SIZE && kind != FAULT_UNREADABLE))
		return;
	if (c->n_damaged == c->cap_damaged) {
		size_t cap = c->cap_damaged ? c->cap_damaged * 2 : 64;
		void *more = reallocarray(c->damaged, cap, OBJECT_PATH_MAX);

		/* The fault itself is told all the same. */
		if (!more)
			return;
		c->damaged = more;
		c->cap_damaged = cap;
	}
	strcpy(c->damaged[c->n_damaged++], path);
}

void check_fault(
	struct check *c, enum fault kind, const char *at, const char *fmt, ...)
{
	char path[PATH_MAX + OBJECT_PATH_MAX + 2];
	struct err e;
	char text[sizeof(e.text)], buffer[16384];
	struct json j;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	remember(c, kind, at);
	snprintf(path, sizeof(path), "%s%s%s", c->prefix ? c->prefix : "",
		c->prefix ? "/" : "", at);
	progress_clear();
	if (c->tell) {
		c->tell(c->ctx, kind, path, text);
	} else if (c->json) {
		json_begin(&j, buffer, sizeof(buffer));
		json_open(&j, NULL, '{');
		json_string(&j, "path", path);
		json_string(&j, "kind", kinds[kind]);
		json_string(&j, "text", text);
		json_close(&j, '}');
		printf("%s%s", c->faults ? "," : "", buffer);
	} else {
		/* Names come from a disk: nothing in them may move a cursor. */
		err_set(&e, REASON_FAILED, "%s: %s", path, text);
		puts(e.text);
	}
	c->faults++;
}

void check_content(
	struct check *c, const char *path, const struct digest *found)
{
	char hex[DIGEST_HEX_MAX];

	digest_to_hex(found, hex);
	check_fault(c, FAULT_CONTENT, path,
		"expected the content that its name says, found content of digest %s",
		hex);
}

void check_object(struct check *c, uint64_t bytes)
{
	c->objects++;
	c->bytes += bytes;
	check_show(c);
}

void check_show(const struct check *c)
{
	progress_show(c->objects, "objects", c->bytes);
}

static void end_json(const struct check *c, bool complete)
{
	if (c->json && c->begun)
		printf("],\"complete\":%s,\"objects\":%llu,\"bytes\":%llu,\"unsealed\":%llu}\n",
			complete ? "true" : "false",
			(unsigned long long)c->objects,
			(unsigned long long)c->bytes,
			(unsigned long long)c->unsealed);
}

int check_abort(struct check *c, const struct err *e)
{
	progress_clear();
	end_json(c, false);
	return tool_fail(e);
}

int check_end(struct check *c, const char *name)
{
	progress_clear();
	end_json(c, true);
	tool_say(
		"%s: %llu objects, %llu bytes, %llu without fs-verity, %llu fault%s",
		name, (unsigned long long)c->objects,
		(unsigned long long)c->bytes, (unsigned long long)c->unsealed,
		(unsigned long long)c->faults, c->faults == 1 ? "" : "s");
	if (c->temporary)
		tool_say(
			"%s: %llu temporary file%s of a build that runs or was killed: the next build removes what is left",
			name, (unsigned long long)c->temporary,
			c->temporary == 1 ? "" : "s");
	if (fflush(stdout) != 0 || ferror(stdout)) {
		tool_say("standard output: cannot be written");
		return EXIT_REFUSED;
	}
	return c->faults ? EXIT_REFUSED : 0;
}
