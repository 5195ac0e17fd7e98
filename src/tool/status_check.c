/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/policy.h"
#include "core/text.h"
#include "core/verity.h"
#include "tool/status.h"

void status_add(struct status *s, const char *name, enum verdict v,
	const char *fmt, ...)
{
	struct finding *f =
		&s->findings[s->n < FINDINGS_MAX ? s->n++ : FINDINGS_MAX - 1];
	va_list ap;

	f->name = name;
	f->verdict = v;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	text_printable(f->text);
}

const struct finding *status_weaker(const struct status *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->findings[i].verdict == VERDICT_WEAKER)
			return &s->findings[i];
	return NULL;
}

size_t status_weakened(const struct status *s)
{
	return json_array_size(boot_record_get(s->record, NULL, "weakened"));
}

const char *verdict_name(enum verdict v)
{
	return v == VERDICT_SAME      ? "same"
	       : v == VERDICT_UNKNOWN ? "unknown"
				      : "weaker";
}

const char *status_word(const struct status *s)
{
	return status_weaker(s)	    ? "weaker"
	       : status_weakened(s) ? "weakened"
				    : "verified";
}

/* A small file of /proc, without its newline; false: *text says why. */
static bool read_proc(
	const struct status *s, const char *name, char *text, size_t n)
{
	char path[PATH_MAX];
	AUTO_FD int fd = -1;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/%s", s->proc, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read_all(fd, text, n - 1);
	if (got < 0) {
		snprintf(text, n, "%.500s cannot be read: %s", path,
			strerror(errno));
		return false;
	}
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static void check_kernel(struct status *s)
{
	const char *want = boot_record_string(s->record, "kernel", "release");
	char found[1024];

	if (!read_proc(s, "sys/kernel/osrelease", found, sizeof(found)))
		status_add(s, "kernel", VERDICT_WEAKER, "%s", found);
	else if (!want)
		status_add(s, "kernel", VERDICT_UNKNOWN,
			"%s; the record does not say which one booted", found);
	else if (strcmp(want, found) != 0)
		status_add(s, "kernel", VERDICT_WEAKER,
			"expected %s, as recorded, found %s", want, found);
	else
		status_add(s, "kernel", VERDICT_SAME, "%s", found);
}

/* The digest of the i-th image, or NULL; an old record has only one. */
static const char *recorded(const struct status *s, size_t i)
{
	const json_t *images = boot_record_get(s->record, NULL, "images");

	if (!images)
		return i ? NULL
			 : boot_record_string(s->record, "image", "digest");
	return boot_record_string(json_array_get(images, i), NULL, "digest");
}

/* Where the command line named the images, it still has to. */
static void check_cmdline(struct status *s)
{
	static char text[CMDLINE_MAX];
	const char *by = boot_record_string(s->record, "image", "named_by");
	bool all = by && !strcmp(by, "command line");
	struct cmdline c;
	struct err e;

	if (!read_proc(s, "cmdline", text, sizeof(text))) {
		status_add(s, "command line", VERDICT_WEAKER, "%s", text);
		return;
	}
	if (cmdline_parse(&c, text, &e) != 0) {
		status_add(s, "command line", VERDICT_WEAKER, "%s", e.text);
		return;
	}
	for (unsigned i = 0; i < IMAGES_MAX; i++) {
		const char *want = recorded(s, i);
		char hex[DIGEST_HEX_MAX] = "none";

		if (i < c.said.images.n)
			digest_to_hex(&c.said.images.list[i], hex);
		else if (!all || (i && !want))
			break;
		if (want && strcmp(want, hex) == 0)
			continue;
		status_add(s, "command line", VERDICT_WEAKER,
			"expected %s%s, as recorded, found %s",
			want || !i ? "composefs=" : "no other composefs=",
			want ? want
			: i  ? ""
			     : "?",
			hex);
		return;
	}
	status_add(s, "command line", VERDICT_SAME,
		c.said.images.n > 1 ? "names these images"
		: c.said.images.n   ? "names this image"
				    : "names no image, as recorded");
}

/*
 * The kernel's own measurement of an image, in the first store that has it;
 * not if *store is NULL. False: it is not the recorded one.
 */
static bool check_image(struct status *s, const char *want, const char **store)
{
	char path[OBJECT_PATH_MAX], hex[DIGEST_HEX_MAX];
	struct digest d, found;
	AUTO_FD int fd = -1;

	if (!want || !digest_from_hex(&d, want, strlen(want))) {
		status_add(s, "image", VERDICT_WEAKER,
			"expected its digest in the record, found none");
		return false;
	}
	digest_object_path(&d, path);
	for (unsigned i = 0; i < s->n_stores && fd < 0; i++) {
		AUTO_FD int dir =
			open(s->stores[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		*store = s->stores[i];
		fd = dir < 0 ? -1 : open_regular_beneath(dir, path);
		if (fd < 0 && errno != ENOENT)
			break;
	}
	if (!*store)
		return true;
	if (fd < 0)
		status_add(s, "image", VERDICT_WEAKER, "%s/%s: %s", *store,
			path, strerror(errno));
	else if (verity_measure(fd, &found) != 0)
		status_add(s, "image", VERDICT_WEAKER,
			"%s/%s: expected fs-verity, found none: %s", *store,
			path, strerror(errno));
	else if (!digest_equal(&d, &found))
		status_add(s, "image", VERDICT_WEAKER,
			"%s/%s: expected its own digest, found %s", *store,
			path, digest_to_hex(&found, hex));
	else
		return true;
	return false;
}

/* Where somebody shows us the store. */
static void check_images(struct status *s)
{
	size_t i,
		n = json_array_size(boot_record_get(s->record, NULL, "images"));
	const char *store = NULL;

	for (i = 0; i < n || i == 0; i++)
		if (!check_image(s, recorded(s, i), &store))
			return;
	if (!store)
		status_add(s, "image", VERDICT_UNKNOWN,
			"its file is out of reach: --store says where its store is mounted");
	else if (i == 1)
		status_add(s, "image", VERDICT_SAME,
			"the kernel measures the recorded digest in %s", store);
	else
		status_add(s, "image", VERDICT_SAME,
			"the kernel measures the recorded digests of all %zu",
			i);
}

void status_check(struct status *s, bool private)
{
	s->n = 0;
	status_add(s, "boot record", private ? VERDICT_SAME : VERDICT_WEAKER,
		private ? "only root can write it"
			: "expected a file that only root can write, found one that others can");
	check_kernel(s);
	check_cmdline(s);
	status_check_mounts(s);
	check_images(s);
}
