/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tool/dump_private.h"
#include "tool/tree_private.h"

#define MODE_MAX 0177777
#define SIZE_MAX_CHUNKS (1024ull << 43) /* 1024 chunks of 8 TiB */

/* As memchr, for what is mostly a few bytes ahead. */
static char *find_space(char *p, char *end)
{
	for (; p < end && *p != ' '; p++)
		;
	return p < end ? p : NULL;
}

/* The fields before the xattrs, and the xattrs as one. */
static int split(struct dump *d, char *line, size_t n,
	struct span field[FIELD_XATTR + 1])
{
	char *end = line + n;

	for (unsigned f = 0; f < FIELD_XATTR; f++) {
		char *space = f == FIELD_PATH || f >= FIELD_PAYLOAD
				      ? memchr(line, ' ', (size_t)(end - line))
				      : find_space(line, end);

		field[f].p = line;
		field[f].n = (size_t)((space ? space : end) - line);
		if (!space && f + 1 < FIELD_XATTR)
			return dump_expected(d, f + 1, NULL,
				"11 fields separated by single spaces");
		line = space ? space + 1 : end;
	}
	field[FIELD_XATTR].p = line;
	field[FIELD_XATTR].n = (size_t)(end - line);
	return 0;
}

static int parse_mode(
	struct dump *d, const struct span *s, bool *link, uint32_t *mode)
{
	struct span digits = *s;
	uint64_t v;

	*link = s->n && s->p[0] == '@';
	digits.p += *link;
	digits.n -= *link;
	if (dump_number(d, FIELD_MODE, &digits, MODE_MAX, &v) != 0)
		return -1;
	*mode = (uint32_t)v;
	switch (v & S_IFMT) {
	case S_IFDIR:
		if (*link)
			return dump_expected(d, FIELD_MODE, s,
				"a hard link to something else than a directory");
		return 0;
	case S_IFREG:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	default:
		return dump_expected(
			d, FIELD_MODE, s, "a mode with a file type");
	}
}

static int parse_meta(struct dump *d, const struct span *field,
	struct tree_meta *meta, uint32_t *nlink)
{
	uint64_t links, uid, gid, rdev;
	bool device = S_ISCHR(meta->mode) || S_ISBLK(meta->mode);

	if (dump_number(d, FIELD_NLINK, &field[FIELD_NLINK], UINT32_MAX,
		    &links) != 0 ||
		dump_number(d, FIELD_UID, &field[FIELD_UID], UINT32_MAX,
			&uid) != 0 ||
		dump_number(d, FIELD_GID, &field[FIELD_GID], UINT32_MAX,
			&gid) != 0 ||
		dump_number(d, FIELD_RDEV, &field[FIELD_RDEV], UINT32_MAX,
			&rdev) != 0)
		return -1;
	if (d->strict && !device && rdev)
		return dump_expected(d, FIELD_RDEV, &field[FIELD_RDEV],
			"0 for what is no device");
	*nlink = (uint32_t)links;
	meta->uid = (uint32_t)uid;
	meta->gid = (uint32_t)gid;
	meta->rdev = device ? (uint32_t)rdev : 0;
	return dump_mtime(d, &field[FIELD_MTIME], meta);
}

/* Is it the path that an object has whose digest has these digits? */
static bool is_object_path(const struct span *path, const struct span *hex)
{
	/* Of ASCII digits and letters, only capitals have not this bit. */
	const uint64_t small = 0x2020202020202020;
	uint64_t all = small, word;

	if (path->n != hex->n + 1 || path->p[2] != '/' ||
		memcmp(path->p, hex->p, 2) != 0 ||
		memcmp(path->p + 3, hex->p + 2, hex->n - 2) != 0)
		return false;
	for (size_t i = 0; i < hex->n; i += sizeof(word)) {
		memcpy(&word, hex->p + i, sizeof(word));
		all &= word;
	}
	return all == small;
}

static int set_file(
	struct dump *d, uint32_t inode, struct span *field, uint64_t size)
{
	struct span *payload = &field[FIELD_PAYLOAD];
	struct digest digest;
	int has = dump_digest(d, &field[FIELD_DIGEST], &digest);

	if (has < 0)
		return -1;
	if (field[FIELD_CONTENT].p)
		return tree_set_content(d->t, inode, field[FIELD_CONTENT].p,
			       field[FIELD_CONTENT].n, d->e) != 0
			       ? dump_at(d, FIELD_CONTENT)
			       : 0;
	if (size > SIZE_MAX_CHUNKS)
		return dump_expected(d, FIELD_SIZE, &field[FIELD_SIZE],
			"at most 1024 chunks of 8 TiB, %llu bytes",
			SIZE_MAX_CHUNKS);
	if (size == 0)
		return 0;
	if (span_absent(payload))
		payload->n = 0;
	else if (dump_unescape(d, FIELD_PAYLOAD, payload, false) != 0)
		return -1;
	if (payload->n > TREE_TARGET_MAX)
		return dump_expected(d, FIELD_PAYLOAD, payload,
			"a path of at most %d bytes", TREE_TARGET_MAX);
	if (has && is_object_path(payload, &field[FIELD_DIGEST])) {
		if (tree_set_object(d->t, inode, size, &digest, d->e) != 0)
			return dump_at(d, FIELD_DIGEST);
		return 0;
	}
	if (tree_set_backing(d->t, inode, size, payload->n ? payload->p : NULL,
		    has ? &digest : NULL, d->e) != 0)
		return dump_at(d, FIELD_PAYLOAD);
	return 0;
}

static int set_symlink(
	struct dump *d, uint32_t inode, struct span *field, uint64_t size)
{
	struct span *target = &field[FIELD_PAYLOAD];

