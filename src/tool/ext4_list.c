/* SPDX-License-Identifier: MIT */
#include "tool/ext4_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	const struct ext4_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool add(struct ext4_list *l, const char *name, int n, ext2_ino_t ino)
{
	struct ext4_name *names = l->names;

	if ((l->n & (l->n + 1)) == 0) {
		names = realloc(names, 2 * (l->n + 1) * sizeof(*names));
		if (!names)
			return false;
		l->names = names;
	}
	names[l->n].name = strndup(name, n);
	names[l->n].ino = ino;
	return names[l->n].name && ++l->n;
}

struct listing {
	struct ext4_list *l;
	bool full; /* no memory */
};

static int entry(ext2_ino_t dir, int kind, struct ext2_dir_entry *d, int offset,
	int size, char *block, void *arg)
{
	struct listing *g = arg;

	(void)dir, (void)offset, (void)size, (void)block;
	if (kind != DIRENT_OTHER_FILE)
		return 0;
	g->full = !add(g->l, d->name, ext2fs_dirent_name_len(d), d->inode);
	return g->full ? DIRENT_ABORT : 0;
}

int ext4_list(
	struct ext4 *x, ext2_ino_t dir, struct ext4_list *l, struct err *e)
{
	struct listing g = { .l = l };
	errcode_t r;

	l->names = NULL;
	l->n = 0;
	r = ext2fs_dir_iterate2(x->fs, dir, 0, NULL, entry, &g);
	if (!r && g.full)
		r = ENOMEM;
	if (r) {
		ext4_list_free(l);
		return ext4_fail(e, r, "%s: directory %u: cannot be listed",
			x->name, dir);
	}
	if (l->n)
		qsort(l->names, l->n, sizeof(*l->names), by_name);
	return 0;
}

void ext4_list_free(struct ext4_list *l)
{
	while (l->n)
		free(l->names[--l->n].name);
	free(l->names);
	l->names = NULL;
}

mode_t ext4_mode(struct ext4 *x, ext2_ino_t ino)
{
	struct ext2_inode inode;

	return ext2fs_read_inode(x->fs, ino, &inode) ? 0 : inode.i_mode;
}
