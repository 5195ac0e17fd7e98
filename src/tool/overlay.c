/* SPDX-License-Identifier: MIT */
/*
 * What overlayfs would misread in a tree is escaped, and what it needs is
 * added: https://docs.kernel.org/filesystems/overlayfs.html and what
 * mkcomposefs 1.0.8 makes of it.
 */
#include <string.h>

#include "tool/tree_private.h"

/* One of the source, which is content. */
static bool is_whiteout(const struct tree *t, uint32_t inode)
{
	return tree_type(t, inode, S_IFCHR) && t->inodes[inode].payload == 0 &&
	       !t->inodes[inode].hides;
}

static unsigned choose_version(const struct tree *t, unsigned min, unsigned max)
{
	if (min >= 1 || max < 1)
		return min;
	for (uint32_t i = 0; i < t->n_inodes; i++)
		if (t->inodes[i].links && is_whiteout(t, i))
			return 1;
	return min;
}

/* The value of a hex digit as a stub's name has it, or -1. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Which of the names 00 to ff the root has. */
static void stubs_there(const struct tree *t, bool *there)
{
	uint32_t i = t->inodes[TREE_ROOT].payload;

	for (; i != TREE_NONE; i = t->entries[i].next) {
		const char *name = entry_name(t, i);

		if (t->entries[i].inode != TREE_NONE &&
			entry_name_size(t, i) == 2 && digit(name[0]) >= 0 &&
			digit(name[1]) >= 0)
			there[digit(name[0]) * 16 + digit(name[1])] = true;
	}
}

/*
 * The root hides the object directories ab/ of a data layer below it, and
 * this image does not capture the redirects of one stacked above it.
 */
static int add_stubs(struct tree *t, struct err *e)
{
	uint32_t label = pair_find(t, TREE_ROOT, "security.selinux");
	bool there[256] = { false };
	struct tree_meta meta;

	tree_get_meta(t, TREE_ROOT, &meta);
	meta.mode = S_IFCHR | 0644;
	meta.rdev = 0;
	stubs_there(t, there);
	for (unsigned i = 0; i < 256; i++) {
		const char hex[] = "0123456789abcdef";
		const char name[] = { hex[i / 16], hex[i % 16], '\0' };
		uint32_t inode;

		if (there[i])
			continue;
		if (inode_new(t, &meta, &inode, e) != 0 ||
			entry_append(t, TREE_ROOT, name, inode, e) != 0)
			return -1;
		if (label != TREE_NONE && pair_set(t, inode, label, e) != 0)
			return -1;
	}
	return 0;
}

static int set_both(struct tree *t, uint32_t inode, const char *name,
	const char *value, struct err *e)
{
	char key[64] = "trusted.overlay.overlay.";
	size_t n = strlen(value);

	strcat(key, name);
	if (xattr_set_own(t, inode, key, value, n, e) != 0)
		return -1;
	strcpy(key, "user.overlay.");
	strcat(key, name);
	return xattr_set_own(t, inode, key, value, n, e);
}

/*
 * A whiteout of the source becomes a file that says it is one, and its
 * directory says that it has such files.
 */
static int escape_whiteout(
	struct tree *t, uint32_t inode, unsigned version, struct err *e)
{
	uint32_t parent = tree_parent(t, inode);
	struct tree_inode *i = &t->inodes[inode];

	i->mode = S_IFREG | (i->mode & ~S_IFMT);
	i->size = 0;
	if (set_both(t, inode, "whiteout", "", e) != 0 ||
		set_both(t, parent, "whiteouts", "", e) != 0)
		return -1;
	return version >= 1 ? set_both(t, parent, "opaque", "x", e) : 0;
}

/*
 * A directory that hides what is below it, in both of overlayfs' name spaces:
 * which of them it reads depends on who mounts.
 */
static int mark_opaque(struct tree *t, uint32_t inode, struct err *e)
{
	if (xattr_set_own(t, inode, "trusted.overlay.opaque", "y", 1, e) != 0)
		return -1;
	return xattr_set_own(t, inode, "user.overlay.opaque", "y", 1, e);
}

int overlay_prepare(struct tree *t, unsigned min, unsigned max,
	unsigned *version, struct err *e)
{
	uint32_t n = t->n_inodes;

	*version = choose_version(t, min, max);
	if (xattr_escape(t, e) != 0 || given_xattrs(t, e) != 0 ||
		add_stubs(t, e) != 0 ||
		xattr_set_own(t, TREE_ROOT, "trusted.overlay.opaque", "y", 1,
			e) != 0 ||
		tree_freeze(t, e) != 0)
		return -1;
	/* The stubs, from n on, are meant to be whiteouts. */
	for (uint32_t i = 0; i < n; i++)
		if (t->inodes[i].links && is_whiteout(t, i) &&
			escape_whiteout(t, i, *version, e) != 0)
			return -1;
	for (uint32_t i = 0; i < n; i++)
		if (t->inodes[i].links && t->inodes[i].opaque &&
			mark_opaque(t, i, e) != 0)
			return -1;
	given_nlinks(t);
	xattr_sort(t);
	return 0;
}