	if (span_absent(target) || target->n == 0)
		return dump_expected(
			d, FIELD_PAYLOAD, NULL, "a symbolic link's target");
	if (dump_unescape(d, FIELD_PAYLOAD, target, false) != 0)
		return -1;
	if (d->strict && field[FIELD_CONTENT].p)
		return dump_expected(d, FIELD_CONTENT, &field[FIELD_CONTENT],
			"no content for a symbolic link");
	if (d->strict && size != target->n)
		return dump_expected(d, FIELD_SIZE, &field[FIELD_SIZE],
			"the target's %zu bytes", target->n);
	if (tree_set_target(d->t, inode, target->p, d->e) != 0)
		return dump_at(d, FIELD_PAYLOAD);
	return 0;
}

/*
 * Whatever the type is, content has the size that the line says. If there is
 * none, it is NULL from now on: "\\x2d" is content.
 */
static int check_content(struct dump *d, struct span *field, uint64_t size)
{
	struct span *content = &field[FIELD_CONTENT];

	if (span_absent(content)) {
		*content = (struct span){ 0 };
		return 0;
	}
	if (dump_unescape(d, FIELD_CONTENT, content, true) != 0)
		return -1;
	if (content->n > DUMP_CONTENT_MAX)
		return dump_expected(d, FIELD_CONTENT, content,
			"at most %d bytes", DUMP_CONTENT_MAX);
	if (content->n == size)
		return 0;
	return dump_expected(d, FIELD_CONTENT, content, "%llu bytes of content",
		(unsigned long long)size);
}

static int set_xattrs(struct dump *d, uint32_t inode, struct span all)
{
	while (all.n) {
		char *space = memchr(all.p, ' ', all.n);
		size_t n = space ? (size_t)(space - all.p) : all.n;
		char *equal = memchr(all.p, '=', n);
		struct span key = { all.p, n }, value;

		if (!equal)
			return dump_expected(
				d, FIELD_XATTR, &key, "NAME=VALUE");
		key.n = (size_t)(equal - all.p);
		value = (struct span){ equal + 1, n - key.n - 1 };
		if (dump_unescape(d, FIELD_XATTR, &key, false) != 0 ||
			dump_unescape(d, FIELD_XATTR, &value, true) != 0)
			return -1;
		if (tree_set_xattr(
			    d->t, inode, key.p, value.p, value.n, d->e) != 0)
			return dump_at(d, FIELD_XATTR);
		all.p += n + (space != NULL);
		all.n -= n + (space != NULL);
	}
	return 0;
}

static int add(struct dump *d, struct span *field, uint32_t dir, char *name,
	struct tree_meta *meta, uint32_t *inode)
{
	uint32_t nlink = 1;

	if (parse_meta(d, field, meta, &nlink) != 0)
		return -1;
	if (!d->has_root) {
		if (!S_ISDIR(meta->mode))
			return dump_expected(d, FIELD_MODE, &field[FIELD_MODE],
				"a directory as the root");
		d->has_root = true;
		*inode = TREE_ROOT;
		tree_set_meta(d->t, TREE_ROOT, meta);
		return 0;
	}
	if (tree_add(d->t, dir, name, meta, inode, d->e) != 0)
		return dump_at(d, FIELD_PATH);
	if (S_ISDIR(meta->mode))
		return dump_enter(d, &field[FIELD_PATH], *inode);
	if (nlink != 1 && tree_set_nlink(d->t, *inode, nlink, d->e) != 0)
		return dump_at(d, FIELD_NLINK);
	return 0;
}

static int check_path(
	struct dump *d, struct span *path, uint32_t *dir, char **name)
{
	if (dump_unescape(d, FIELD_PATH, path, false) != 0)
		return -1;
	if (path->n == 1 && path->p[0] == '/') {
		if (d->has_root)
			return dump_expected(
				d, FIELD_PATH, path, "only one root");
		return 0;
	}
	if (!d->has_root)
		return dump_expected(
			d, FIELD_PATH, path, "the root / on the first line");
	return dump_find_dir(d, path, dir, name);
}

int dump_line(struct dump *d, char *line, size_t n)
{
	struct span field[FIELD_XATTR + 1];
	struct tree_meta meta = { 0 };
	char *name = NULL;
	uint64_t size;
	uint32_t dir = TREE_ROOT, inode;
	bool link;
	int r = 0;

	d->plain = !memchr(line, '\\', n) && !memchr(line, '\0', n);
	if (split(d, line, n, field) != 0 ||
		check_path(d, &field[FIELD_PATH], &dir, &name) != 0 ||
		parse_mode(d, &field[FIELD_MODE], &link, &meta.mode) != 0)
		return -1;
	if (link) {
		struct span *target = &field[FIELD_PAYLOAD];

		if (!name || span_absent(target) || target->n == 0)
			return dump_expected(
				d, FIELD_PAYLOAD, NULL, "a hard link's target");
		if (dump_unescape(d, FIELD_PAYLOAD, target, false) != 0)
			return -1;
		return dump_link(d, dir, name, target->p);
	}
	if (dump_number(d, FIELD_SIZE, &field[FIELD_SIZE], UINT64_MAX, &size) !=
			0 ||
		check_content(d, field, size) != 0 ||
		add(d, field, dir, name, &meta, &inode) != 0)
		return -1;
	if (S_ISREG(meta.mode))
		r = set_file(d, inode, field, size);
	else if (S_ISLNK(meta.mode))
		r = set_symlink(d, inode, field, size);
	return r == 0 ? set_xattrs(d, inode, field[FIELD_XATTR]) : -1;
}
