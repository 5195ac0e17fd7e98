/* SPDX-License-Identifier: MIT */
#include "tool/filter.h"

#include <string.h>

#include "tool/tree_private.h"

bool filter_any(const struct filter *f)
{
	return f->no_hardlinks || f->use_epoch || f->skip_devices ||
	       f->skip_xattrs || f->user_xattrs;
}

static void skip_devices(struct tree *t)
{
	for (uint32_t i = 0; i < t->n_entries; i++) {
		uint32_t inode = t->entries[i].inode;

		if (inode == TREE_NONE || t->inodes[inode].hides)
			continue;
		if (tree_type(t, inode, S_IFCHR) ||
			tree_type(t, inode, S_IFBLK))
			tree_remove(t, t->entries[i].parent, entry_name(t, i));
	}
}

static void use_epoch(struct tree *t)
{
	for (uint32_t i = 0; i < t->n_inodes; i++) {
		t->inodes[i].mtime = 0;
		t->inodes[i].mtime_nsec = 0;
	}
}

/* Every inode has a list of its own, which may get shorter in place. */
static void skip_xattrs(struct tree *t, const char *but)
{
	for (uint32_t i = 0; i < t->n_inodes; i++) {
		uint32_t *list = t->refs + t->inodes[i].xattrs;
		uint32_t n = 0;

		if (list[0] == 0)
			continue;
		for (uint32_t k = 1; k <= list[0]; k++) {
			const char *key =
				(const char *)t->pool + t->pairs[list[k]].key;

			if (but && strncmp(key, but, strlen(but)) == 0)
				list[++n] = list[k];
		}
		list[0] = n;
	}
}

static int split_links(struct tree *t, struct err *e)
{
	for (uint32_t i = 0; t->has_links && i < t->n_entries; i++) {
		uint32_t inode = t->entries[i].inode, own;

		if (inode == TREE_NONE || tree_type(t, inode, S_IFDIR))
			continue;
		if (t->inodes[inode].links == 1) {
			t->inodes[inode].entry = i;
			continue;
		}
		if (inode_clone(t, inode, &own, e) != 0)
			return -1;
		t->inodes[inode].links--;
		t->inodes[own].links = 1;
		t->inodes[own].entry = i;
		t->entries[i].inode = own;
		t->live_inodes++;
	}
	t->has_links = false;
	return 0;
}

int tree_filter(struct tree *t, const struct filter *f, struct err *e)
{
	if (f->skip_devices)
		skip_devices(t);
	if (f->use_epoch)
		use_epoch(t);
	if (f->skip_xattrs || f->user_xattrs)
		skip_xattrs(t, f->user_xattrs ? "user." : NULL);
	return f->no_hardlinks ? split_links(t, e) : 0;
}
