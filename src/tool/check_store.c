/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tool/census.h"
#include "tool/check.h"
#include "tool/view.h"

#define REFS_DEPTH_MAX 32

void check_list(struct check *c, const struct view *v, const char *path,
	struct view_names *names)
{
	int error = view_list(v, path, names);

	if (!error || error == ENOENT)
		return;
	if (v->store)
		check_flush(c, v->store);
	if (error == ENOTDIR || error == ELOOP)
		check_fault(c, FAULT_TYPE, path,
			"expected a directory, found something else");
	else
		check_fault(c, FAULT_UNREADABLE, path,
			"expected a readable directory: %s", strerror(error));
}

bool check_temporary(struct check *c, const char *name)
{
	if (strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY)) != 0)
		return false;
	c->temporary++;
	return true;
}

/* Two hex digits of the directory and the name make a digest. */
static bool object_digest(
	struct store *s, const char *ab, const char *rest, struct digest *d)
{
	char hex[DIGEST_HEX_MAX + 1];
	size_t n = snprintf(hex, sizeof(hex), "%s%s", ab, rest);

	return n < sizeof(hex) && digest_from_hex(d, hex, n) &&
	       d->algorithm == s->algorithm;
}

static void check_objects_in(struct check *c, struct store *s, const char *ab)
{
	const struct view v = view_of(s);
	char dir[300], path[600];
	struct view_names names;
	struct digest d;

	snprintf(dir, sizeof(dir), "objects/%s", ab);
	if (strlen(ab) != 2 || strspn(ab, "0123456789abcdef") != 2) {
		check_flush(c, s);
		check_fault(c, FAULT_NAME, dir,
			"expected a directory of two hex digits, found another name");
		return;
	}
	check_list(c, &v, dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.list[i];

		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (object_digest(s, ab, name, &d)) {
			check_add(c, s, path, &d, SIZE_ANY);
			continue;
		}
		check_flush(c, s);
		check_fault(c, FAULT_NAME, path,
			"expected the name of a %s object, found another name",
			hash_name(s->algorithm));
	}
	view_names_free(&names);
}

/* Reads a symbolic link; anything else, and one that dangles, is a fault. */
static bool read_link(struct check *c, const struct view *v, const char *path,
	char target[static PATH_MAX])
{
	if (view_link(v, path, target) < 0) {
		check_fault(c, FAULT_TYPE, path,
			"expected a symbolic link, found something else: %s",
			strerror(errno));
		return false;
	}
	if (view_leads_to_file(v, path))
		return true;
	check_fault(c, FAULT_LINK, path,
		"expected a link to an image, found one to %s, which is not there",
		target);
	return false;
}

static void check_image_link(
	struct check *c, const struct view *v, const char *name)
{
	char path[300], target[PATH_MAX], want[OBJECT_PATH_MAX + 3] = "../";
	struct digest d;

	snprintf(path, sizeof(path), "images/%s", name);
	if (!digest_from_hex(&d, name, strlen(name)) ||
		(v->algorithm && d.algorithm != v->algorithm)) {
		check_fault(c, FAULT_NAME, path,
			"expected the digest of an image, found another name");
		return;
	}
	digest_object_path(&d, want + 3);
	if (read_link(c, v, path, target) && strcmp(target, want) != 0)
		check_fault(c, FAULT_LINK, path,
			"expected a link to %s, found one to %s", want, target);
}

struct refs {
	struct check *c;
	const struct view *v;
	ext2_u32_list seen; /* the inodes of directories on a disk */
};

/*
 * A damaged disk may have a directory under many names, even below itself:
 * who walks it as often as it is found may never come to an end.
 */
static bool first_visit(struct refs *r, const char *dir)
{
	uint32_t inode = view_inode(r->v, dir);

	if (inode && ext2fs_u32_list_test(r->seen, inode))
		check_fault(r->c, FAULT_TYPE, dir,
			"expected a directory with one name, found one that has another, too");
	else if (inode && ext2fs_u32_list_add(r->seen, inode))
		check_fault(r->c, FAULT_UNREADABLE, dir, "out of memory");
	else
		return true;
	return false;
}

/* A reference names an image. */
static void check_ref(struct refs *r, const char *path)
{
	char target[PATH_MAX], image[PATH_MAX + 8];
	const char *base;

	if (!read_link(r->c, r->v, path, target))
		return;
	base = strrchr(target, '/');
	snprintf(image, sizeof(image), "images/%s", base ? base + 1 : target);
	if (!view_leads_to_file(r->v, image))
		check_fault(r->c, FAULT_LINK, path,
			"expected a link to an entry of images/, found one to %s",
			target);
}

/* References may lie in directories of any depth. */
static void check_refs(struct refs *r, const char *dir, unsigned depth)
{
	char path[PATH_MAX];
	struct view_names names;

	if (!first_visit(r, dir))
		return;
	check_list(r->c, r->v, dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names.list[i]);
		if (depth < REFS_DEPTH_MAX && S_ISDIR(view_mode(r->v, path)))
			check_refs(r, path, depth + 1);
		else
			check_ref(r, path);
	}
	view_names_free(&names);
}

void check_objects(struct check *c, struct store *s)
{
	const struct view v = view_of(s);
	char path[PATH_MAX + 16];
	struct view_names names;

	snprintf(path, sizeof(path), "%s/objects", s->name);
	census_begin(path);
	check_list(c, &v, "objects", &names);
	for (size_t i = 0; i < names.n; i++)
		if (!check_temporary(c, names.list[i]))
			check_objects_in(c, s, names.list[i]);
	check_flush(c, s);
	census_end();
	view_names_free(&names);
}

void check_links(struct check *c, const struct view *v)
{
	struct refs refs = { .c = c, .v = v };
	struct view_names names;

	check_list(c, v, "images", &names);
	for (size_t i = 0; i < names.n; i++)
		if (strcmp(names.list[i], "refs") != 0)
			check_image_link(c, v, names.list[i]);
	view_names_free(&names);
	if (ext2fs_u32_list_create(&refs.seen, 0)) {
		check_fault(
			c, FAULT_UNREADABLE, "images/refs", "out of memory");
		return;
	}
	check_refs(&refs, "images/refs", 0);
	ext2fs_u32_list_free(refs.seen);
}
