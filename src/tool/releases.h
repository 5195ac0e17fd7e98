/* SPDX-License-Identifier: MIT */
/*
 * The releases of a store: read, put there, removed. Their format and who
 * signed them is core/release.h's.
 *
 * A release appears and disappears as a whole: its directory is filled under
 * a temporary name (STORE_TEMPORARY), and renamed when it is on disk; it is
 * removed the other way round. Whoever writes holds the store's lock alone,
 * and so may take away what an interrupted writer left.
 */
#ifndef RW_TOOL_RELEASES_H
#define RW_TOOL_RELEASES_H

#include "core/release.h"
#include "tool/view.h"

struct store_release {
	char name[256], version[256]; /* of the directories */
	char where[RELEASE_WHERE_MAX];
	char *text; /* the manifest, n bytes; release points into it */
	size_t n;
	struct release release;
	unsigned n_signatures; /* files, good or not */
	char *fault;	       /* why the manifest is no good; NULL: it is */
};

struct release_list {
	struct store_release *list;
	size_t n;
};

/*
 * Reads the manifests of all releases, or those of one name or one version
 * of it (NULL: all): by name, then the newest first; those with a fault
 * last, and two of one sequence in byte order of their versions. Nothing is
 * verified. Fails when a directory cannot be read, or there is no memory.
 * releases_free() in any case.
 */
must_check int releases_load(struct release_list *l, const struct store *s,
	const char *name, const char *version, struct err *e);
must_check int releases_load_view(struct release_list *l, const struct view *v,
	const char *name, const char *version, struct err *e);
void releases_free(struct release_list *l);

/* Waits until nobody else has the store open. */
must_check int releases_lock(const struct store *s, struct err *e);

struct release_file {
	const char *name; /* "manifest", "....p7s" */
	const void *bytes;
	size_t n;
};

/*
 * Puts a release there, durably. The store is locked. Refused: one of this
 * name and version.
 */
must_check int releases_put(const struct store *s, const char *name,
	const char *version, const struct release_file *files, size_t n,
	struct err *e);

/*
 * Takes the references away (STORE_REFS) of images that this release names
 * and no other: to be called before it is removed, so that nothing but the
 * release keeps them. One that is interrupted has lost nothing.
 */
must_check int releases_forget_images(
	const struct store *s, const struct store_release *r, struct err *e);

/* Takes a release away, durably. The store is locked. */
must_check int releases_remove(const struct store *s, const char *name,
	const char *version, struct err *e);

#endif
