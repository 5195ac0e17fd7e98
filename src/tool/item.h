/* SPDX-License-Identifier: MIT */
/*
 * What install and export move: a release with its images, or an image on
 * its own; with the signatures that lie beside them at the origin. Everything
 * is read once, into memory of a stated size, and nothing in it is believed:
 * the manifest of a release is parsed when item_parse() is called, after
 * whoever verifies it has done so.
 */
#ifndef RW_TOOL_ITEM_H
#define RW_TOOL_ITEM_H

#include "core/release.h"
#include "tool/device_policy.h"
#include "tool/origin.h"

#define ITEMS_MAX 64

struct item {
	bool is_release;
	/* A release's: */
	char name[NAME_MAX_SIZE], version[NAME_MAX_SIZE];
	char where[RELEASE_WHERE_MAX]; /* "releases/<name>/<version>/manifest"
					*/
	char *manifest;
	size_t manifest_n;
	struct item_signature signatures[RELEASE_SIGNATURES_MAX];
	unsigned n_signatures;
	bool verified;		/* by install.h; it is read and parsed, too */
	struct release release; /* after item_parse; points into manifest */
	/* An image's, or after item_parse the release's: */
	unsigned n_images;
	struct digest images[RELEASE_IMAGES_MAX];
};

struct items {
	struct item list[ITEMS_MAX];
	unsigned n;
};

/*
 * From the command line: --release NAME VERSION, --image DIGEST. Returns the
 * words that follow "expected", or NULL.
 */
const char *items_add_release(
	struct items *l, const char *name, const char *version);
const char *items_add_image(struct items *l, const char *digest);

/*
 * Adds all that the origin has: every release, or every image where it has
 * no release. Refused: more than ITEMS_MAX.
 */
must_check int items_find(struct items *l, struct origin *o, struct err *e);

/* Reads a release's manifest and signatures; nothing to do for an image. */
must_check int item_read(struct item *i, struct origin *o, struct err *e);

/* Knows the release's images from here on. */
must_check int item_parse(struct item *i, struct err *e);

/* "release NAME VERSION" or "image DIGEST", into out (ITEM_WORDS_MAX). */
#define ITEM_WORDS_MAX 160
const char *item_words(const struct item *i, char *out);

/* Forgets all but the first n. */
void items_keep(struct items *l, unsigned n);
void items_free(struct items *l);

#endif
