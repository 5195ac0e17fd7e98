/* SPDX-License-Identifier: MIT */
/*
 * The releases of a store, and its signatures, as far as they can be judged
 * without a policy: who may sign is asked by `rootwright release verify`.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

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
	struct check *c, const struct view *v, const char *dir)
{
	static uint8_t signature[SIGNATURE_MAX];
	char path[RELEASE_WHERE_MAX + 256];
	struct view_names names;
	struct pkcs7 read;
	struct err e;

	check_list(c, v, dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.list[i];
		size_t end = strlen(name);
		ssize_t n;

		if (end < 5 || strcmp(name + end - 4, ".p7s") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		n = view_read(v, path, signature, sizeof(signature));
		if (n < 0)
			check_fault(c, FAULT_SIGNATURE, path,
				"expected a regular file of at most %d bytes: %s",
				SIGNATURE_MAX, strerror(errno));
		else if (pkcs7_read(&read, name, signature, n, &e) != 0)
			check_fault(c, FAULT_SIGNATURE, path, "%s",
				after(e.text, "signature", name));
	}
	view_names_free(&names);
}

static void check_images_of(
	struct check *c, const struct view *v, const struct store_release *x)
{
	char path[OBJECT_PATH_MAX];

	for (unsigned i = 0; i < x->release.images.n; i++) {
		digest_object_path(&x->release.images.list[i], path);
		if (!S_ISREG(view_mode(v, path)))
			check_fault(c, FAULT_MISSING, path,
				"expected the image of release %s %s, found none",
				x->name, x->version);
	}
}

static void check_release(struct check *c, const struct view *v,
	const struct store_release *x, const struct store_release *before)
{
	char dir[RELEASE_WHERE_MAX];

	/* Where there is no manifest, signatures of it mean nothing. */
	if (x->fault) {
		check_fault(c, FAULT_RELEASE, x->where, "%s",
			after(x->fault, "release", x->where));
	} else {
		check_images_of(c, v, x);
		if (before && !strcmp(before->name, x->name) &&
			before->release.sequence == x->release.sequence)
			check_fault(c, FAULT_RELEASE, x->where,
				"expected a sequence of its own, found %llu, that of %s",
				U64(x->release.sequence), before->version);
	}
	snprintf(dir, sizeof(dir), "releases/%.64s/%.64s", x->name, x->version);
	if (x->text)
		check_signatures(c, v, dir);
}

void check_releases(struct check *c, const struct view *v)
{
	struct release_list l;
	struct err e;

	if (releases_load_view(&l, v, NULL, NULL, &e) != 0)
		check_fault(c, FAULT_UNREADABLE, "releases", "%s", e.text);
	for (size_t i = 0; i < l.n; i++)
		check_release(c, v, &l.list[i], i ? &l.list[i - 1] : NULL);
	releases_free(&l);
	check_signatures(c, v, "signatures");
}
