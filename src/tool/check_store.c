/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/census.h"
#include "tool/check.h"
#include "tool/store.h"

#define REFS_DEPTH_MAX 32
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS)

/* One directory's names, in byte order, so that two runs say the same. */
struct names {
	struct dirent **list;
	int n;
};

static int no_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A directory that cannot be listed is a fault; then there are no names. */
static void list(
	struct check *c, struct store *s, const char *path, struct names *names)
{
	AUTO_FD
	int fd = open_how(s->fd, path, O_RDONLY | O_DIRECTORY,
		BENEATH | RESOLVE_NO_SYMLINKS);
	int error;

	names->list = NULL;
	names->n = fd < 0 ? -1
			  : scandirat(fd, ".", &names->list, no_dots, by_name);
	if (names->n >= 0)
		return;
	names->n = 0;
	if (fd < 0 && errno == ENOENT)
		return;
	error = errno;
	check_flush(c, s);
	if (fd < 0 && (error == ENOTDIR || error == ELOOP))
		check_fault(c, FAULT_TYPE, path,
			"expected a directory, found something else");
	else
		check_fault(c, FAULT_UNREADABLE, path,
			"expected a readable directory: %s", strerror(error));
}

static void free_names(struct names *names)
{
	for (int i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
}

static bool is_temporary(struct check *c, const char *name)
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
	char dir[300], path[600];
	struct names names;
	struct digest d;

	snprintf(dir, sizeof(dir), "objects/%s", ab);
	if (strlen(ab) != 2 || strspn(ab, "0123456789abcdef") != 2) {
		check_flush(c, s);
		check_fault(c, FAULT_NAME, dir,
			"expected a directory of two hex digits, found another name");
		return;
	}
	list(c, s, dir, &names);
	for (int i = 0; i < names.n; i++) {
		const char *name = names.list[i]->d_name;

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
	free_names(&names);
}

/* Is what path leads to, within the store, a file that is there? */
static bool leads_to_file(struct store *s, const char *path)
{
	AUTO_FD
	int fd = open_how(s->fd, path, O_PATH, BENEATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Reads a symbolic link; anything else, and one that dangles, is a fault. */
static bool read_link(struct check *c, struct store *s, const char *path,
	char target[static PATH_MAX])
{
	ssize_t n = readlinkat(s->fd, path, target, PATH_MAX - 1);

	if (n < 0) {
		check_fault(c, FAULT_TYPE, path,
			"expected a symbolic link, found something else: %s",
			strerror(errno));
		return false;
	}
	target[n] = '\0';
	if (leads_to_file(s, path))
		return true;
	check_fault(c, FAULT_LINK, path,
		"expected a link to an image, found one to %s, which is not there",
		target);
	return false;
}

static void check_image_link(struct check *c, struct store *s, const char *name)
{
	char path[300], target[PATH_MAX], want[OBJECT_PATH_MAX + 3] = "../";
	struct digest d;

	snprintf(path, sizeof(path), "images/%s", name);
	if (!digest_from_hex(&d, name, strlen(name)) ||
		d.algorithm != s->algorithm) {
		check_fault(c, FAULT_NAME, path,
			"expected the digest of an image, found another name");
		return;
	}
	digest_object_path(&d, want + 3);
	if (read_link(c, s, path, target) && strcmp(target, want) != 0)
		check_fault(c, FAULT_LINK, path,
			"expected a link to %s, found one to %s", want, target);
}

/* A reference may lie in directories of any depth, and names an image. */
static void check_refs(
	struct check *c, struct store *s, const char *dir, unsigned depth)
{
	char path[PATH_MAX], target[PATH_MAX], image[PATH_MAX + 8];
	struct names names;

	list(c, s, dir, &names);
	for (int i = 0; i < names.n; i++) {
		struct stat st;
		const char *base;

		snprintf(path, sizeof(path), "%s/%s", dir,
			names.list[i]->d_name);
		if (depth < REFS_DEPTH_MAX &&
			fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode)) {
			check_refs(c, s, path, depth + 1);
			continue;
		}
		if (!read_link(c, s, path, target))
			continue;
		base = strrchr(target, '/');
		snprintf(image, sizeof(image), "images/%s",
			base ? base + 1 : target);
		if (!leads_to_file(s, image))
			check_fault(c, FAULT_LINK, path,
				"expected a link to an entry of images/, found one to %s",
				target);
	}
	free_names(&names);
}

void check_objects(struct check *c, struct store *s)
{
	char path[PATH_MAX + 16];
	struct names names;

	snprintf(path, sizeof(path), "%s/objects", s->name);
	census_begin(path);
	list(c, s, "objects", &names);
	for (int i = 0; i < names.n; i++)
		if (!is_temporary(c, names.list[i]->d_name))
			check_objects_in(c, s, names.list[i]->d_name);
	check_flush(c, s);
	census_end();
	free_names(&names);
}

void check_links(struct check *c, struct store *s)
{
	struct names names;

	list(c, s, "images", &names);
	for (int i = 0; i < names.n; i++)
		if (strcmp(names.list[i]->d_name, "refs") != 0)
			check_image_link(c, s, names.list[i]->d_name);
	free_names(&names);
	check_refs(c, s, "images/refs", 0);
}
