/* SPDX-License-Identifier: MIT */
/*
 * Which directory an entry is in. A dump goes depth first: it is nearly
 * always one on the path of the last entry, and no name is looked up.
 */
#include <string.h>

#include "tool/dump_private.h"
#include "tool/tree_private.h"

static size_t common_prefix(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (i < n && a[i] == b[i])
		i++;
	return i;
}

/* Leaves on d->path what begins the path of n bytes and then a slash. */
static struct dump_dir *leave(struct dump *d, const char *path, size_t n)
{
	struct dump_dir *last = &d->dirs[d->n_dirs - 1];
	size_t common;

	while (last->n > n)
		last--;
	if (last->n < n || (n && memcmp(path, d->path, n) != 0)) {
		common = common_prefix(path, d->path, last->n);
		while (last->n > common || (last->n && path[last->n] != '/'))
			last--;
	}
	d->n_dirs = (uint32_t)(last - d->dirs) + 1;
	return last;
}

/* path begins with all of d->path, and all of it is the path of inode. */
static int enter(struct dump *d, const char *path, size_t n, uint32_t inode)
{
	size_t at = d->dirs[d->n_dirs - 1].n;

	if (array_reserve(&d->path, &d->cap_path, n + 1, 1, d->e) != 0 ||
		array_reserve(&d->dirs, &d->cap_dirs, (uint64_t)d->n_dirs + 1,
			sizeof(*d->dirs), d->e) != 0)
		return dump_at(d, FIELD_PATH);
	memcpy(d->path + at, path + at, n - at);
	d->dirs[d->n_dirs++] = (struct dump_dir){ n, inode };
	return 0;
}

int dump_find_dir(struct dump *d, struct span *path, uint32_t *dir, char **name)
{
	char *slash = memrchr(path->p, '/', path->n);
	size_t n = slash ? (size_t)(slash - path->p) : 0;
	const struct dump_dir *known = leave(d, path->p, n);

	*name = slash ? slash + 1 : path->p;
	*dir = known->inode;
	if (path->n == 0 || **name == '\0' ||
		memmem(path->p + known->n, path->n - known->n, "//", 2))
		return dump_expected(d, FIELD_PATH, path,
			"an absolute path with a name after each slash");
	if (known->n == n)
		return 0;
	*slash = '\0';
	*dir = tree_lookup(d->t, path->p);
	*slash = '/';
	if (*dir == TREE_NONE)
		return dump_expected(d, FIELD_PATH, path,
			"its directory on a line before it");
	if (!tree_type(d->t, *dir, S_IFDIR))
		return dump_expected(d, FIELD_PATH, path,
			"a path whose parent is a directory");
	return enter(d, path->p, n, *dir);
}

int dump_enter(struct dump *d, const struct span *path, uint32_t inode)
{
	return enter(d, path->p, path->n, inode);
}
