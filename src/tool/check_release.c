/* SPDX-License-Identifier: MIT */
/*
 * The releases of a store, and its signatures, as far as they can be judged
 * without a policy: who may sign is asked by `rootwright release verify`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/check.h"
#include "tool/releases.h"

/* What a sentence says after "<what>: <name>" and a colon. */
static const char *after(const char *text, const char *what, const char *name)
{
	size_t n = strlen(what) + 2 + strlen(name);

	if (strlen(text) <= n || text[n] != ':')
		return text;
	return text + n + 1 + strspn(text + n + 1, " ");
}

/* Is every signature in a directory one, whoever made it? */
static void check_signatures(
	struct check *c, const struct store *s, const char *dir)
{
	static uint8_t signature[SIGNATURE_MAX];
	AUTO_FD int fd =
		open_how(s->fd, dir, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	struct dir names = { .fd = fd };
	char path[RELEASE_WHERE_MAX + 256];
	struct pkcs7 read;
	const char *name;
	struct err e;
	size_t n;

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0)
		names.error = errno;
	while (fd >= 0 && (name = dir_next(&names))) {
		size_t end = strlen(name);

		if (end < 5 || strcmp(name + end - 4, ".p7s") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (signature_load(fd, name, signature, &n, &e) != 0 ||
			pkcs7_read(&read, name, signature, n, &e) != 0)
			check_fault(c, FAULT_SIGNATURE, path, "%s",
				after(e.text, "signature", name));
	}
	if (names.error)
		check_fault(c, FAULT_UNREADABLE, dir,
			"expected a readable directory: %s",
			strerror(names.error));
}

static void check_images_of(
	struct check *c, const struct store *s, const struct store_release *x)
{
	char path[OBJECT_PATH_MAX];
	struct stat st;

	for (unsigned i = 0; i < x->release.n_images; i++) {
		digest_object_path(&x->release.images[i], path);
		if (fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(st.st_mode))
			check_fault(c, FAULT_MISSING, path,
				"expected the image of release %s %s, found none",
				x->name, x->version);
	}
}

static void check_release(struct check *c, const struct store *s,
	const struct store_release *x, const struct store_release *before)
{
	char dir[RELEASE_WHERE_MAX];

	/* Where there is no manifest, signatures of it mean nothing. */
	if (x->fault) {
		check_fault(c, FAULT_RELEASE, x->where, "%s",
			after(x->fault, "release", x->where));
	} else {
		check_images_of(c, s, x);
		if (before && !strcmp(before->name, x->name) &&
			before->release.sequence == x->release.sequence)
			check_fault(c, FAULT_RELEASE, x->where,
				"expected a sequence of its own, found %llu, that of %s",
				U64(x->release.sequence), before->version);
	}
	snprintf(dir, sizeof(dir), "releases/%.64s/%.64s", x->name, x->version);
	if (x->text)
		check_signatures(c, s, dir);
}

void check_releases(struct check *c, const struct store *s)
{
	struct release_list l;
	struct err e;

	if (releases_load(&l, s, NULL, NULL, &e) != 0)
		check_fault(c, FAULT_UNREADABLE, "releases", "%s", e.text);
	for (size_t i = 0; i < l.n; i++)
		check_release(c, s, &l.list[i], i ? &l.list[i - 1] : NULL);
	releases_free(&l);
	check_signatures(c, s, "signatures");
}
