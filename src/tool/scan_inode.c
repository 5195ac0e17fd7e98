/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "tool/scan_private.h"

#define XATTR_USUAL 512 /* bytes of names, or of a value */

static struct seen *seen_slot(
	struct seen *seen, uint32_t cap, uint64_t dev, uint64_t ino)
{
	uint32_t at = (uint32_t)hash_bytes(dev, &ino, sizeof(ino)) & (cap - 1);

	while (seen[at].used && (seen[at].dev != dev || seen[at].ino != ino))
		at = (at + 1) & (cap - 1);
	return &seen[at];
}

static int seen_grow(struct scan *s)
{
	uint64_t cap = s->cap_seen ? (uint64_t)s->cap_seen * 2 : 1024;
	struct seen *bigger = calloc(cap, sizeof(*bigger));

	if (!bigger || cap > UINT32_MAX) {
		free(bigger);
		return err_set(s->e, REASON_FAILED, "tree: out of memory");
	}
	for (uint32_t i = 0; i < s->cap_seen; i++)
		if (s->seen[i].used)
			*seen_slot(bigger, (uint32_t)cap, s->seen[i].dev,
				s->seen[i].ino) = s->seen[i];
	free(s->seen);
	s->seen = bigger;
	s->cap_seen = (uint32_t)cap;
	return 0;
}

int scan_link(
	struct scan *s, uint32_t dir, const char *name, const struct stat *st)
{
	const struct seen *seen;

	if (st->st_nlink < 2 || s->cap_seen == 0)
		return 0;
	seen = seen_slot(s->seen, s->cap_seen, st->st_dev, st->st_ino);
	if (!seen->used)
		return 0;
	return entry_append(s->tree, dir, name, seen->inode, s->e) != 0 ? -1
									: 1;
}

int scan_link_note(struct scan *s, const struct stat *st, uint32_t inode)
{
	if (st->st_nlink < 2)
		return 0;
	if ((s->n_seen + 1) * 2ull > s->cap_seen && seen_grow(s) != 0)
		return -1;
	*seen_slot(s->seen, s->cap_seen, st->st_dev, st->st_ino) =
		(struct seen){ st->st_dev, st->st_ino, inode, true };
	s->n_seen++;
	return 0;
}

/* Where the thing's xattrs are asked for: an fd or a path, never both. */
struct where {
	int fd;
	char path[64 + TREE_NAME_MAX];
};

static ssize_t list_some(const struct where *w, char *list, size_t n)
{
	return w->fd >= 0 ? flistxattr(w->fd, list, n)
			  : llistxattr(w->path, list, n);
}

static ssize_t get_some(
	const struct where *w, const char *key, void *value, size_t n)
{
	return w->fd >= 0 ? fgetxattr(w->fd, key, value, n)
			  : lgetxattr(w->path, key, value, n);
}

/* The kernel allocates, and clears, as much as it is told that there is. */
static ssize_t list_xattrs(const struct where *w, char *list, size_t max)
{
	ssize_t n = list_some(w, list, XATTR_USUAL);

	return n < 0 && errno == ERANGE ? list_some(w, list, max) : n;
}

static ssize_t get_xattr(
	const struct where *w, const char *key, void *value, size_t max)
{
	ssize_t n = get_some(w, key, value, XATTR_USUAL);

	return n < 0 && errno == ERANGE ? get_some(w, key, value, max) : n;
}

static int xattr_failed(
	struct scan *s, uint32_t dir, const char *name, const char *key)
{
	char path[SCAN_PATH];
	int errnum = errno;

	scan_path(s, dir, name, path);
	if (errnum == ENODATA || errnum == ERANGE)
		return err_set(s->e, REASON_FAILED,
			"%s: expected a tree that does not change while it is "
			"scanned, found other xattrs",
			path);
	return err_sys(s->e, REASON_FAILED, errnum,
		"%s: xattr%s%s cannot be read", path, key ? " " : "s",
		key ? key : "");
}

int scan_xattrs(struct scan *s, int fd, const char *at, uint32_t dir,
	const char *name, uint32_t inode)
{
	/* As much as the kernel gives: XATTR_LIST_MAX, XATTR_SIZE_MAX. */
	const size_t max = 65536;
	struct where w = { .fd = fd };
	ssize_t n;

	/* An fd would need the right to open; l...xattr takes only a path. */
	if (fd < 0)
		snprintf(w.path, sizeof(w.path), "/proc/self/fd/%d/%s", s->fd,
			at);
	if (array_reserve(&s->list, &s->cap_list, max * 2, 1, s->e) != 0)
		return -1;
	n = list_xattrs(&w, s->list, max);
	if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		return 0;
	if (n < 0)
		return xattr_failed(s, dir, name, NULL);
	for (const char *key = s->list; key < s->list + n;
		key += strlen(key) + 1) {
		char *value = s->list + max;
		ssize_t size = get_xattr(&w, key, value, max);

		if (size < 0)
			return xattr_failed(s, dir, name, key);
		if (tree_set_xattr(s->tree, inode, key, value, (size_t)size,
			    s->e) != 0)
			return -1;
	}
	return 0;
}
