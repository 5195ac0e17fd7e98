/* SPDX-License-Identifier: MIT */
#include "tool/disk_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "tool/ext4_copy.h"
#include "tool/ext4_dir.h"
#include "tool/ext4_verity.h"
#include "tool/progress.h"

struct copying {
	struct ext4 *x;
	char path[PATH_MAX];	 /* where the walk is, for messages */
	uint64_t objects, bytes; /* copied */
	struct err *e;
};

static int copy_object(struct copying *c, struct ext4_file *f, int fd,
	const struct disk_node *n)
{
	struct digest d;
	char hex[DIGEST_HEX_MAX];

	if (ext4_verity_copy(f, fd, c->path, n->digest.algorithm, &d, c->e))
		return -1;
	if (digest_equal(&d, &n->digest)) {
		c->bytes += n->size;
		progress_show(++c->objects, "objects", c->bytes);
		return 0;
	}
	digest_to_hex(&d, hex);
	err_set(c->e, REASON_FAILED,
		"disk: %s: expected the digest that names it, found %s: the object is damaged",
		c->path, hex);
	return err_hint(c->e,
		"rootwright check lists every damaged object of the store; remove them and build again");
}

static int copy_file(struct copying *c, struct ext4_file *f, int dirfd,
	const struct disk_node *n)
{
	AUTO_FD
	int fd = open_regular_beneath(dirfd, n->name);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(c->e, REASON_FAILED, errno,
			"disk: %s: cannot be opened", c->path);
	if ((uint64_t)st.st_size != n->size)
		return err_set(c->e, REASON_FAILED,
			"disk: %s: expected %llu bytes, found %llu: it changed while it was read",
			c->path, (unsigned long long)n->size,
			(unsigned long long)st.st_size);
	if (n->object)
		return copy_object(c, f, fd, n);
	return ext4_copy_plain(f, fd, c->path, c->e);
}

static int copy_dir(struct copying *c, struct ext4_file *f,
	const struct disk_node *n, uint32_t parent)
{
	struct ext4_entry *entries =
		calloc(n->n_children + 1, sizeof(*entries));
	size_t i;
	int r;

	if (!entries)
		return err_sys(c->e, REASON_FAILED, ENOMEM,
			"disk: %s: its entries", c->path);
	for (i = 0; i < n->n_children; i++)
		entries[i] = (struct ext4_entry){
			.name = n->children[i].name,
			.ino = n->children[i].ino,
			.mode = n->children[i].mode,
		};
	r = ext4_dir_write(f, parent, entries, n->n_children, c->e);
	free(entries);
	return r;
}

/* The inode of a node with all that belongs to it, but not its children. */
static int copy_node(struct copying *c, int dirfd, const struct disk_node *n,
	uint32_t parent)
{
	struct ext4_file f;
	int r = ext4_file_new(c->x, &f, n->ino, n->mode, n->uid, n->gid,
		S_ISREG(n->mode)   ? n->size
		: S_ISLNK(n->mode) ? strlen(n->target)
				   : 0,
		c->e);

	if (r == 0)
		r = S_ISDIR(n->mode)   ? copy_dir(c, &f, n, parent)
		    : S_ISLNK(n->mode) ? ext4_file_symlink(&f, n->target, c->e)
				       : copy_file(c, &f, dirfd, n);
	if (r == 0)
		r = ext4_file_commit(&f, c->e);
	ext4_file_free(&f);
	return r;
}

static int copy_children(
	struct copying *c, int dirfd, const struct disk_node *dir);

static int copy_below(struct copying *c, int dirfd, const struct disk_node *n)
{
	AUTO_FD
	int fd = open_how(
		dirfd, n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return err_sys(c->e, REASON_FAILED, errno,
			"disk: %s: cannot be opened", c->path);
	return copy_children(c, fd, n);
}

static int copy_child(struct copying *c, int dirfd, const struct disk_node *n,
	uint32_t parent)
{
	size_t len = strlen(c->path);
	int r;

	snprintf(c->path + len, sizeof(c->path) - len, "/%s", n->name);
	r = copy_node(c, dirfd, n, parent);
	if (r == 0 && S_ISDIR(n->mode))
		r = copy_below(c, dirfd, n);
	c->path[len] = '\0';
	return r;
}

static int copy_children(
	struct copying *c, int dirfd, const struct disk_node *dir)
{
	size_t i;

	for (i = 0; i < dir->n_children; i++)
		if (copy_child(c, dirfd, dir->children + i, dir->ino) != 0)
			return -1;
	return 0;
}

/* A directory of the root whose contents, if any, come from elsewhere. */
static int copy_top(
	struct copying *c, const struct disk_tree *t, const struct disk_node *n)
{
	bool store = !strcmp(n->name, DISK_STORE);

	if (!store && n->ino != EXT4_FIRST_FREE_INODE) {
		snprintf(c->path, sizeof(c->path), "%s", t->extra_name);
		return copy_child(c, t->extra, n, t->root.ino);
	}
	snprintf(c->path, sizeof(c->path), "%s",
		store ? t->store_name : n->name);
	if (copy_node(c, -1, n, t->root.ino) != 0)
		return -1;
	return store ? copy_children(c, t->store, n) : 0;
}

static int copy_tree(struct copying *c, const struct disk_tree *t)
{
	size_t i;

	if (copy_node(c, -1, &t->root, t->root.ino) != 0)
		return -1;
	for (i = 0; i < t->root.n_children; i++)
		if (copy_top(c, t, t->root.children + i) != 0)
			return -1;
	return 0;
}

int disk_copy(struct ext4 *x, const struct disk_tree *t, struct err *e)
{
	struct copying c = { .x = x, .e = e };
	int r;

	progress_expect(t->n_objects, t->object_bytes);
	progress_show(0, "objects", 0);
	r = copy_tree(&c, t);
	progress_clear();
	return r;
}
