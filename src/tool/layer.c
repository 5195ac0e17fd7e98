/* SPDX-License-Identifier: MIT */
#include "tool/layer.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tool/layer_private.h"
#include "tool/scan.h"
#include "tool/tree_private.h"

static struct tree_meta meta_of(struct archive_entry *entry)
{
	return (struct tree_meta){
		.mode = archive_entry_mode(entry),
		.uid = (uint32_t)archive_entry_uid(entry),
		.gid = (uint32_t)archive_entry_gid(entry),
		.rdev = (uint32_t)makedev(archive_entry_rdevmajor(entry),
			archive_entry_rdevminor(entry)),
		.mtime = archive_entry_mtime(entry),
		.mtime_nsec = (uint32_t)archive_entry_mtime_nsec(entry),
	};
}

static ssize_t read_data(void *ctx, void *buf, size_t n, struct err *e)
{
	struct member *m = ctx;
	uint64_t left = (uint64_t)archive_entry_size(m->entry) - m->given;
	la_ssize_t r = archive_read_data(m->u->tar, buf, n);

	/* What is cut is an error; libarchive only leaves a last hole out. */
	if (r == 0 && archive_entry_sparse_count(m->entry) > 0) {
		r = (la_ssize_t)(n < left ? n : left);
		memset(buf, 0, (size_t)r);
	}
	m->given += r > 0 ? (uint64_t)r : 0;
	return r < 0 ? unpack_error(m->u, m->u->tar, e) : r;
}

static int set_content(struct member *m, uint32_t inode)
{
	const struct compute_reader from = { m, read_data };
	uint64_t size = (uint64_t)archive_entry_size(m->entry), n = 0;
	uint8_t bytes[SCAN_INLINE_MAX];

	if (size > SCAN_INLINE_MAX) {
		if (m->l->object(
			    m->l->ctx, &from, size, inode, m->path, m->e) != 0)
			return m->u->failed ? -1 : member_at(m);
		return 0;
	}
	while (n < size) {
		ssize_t r = read_data(m, bytes + n, size - n, m->e);

		if (r < 0)
			return m->u->failed ? -1 : member_at(m);
		if (r == 0)
			return member_refuse(m,
				"expected %llu bytes, found %llu",
				(unsigned long long)size,
				(unsigned long long)n);
		n += (uint64_t)r;
	}
	return tree_set_content(m->l->tree, inode, bytes, size, m->e);
}

static int set_xattrs(struct member *m, uint32_t inode)
{
	const char *name;
	const void *value;
	size_t n;

	if (archive_entry_acl_types(m->entry) != 0) {
		member_refuse(
			m, "expected ACLs as xattrs, found an ACL in words");
		return err_hint(m->e,
			"tar --xattrs --xattrs-include='*' without --acls keeps them as they are");
	}
	archive_entry_xattr_reset(m->entry);
	while (archive_entry_xattr_next(m->entry, &name, &value, &n) ==
		ARCHIVE_OK) {
		if (tree_set_xattr(m->l->tree, inode, name, value, n, m->e) !=
			0)
			return member_at(m);
	}
	return 0;
}

/* A directory that is there already gets what this layer says of it. */
static int renew_directory(
	struct member *m, uint32_t inode, const struct tree_meta *meta)
{
	struct tree *t = m->l->tree;

	tree_set_meta(t, inode, meta);
	t->inodes[inode].xattrs = 0;
	if (set_xattrs(m, inode) != 0)
		return -1;
	return layer_saw(m->l, inode, m->e) == 0 ? 0 : member_at(m);
}

static int add_root(struct member *m, const struct tree_meta *meta)
{
	if ((meta->mode & S_IFMT) != S_IFDIR)
		return member_refuse(m,
			"expected a directory as the root, found another type");
	if (m->l->has_root && !m->l->oci)
		return member_refuse(
			m, "expected each name once, found the root twice");
	m->l->has_root = true;
	return renew_directory(m, TREE_ROOT, meta);
}

static int add_link(struct member *m)
{
	struct tree *t = m->l->tree;
	uint32_t inode = m->target[0] ? tree_lookup(t, m->target) : TREE_ROOT;

	if (inode == TREE_NONE || tree_type(t, inode, S_IFDIR))
		return member_refuse(m,
			"expected a hard link to a file before it, found %s \"%.200s\"",
			inode == TREE_NONE ? "none of the name"
					   : "the directory",
			m->target);
	if (tree_link(t, m->dir, m->name, inode, m->e) != 0 ||
		layer_saw(m->l, inode, m->e) != 0)
		return member_at(m);
	return 0;
}

