/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/status.h"

/* A line of mountinfo, as in the kernel's filesystems/proc.rst. */
struct mount {
	char *at, *options, *type, *super;
};

/* Octal escapes become what they stand for. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned c;

		if (*s == '\\' && sscanf(s, "\\%3o", &c) == 1) {
			*to++ = c;
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static bool split(struct mount *m, char *line)
{
	char *save, *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	for (int i = 0; i < 4; i++)
		if (!strtok_r(i ? NULL : line, " ", &save))
			return false;
	m->at = strtok_r(NULL, " ", &save);
	m->options = strtok_r(NULL, " ", &save);
	m->type = strtok_r(rest, " ", &save);
	strtok_r(NULL, " ", &save);
	m->super = strtok_r(NULL, " \n", &save);
	if (!m->at || !m->options || !m->type || !m->super)
		return false;
	unescape(m->at);
	return true;
}

/* Is the word among those that commas separate? */
static bool has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, word, n) &&
			(list[n] == ',' || list[n] == '\0'))
			return true;
	return false;
}

/* What the boot itself may have mounted over the root, and recorded. */
static bool is_recorded(const struct status *s, const char *at)
{
	const json_t *list = boot_record_get(s->record, NULL, "mounts"), *m;
	const char *target;
	size_t i;

	json_array_foreach(list, i, m)
	{
		target = json_string_value(json_object_get(m, "target"));
		if (target && !strcmp(target, at))
			return true;
	}
	return false;
}

/*
 * Programs, libraries and units come from here. A single file of /etc is
 * often mounted over (machine-id, resolv.conf), all of it not.
 */
static bool is_code(const char *at)
{
	static const char *const trees[] = { "/usr", "/bin", "/sbin", "/lib",
		"/lib32", "/lib64", "/libx32" };

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		size_t n = strlen(trees[i]);

		if (!strncmp(at, trees[i], n) && (!at[n] || at[n] == '/'))
			return true;
	}
	return !strcmp(at, "/etc") || !strncmp(at, "/etc/systemd", 12);
}

static void check_root(struct status *s, const struct mount *m)
{
	bool transient = is_recorded(s, "/"); /* an overlay over it */
	bool read_only = has(m->options, "ro") || has(m->super, "ro");
	bool verity = has(m->super, "verity=require");

	if (strcmp(m->type, "overlay") != 0)
		status_add(s, "root", VERDICT_WEAKER,
			"expected an overlay of the image and its objects at /, found %s",
			m->type);
	else if (transient)
		status_add(s, "root", VERDICT_UNKNOWN,
			"an overlay in memory, as recorded; the verified root is below it, out of reach");
	else if (!verity && status_weakened(s) == 0)
		status_add(s, "root", VERDICT_WEAKER,
			"expected verity=require at /, found %s", m->super);
	else if (!read_only)
		status_add(s, "root", VERDICT_WEAKER,
			"expected / to be read-only, found it writable");
	else
		status_add(s, "root", VERDICT_SAME, "overlay, read-only, %s",
			verity ? "every object verified when it is opened"
			       : "objects not verified, as recorded");
}

void status_check_mounts(struct status *s)
{
	char path[PATH_MAX], *line = NULL;
	struct mount m;
	size_t n = 0;
	unsigned recorded = 0; /* /etc, once */
	bool root = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/self/mountinfo", s->proc);
	f = fopen(path, "re");
	while (f && getline(&line, &n, f) > 0) {
		if (!split(&m, line))
			continue;
		if (!strcmp(m.at, "/")) {
			/* A second one would lie over the first. */
			if (root)
				status_add(s, "root", VERDICT_WEAKER,
					"expected one mount at /, found %s over it",
					m.type);
			else
				check_root(s, &m);
			root = true;
		} else if (is_code(m.at) &&
			   (!is_recorded(s, m.at) || recorded++)) {
			status_add(s, "mounts", VERDICT_WEAKER,
				"expected nothing mounted at %s but what is recorded, found %s",
				m.at, m.type);
		}
	}
	if (!root)
		status_add(s, "root", VERDICT_WEAKER,
			"expected a mount at / in %s, found none", path);
	free(line);
	if (f)
		fclose(f);
}
