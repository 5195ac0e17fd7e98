/* SPDX-License-Identifier: MIT */
#include "tool/item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *items_add_release(
	struct items *l, const char *name, const char *version)
{
	struct item *i = &l->list[l->n];
	const char *expected = "at most 64 releases and images";

	if (l->n < ITEMS_MAX) {
		memset(i, 0, sizeof(*i));
		i->is_release = true;
		expected = field_name(i->name, name, strlen(name));
		if (!expected)
			expected = field_name(
				i->version, version, strlen(version));
	}
	if (expected)
		return expected;
	snprintf(i->where, sizeof(i->where), "releases/%s/%s/manifest", name,
		version);
	l->n++;
	return NULL;
}

const char *items_add_image(struct items *l, const char *digest)
{
	struct item *i = &l->list[l->n];

	if (l->n == ITEMS_MAX)
		return "at most 64 releases and images";
	memset(i, 0, sizeof(*i));
	if (!digest_from_hex(&i->images[0], digest, strlen(digest)))
		return "a digest of 64 or 128 lower-case hex digits";
	i->n_images = 1;
	l->n++;
	return NULL;
}

static int too_many(const struct origin *o, struct err *e)
{
	err_set(e, REASON_FAILED,
		"%s: expected at most %d releases or images, found more",
		o->name, ITEMS_MAX);
	return err_hint(e, "name those that are wanted, with --release");
}

/* Names that cannot be those of a release or an image are none. */
static int add_names(struct items *l, struct origin *o, const char *dir,
	const char *release, struct err *e)
{
	struct view_names names;
	int r = 0;

	if (origin_list(o, dir, &names, e) != 0)
		return -1;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char checked[NAME_MAX_SIZE];
		struct digest d;
		const char *name = names.list[i];
		bool good = release ? !field_name(checked, name, strlen(name))
				    : digest_from_hex(&d, name, strlen(name));

		if (good && l->n == ITEMS_MAX)
			r = too_many(o, e);
		else if (good)
			good = release ? items_add_release(l, release, name)
				       : items_add_image(l, name);
	}
	view_names_free(&names);
	return r;
}

static int find_releases(struct items *l, struct origin *o, struct err *e)
{
	char dir[RELEASE_WHERE_MAX], checked[NAME_MAX_SIZE];
	struct view_names names;
	int r = origin_list(o, "releases", &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.list[i];

		if (field_name(checked, name, strlen(name)))
			continue;
		snprintf(dir, sizeof(dir), "releases/%s", checked);
		r = add_names(l, o, dir, checked, e);
	}
	view_names_free(&names);
	return r;
}

int items_find(struct items *l, struct origin *o, struct err *e)
{
	unsigned before = l->n;

	if (find_releases(l, o, e) != 0)
		return -1;
	if (l->n > before)
		return 0;
	/* A store has links there; an export has lists. */
	if (add_names(l, o, "images", NULL, e) != 0)
		return -1;
	return l->n > before ? 0 : add_names(l, o, "lists/images", NULL, e);
}

/* A name that can be written anywhere, and shown. */
static bool good_name(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && n < 128 && strcmp(name + n - 4, ".p7s") == 0 &&
	       strspn(name,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       n;
}

/* What is no signature file does no harm, and is left behind. */
static int read_signature(
	struct item *i, struct origin *o, const char *name, struct err *e)
{
	struct item_signature *s = &i->signatures[i->n_signatures];
	char path[2 * RELEASE_WHERE_MAX];
	struct err unreadable;

	if (!good_name(name) || i->n_signatures == RELEASE_SIGNATURES_MAX)
		return 0;
	snprintf(path, sizeof(path), "releases/%s/%s/%s", i->name, i->version,
		name);
	s->good = true;
	s->name = strdup(name);
	s->bytes = malloc(SIGNATURE_MAX);
	i->n_signatures++;
	if (!s->name || !s->bytes)
		return err_set(e, REASON_FAILED, "%s/%s: out of memory",
			o->name, path);
	if (origin_read(o, path, s->bytes, SIGNATURE_MAX, &s->n, &unreadable) ==
		1)
		return 0;
	free(s->name);
	free(s->bytes);
	i->n_signatures--;
	return 0;
}

static int read_signatures(struct item *i, struct origin *o, struct err *e)
{
	char dir[RELEASE_WHERE_MAX];
	struct view_names names;
	int r;

	snprintf(dir, sizeof(dir), "releases/%s/%s", i->name, i->version);
	r = origin_list(o, dir, &names, e);
	for (size_t n = 0; r == 0 && n < names.n; n++)
		r = read_signature(i, o, names.list[n], e);
	view_names_free(&names);
	return r;
}

int item_read(struct item *i, struct origin *o, struct err *e)
{
	int r;

	if (!i->is_release)
		return 0;
	i->manifest = malloc(RELEASE_MAX);
	if (!i->manifest)
		return err_set(e, REASON_FAILED, "%s/%s: out of memory",
			o->name, i->where);
	r = origin_read(
		o, i->where, i->manifest, RELEASE_MAX, &i->manifest_n, e);
	if (r == 0)
		return err_set(e, REASON_RELEASE_INVALID,
			"%s/%s: expected the manifest of a release, found none",
			o->name, i->where);
	return r < 0 ? -1 : read_signatures(i, o, e);
}

int item_parse(struct item *i, struct err *e)
{
	if (!i->is_release)
		return 0;
	if (release_parse(&i->release, i->name, i->version, i->where,
		    i->manifest, i->manifest_n, e) != 0)
		return -1;
	i->n_images = i->release.images.n;
	memcpy(i->images, i->release.images.list, sizeof(i->images));
	return 0;
}

const char *item_words(const struct item *i, char *out)
{
	char hex[DIGEST_HEX_MAX];

	if (i->is_release)
		snprintf(out, ITEM_WORDS_MAX, "release %s %s", i->name,
			i->version);
	else
		snprintf(out, ITEM_WORDS_MAX, "image %s",
			digest_to_hex(&i->images[0], hex));
	return out;
}

void items_keep(struct items *l, unsigned keep)
{
	while (l->n > keep) {
		struct item *i = &l->list[--l->n];

		free(i->manifest);
		while (i->n_signatures) {
			struct item_signature *s =
				&i->signatures[--i->n_signatures];

			free(s->name);
			free(s->bytes);
		}
	}
}

void items_free(struct items *l)
{
	items_keep(l, 0);
}