static int add_new(struct member *m, const struct tree_meta *meta)
{
	struct tree *t = m->l->tree;
	const char *target = archive_entry_symlink(m->entry);
	uint32_t inode;
	int r = 0;

	if (tree_add(t, m->dir, m->name, meta, &inode, m->e) != 0 ||
		layer_saw(m->l, inode, m->e) != 0)
		return member_at(m);
	if (S_ISLNK(meta->mode) &&
		tree_set_target(t, inode, target ? target : "", m->e) != 0)
		return member_at(m);
	if (S_ISREG(meta->mode) && archive_entry_size(m->entry) > 0)
		r = set_content(m, inode);
	return r == 0 ? set_xattrs(m, inode) : -1;
}

static int add(struct member *m)
{
	struct tree *t = m->l->tree;
	struct tree_meta meta = meta_of(m->entry);
	uint32_t old;
	int r;

	if (member_place(m) != 0)
		return -1;
	if (m->path[0] == '\0')
		return add_root(m, &meta);
	r = member_whiteout(m);
	if (r != 0)
		return r < 0 ? -1 : 0;
	old = tree_child(t, m->dir, m->name);
	if (old != TREE_NONE &&
		(!m->l->oci || (layer_has(m->l, old) && !S_ISDIR(meta.mode))))
		return member_refuse(
			m, "expected each name once, found it twice");
	if (old != TREE_NONE && S_ISDIR(meta.mode) &&
		tree_type(t, old, S_IFDIR))
		return renew_directory(m, old, &meta);
	if (archive_entry_hardlink(m->entry)) {
		/* The target may be the name itself, in a lower layer. */
		if (old != TREE_NONE && tree_lookup(t, m->target) == old)
			return layer_saw(m->l, old, m->e);
		if (old != TREE_NONE)
			tree_remove(t, m->dir, m->name);
		return add_link(m);
	}
	if (old != TREE_NONE)
		tree_remove(t, m->dir, m->name);
	return add_new(m, &meta);
}

/*
 * A warning is that something of the entry was lost; but a name that is not
 * UTF-8 is then given as it is.
 */
static bool is_raw_name(struct archive *a)
{
	const char *why = archive_error_string(a);

	return why && strstr(why, "can't be converted from UTF-8");
}

static int read_members(struct layers *l, struct unpack *u, struct err *e)
{
	struct member m = { .l = l, .u = u, .e = e };

	for (;;) {
		int r = archive_read_next_header(u->tar, &m.entry);

		m.number++;
		m.given = 0;
		if (r == ARCHIVE_EOF)
			return unpack_end(u, e);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return unpack_error(u, u->tar, e);
		if (r == ARCHIVE_WARN && !is_raw_name(u->tar))
			return member_refuse(&m, "cannot be read whole: %s",
				archive_error_string(u->tar));
		if (add(&m) != 0)
			return -1;
	}
}

int layer_read(struct layers *l, struct unpack *u, struct err *e)
{
	/* Names are bytes: libarchive leaves UTF-8 as it is only in UTF-8. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int r;

	if (!utf8)
		return err_set(e, REASON_FAILED,
			"%s: expected the locale C.UTF-8, found none", u->name);
	l->n++;
	u->e = e;
	r = read_members(l, u, e);
	uselocale(before);
	freelocale(utf8);
	return r;
}

static int copy_usr(struct layers *l, struct err *e)
{
	struct tree *t = l->tree;
	uint32_t usr = tree_child(t, TREE_ROOT, "usr"), n;
	struct tree_meta meta;

	if (usr == TREE_NONE || !tree_type(t, usr, S_IFDIR))
		return 0;
	tree_get_meta(t, usr, &meta);
	tree_set_meta(t, TREE_ROOT, &meta);
	n = t->refs[t->inodes[usr].xattrs];
	for (uint32_t i = 1; i <= n; i++)
		if (pair_set(t, TREE_ROOT, t->refs[t->inodes[usr].xattrs + i],
			    e) != 0)
			return -1;
	return 0;
}

int layers_end(struct layers *l, struct err *e)
{
	int r = l->has_root ? 0 : copy_usr(l, e);

	free(l->seen_in);
	l->seen_in = NULL;
	return r;
}
