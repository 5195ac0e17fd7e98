/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tool/check.h"
#include "tool/progress.h"
#include "tool/read_objects.h"

/* An image is a file, or the digest of an object of a store. */
static int open_image(struct check *c, const struct store *s, struct reading *d,
	const char *name, struct err *e)
{
	const struct read_options all = { 0 };
	char path[OBJECT_PATH_MAX], full[PATH_MAX + OBJECT_PATH_MAX + 2];
	struct digest digest;
	uint64_t faults = c->faults;

	if (!s || !digest_from_hex(&digest, name, strlen(name)) ||
		digest.algorithm != s->algorithm)
		return reading_open(d, &all, name, e);
	digest_object_path(&digest, path);
	check_add(c, s, path, &digest, SIZE_ANY);
	check_flush(c, s);
	if (c->faults != faults)
		return err_set(e, REASON_FAILED,
			"%s: expected a whole image, found faults in it", name);
	snprintf(full, sizeof(full), "%s/%s", s->name, path);
	return reading_open(d, &all, full, e);
}

/* Those that this store has, and has first. */
static void check_in(struct check *c, const struct store *stores, unsigned n,
	const struct store *s, const struct named_objects *objects)
{
	if (c->prefix)
		c->prefix = s->name;
	for (uint32_t i = 0; i < objects->n; i++) {
		const struct named_object *o = &objects->list[i];
		char path[OBJECT_PATH_MAX], hex[DIGEST_HEX_MAX];

		if (n > 1 && check_store_of(stores, n,
				     digest_to_hex(&o->digest, hex)) != s)
			continue;
		digest_object_path(&o->digest, path);
		check_add(c, s, path, &o->digest, o->size);
	}
	check_flush(c, s);
}

int check_images(struct check *c, const struct store *stores, unsigned n_stores,
	char *const *images, int n, struct err *e)
{
	static struct reading d;
	struct named_objects objects = { 0 };
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		const struct store *s =
			check_store_of(stores, n_stores, images[i]);

		if (c->prefix && s)
			c->prefix = s->name;
		r = open_image(c, s, &d, images[i], e);
		if (r == 0)
			r = objects_add(&objects, &d, true, e);
		reading_close(&d);
	}
	if (r == 0)
		r = objects_sort(&objects, true, e);
	for (unsigned i = 0; i < n_stores && r == 0; i++)
		check_in(c, stores, n_stores, &stores[i], &objects);
	objects_free(&objects);
	return r;
}
