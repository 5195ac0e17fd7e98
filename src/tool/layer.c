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

/* How many bytes of a sparse file are no holes. */
static uint64_t data_size(struct archive_entry *entry)
{
	la_int64_t at, n;
	uint64_t sum = 0;

	archive_entry_sparse_reset(entry);
	while (archive_entry_sparse_next(entry, &at, &n) == ARCHIVE_OK)
		sum += (uint64_t)n;
	return sum;
}

/* What is behind the last block: nothing, or a hole up to the file's end. */
static int end_blocks(struct member *m)
{
	uint64_t size = (uint64_t)archive_entry_size(m->entry);
	uint64_t want = data_size(m->entry);

	m->block.at = size;
	m->block.size = 0;
	m->block.ended = true;
	if (archive_entry_sparse_count(m->entry) == 0)
		want = size;
	if (m->block.seen != want)
		return member_refuse(m,
			"expected %llu bytes of data, found %llu",
			(unsigned long long)want,
			(unsigned long long)m->block.seen);
	return 0;
}

static int next_block(struct member *m)
{
	uint64_t end = (uint64_t)archive_entry_size(m->entry);
	const void *bytes;
	la_int64_t at;
	size_t size;
	int r = archive_read_data_block(m->u->tar, &bytes, &size, &at);

	if (r == ARCHIVE_EOF)
		return end_blocks(m);
	if (r != ARCHIVE_OK) {
		unpack_error(m->u, m->u->tar, m->e);
		return m->u->failed ? -1 : member_at(m);
	}
	if ((uint64_t)at < m->given)
		return member_refuse(m,
			"expected the pieces of a sparse file in order, found one at %lld behind %llu",
			(long long)at, (unsigned long long)m->given);
	if ((uint64_t)at > end || size > end - (uint64_t)at)
		return member_refuse(m,
			"expected a file of %llu bytes, found data behind them",
			(unsigned long long)end);
	m->block.bytes = bytes;
	m->block.at = (uint64_t)at;
	m->block.size = size;
	m->block.seen += size;
	return 0;
}

/* Blocks, and zeros before them. */
static ssize_t read_data(void *ctx, void *buf, size_t n, struct err *e)
{
	struct member *m = ctx;
	struct block *b = &m->block;

	m->e = e;
	while (!b->ended && m->given == b->at + b->size)
		if (next_block(m) != 0)
			return -1;
	if (m->given < b->at) {
		n = n < b->at - m->given ? n : b->at - m->given;
		memset(buf, 0, n);
	} else {
		uint64_t from = m->given - b->at;

		n = n < b->size - from ? n : b->size - from;
		if (n)
			memcpy(buf, b->bytes + from, n);
	}
	m->given += n;
	return (ssize_t)n;
}

/* A sparse file may have data where it says that it has ended. */
static int no_more(struct member *m)
{
	while (!m->block.ended)
		if (next_block(m) != 0)
			return -1;
	return 0;
}

static int set_content(struct member *m, uint32_t inode)
{
	const struct compute_reader from = { m, read_data };
	uint64_t size = (uint64_t)archive_entry_size(m->entry), n = 0;
	uint8_t bytes[SCAN_INLINE_MAX];

	if (size > SCAN_INLINE_MAX) {
		if (m->l->object(
			    m->l->ctx, &from, size, inode, m->path, m->e) != 0)
			return m->refused || m->u->failed ? -1 : member_at(m);
		return no_more(m);
	}
	while (n < size) {
		ssize_t r = read_data(m, bytes + n, size - n, m->e);

		if (r < 0)
			return -1;
		if (r == 0)
			return member_refuse(m,
				"expected %llu bytes, found %llu",
				(unsigned long long)size,
				(unsigned long long)n);
		n += (uint64_t)r;
	}
	if (tree_set_content(m->l->tree, inode, bytes, size, m->e) != 0)
		return member_at(m);
	return no_more(m);
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

/* What libarchive gives in more bits than an inode has. */
static int check_numbers(struct member *m)
{
	const struct {
		const char *what;
		la_int64_t value, max;
	} numbers[] = {
		{ "an owner", archive_entry_uid(m->entry), UINT32_MAX },
		{ "a group", archive_entry_gid(m->entry), UINT32_MAX },
		{ "a size", archive_entry_size(m->entry), INT64_MAX },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].value < 0 || numbers[i].value > numbers[i].max)
			return member_refuse(m,
				"expected %s of 0 to %lld, found %lld",
				numbers[i].what, (long long)numbers[i].max,
				(long long)numbers[i].value);
	return 0;
}

/* A directory may come again in this layer, and is then another one. */
static int remove_old(struct member *m, uint32_t old)
{
	if (tree_type(m->l->tree, old, S_IFDIR) &&
		layer_hid(m->l, m->dir, m->name, m->e) != 0)
		return member_at(m);
	tree_remove(m->l->tree, m->dir, m->name);
	return 0;
}

static int add(struct member *m)
{
	struct tree *t = m->l->tree;
	struct tree_meta meta = meta_of(m->entry);
	uint32_t old;
	int r;

	if (member_place(m) != 0 || check_numbers(m) != 0)
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
		if (old != TREE_NONE && remove_old(m, old) != 0)
			return -1;
		return add_link(m);
	}
	if (old != TREE_NONE && remove_old(m, old) != 0)
		return -1;
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

static const char *warning(struct archive *a)
{
	const char *why = archive_error_string(a);

	return why ? why : "something in its headers is wrong";
}

static int read_members(struct layers *l, struct unpack *u, struct err *e)
{
	struct member m = { .l = l, .u = u, .e = e };

	for (;;) {
		int r = archive_read_next_header(u->tar, &m.entry);

		m.number++;
		m.given = 0;
		m.block = (struct block){ 0 };
		if (r == ARCHIVE_EOF)
			return unpack_end(u, e);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return unpack_error(u, u->tar, e);
		if (r == ARCHIVE_WARN && !is_raw_name(u->tar))
			return member_refuse(&m, "cannot be read whole: %s",
				warning(u->tar));
		if (add(&m) != 0)
			return -1;
	}
}

/* As /usr is now; layers may change that. */
static int copy_usr(struct layers *l, struct err *e)
{
	struct tree_meta meta = { .mode = S_IFDIR | 0755 };
	struct tree *t = l->tree;
	uint32_t usr = tree_child(t, TREE_ROOT, "usr"), n;

	tree_set_meta(t, TREE_ROOT, &meta);
	t->inodes[TREE_ROOT].xattrs = 0;
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

static int end_layer(struct layers *l, struct err *e)
{
	if (!l->stack)
		return 0;
	if (!l->has_root && copy_usr(l, e) != 0)
		return -1;
	return layer_stack_take(l, e);
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
	l->first = l->tree->n_inodes;
	u->e = e;
	r = read_members(l, u, e);
	uselocale(before);
	freelocale(utf8);
	return r == 0 ? end_layer(l, e) : r;
}

int layers_end(struct layers *l, struct err *e)
{
	int r = l->has_root ? 0 : copy_usr(l, e);

	free(l->seen_in);
	l->seen_in = NULL;
	return r;
}
