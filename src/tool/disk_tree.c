/* SPDX-License-Identifier: MIT */
#include "tool/disk_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "tool/ext4_dir.h"
#include "tool/ext4_verity.h"
#include "tool/store.h"

/* Where the walk is; every name on the way down for messages. */
struct walk {
	struct disk_tree *t;
	bool store; /* else the extra tree */
	bool objects;
	char path[PATH_MAX]; /* below the store or the extra tree */
	unsigned depth;
	struct err *e;
};

static const char *top_name(const struct walk *w)
{
	return w->store ? w->t->store_name : w->t->extra_name;
}

static int refuse(struct walk *w, const char *expected, const char *found)
{
	return err_set(w->e, REASON_FAILED,
		"disk: %s/%s: expected %s, found %s", top_name(w), w->path,
		expected, found);
}

static int failed(struct walk *w, const char *words)
{
	return err_sys(w->e, REASON_FAILED, errno, "disk: %s/%s: %s",
		top_name(w), w->path, words);
}

static const char *kind(mode_t mode)
{
	return S_ISREG(mode)	? "a file"
	       : S_ISDIR(mode)	? "a directory"
	       : S_ISLNK(mode)	? "a symbolic link"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
				: "a device";
}

static int by_name(const void *a, const void *b)
{
	const struct disk_node *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void free_children(struct disk_node *dir)
{
	size_t i;

	for (i = 0; i < dir->n_children; i++) {
		free_children(dir->children + i);
		free(dir->children[i].name);
		free(dir->children[i].target);
	}
	free(dir->children);
	dir->children = NULL;
	dir->n_children = 0;
}

/* One more child; its address is good until the next. */
static struct disk_node *add_child(struct disk_node *dir, const char *name)
{
	size_t n = dir->n_children;
	struct disk_node *children = dir->children;

	if ((n & (n + 1)) == 0) {
		children = realloc(children, 2 * (n + 1) * sizeof(*children));
		if (!children)
			return NULL;
		dir->children = children;
	}
	memset(children + n, 0, sizeof(*children));
	children[n].name = strdup(name);
	if (!children[n].name)
		return NULL;
	dir->n_children++;
	return children + n;
}

/* "objects/ab/cdef...": the name is the digest. */
static int object_name(struct walk *w, struct disk_node *n)
{
	const char *rest = w->path + strlen("objects/");
	char hex[DIGEST_HEX_MAX + 1];
	int len = 0;

	if (strlen(rest) > 3 && rest[2] == '/')
		len = snprintf(hex, sizeof(hex), "%.2s%s", rest, rest + 3);
	if (len >= (int)sizeof(hex) || !digest_from_hex(&n->digest, hex, len))
		return refuse(w, "an object's name", "another name");
	if (!S_ISREG(n->mode))
		return refuse(w, "an object", kind(n->mode));
	if (n->digest.algorithm != w->t->algorithm)
		return refuse(w, "an object of the store's algorithm",
			"one of another");
	n->object = true;
	w->t->n_objects++;
	w->t->object_bytes += n->size;
	return 0;
}

/*
 * A file in as many pieces as the disk's block groups may cut it: from the
 * fifth piece on the extents need blocks of their own, 340 to a block.
 */
static uint64_t extent_blocks(uint64_t blocks)
{
	uint64_t pieces = 2 * (blocks / EXT4_RUN_MAX) + 4;

	return blocks < EXT4_RUN_MAX ? 0 : pieces / 340 + 2;
}

static void account(struct disk_tree *t, struct disk_node *n)
{
	uint64_t blocks = (n->size + EXT4_BLOCK - 1) / EXT4_BLOCK;

	if (n->object)
		blocks = ext4_verity_blocks(n->size, n->digest.algorithm);
	else if (S_ISLNK(n->mode))
		blocks = strlen(n->target) >= 60;
	t->blocks += blocks + extent_blocks(blocks);
	n->ino = ++t->last_ino;
}

static int read_target(struct walk *w, int dirfd, struct disk_node *n)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dirfd, n->name, target, sizeof(target));

	if (len < 0)
		return failed(w, "cannot be read");
	n->target = len < (ssize_t)sizeof(target) ? strndup(target, len) : NULL;
	if (!n->target)
		return refuse(w, "a target that fits", "a longer one");
	return 0;
}

static int scan_dir(struct walk *w, int fd, struct disk_node *dir);

static int scan_subdir(struct walk *w, int dirfd, struct disk_node *n)
{
	bool objects = w->objects;
	int r = -1, fd;

	if (w->depth == DISK_DEPTH_MAX)
		return refuse(w, "128 levels at most", "more");
	fd = open_how(dirfd, n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return failed(w, "cannot be opened");
	w->depth++;
	w->objects = w->store && (objects || !strcmp(w->path, "objects"));
	r = scan_dir(w, fd, n);
	w->objects = objects;
	w->depth--;
	return r;
}

static int scan_entry(struct walk *w, int dirfd, struct disk_node *n)
{
	struct stat st;
	bool two_hex = w->objects && w->depth == 1 &&
		       strspn(n->name, "0123456789abcdef") == 2 && !n->name[2];

	if (fstatat(dirfd, n->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return failed(w, "cannot be examined");
	n->mode = st.st_mode;
	n->size = st.st_size;
	n->uid = w->store ? 0 : st.st_uid;
	n->gid = w->store ? 0 : st.st_gid;
	if (w->store)
		n->mode = S_ISDIR(n->mode)   ? S_IFDIR | 0755
			  : S_ISREG(n->mode) ? S_IFREG | 0644
					     : n->mode;
	if (!w->store && w->depth == 0 &&
		(!strcmp(n->name, DISK_STORE) ||
			!strcmp(n->name, "lost+found")))
		return refuse(w, "no such name at the top of --extra", "it");
	if (!S_ISREG(n->mode) && !S_ISDIR(n->mode) && !S_ISLNK(n->mode))
		return refuse(
			w, "a file, directory or symbolic link", kind(n->mode));
	if (w->store && !strcmp(w->path, "objects") && !S_ISDIR(n->mode))
		return refuse(w, "a directory", kind(n->mode));
	if (w->objects && !(two_hex && S_ISDIR(n->mode)) &&
		object_name(w, n) != 0)
		return -1;
	if (S_ISLNK(n->mode) && read_target(w, dirfd, n) != 0)
		return -1;
	if (!S_ISDIR(n->mode)) {
		account(w->t, n);
		return 0;
	}
	n->ino = ++w->t->last_ino;
	return scan_subdir(w, dirfd, n);
}

/* A file that a builder has not finished, or did not live to remove. */
static bool is_unfinished(const struct walk *w, const char *name)
{
	return w->store &&
	       !strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY));
}

static int list(struct walk *w, int fd, struct disk_node *dir)
{
	struct dirent *entry;
	/* A descriptor of its own: a duplicate would share the position. */
	int copy = open_how(fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return failed(w, "cannot be listed");
	}
	for (;;) {
		errno = 0;
		entry = readdir(d);
		if (!entry)
			break;
		if (!strcmp(entry->d_name, ".") ||
			!strcmp(entry->d_name, "..") ||
			is_unfinished(w, entry->d_name))
			continue;
		if (!add_child(dir, entry->d_name)) {
			errno = ENOMEM;
			break;
		}
	}
	if (errno)
		r = failed(w, "cannot be listed");
	closedir(d);
	return r;
}

/* Inode numbers are given on the way down, in byte order of the names. */
static int scan_children(struct walk *w, int fd, struct disk_node *dir)
{
	size_t len = strlen(w->path), i;
	int r = 0;

	for (i = 0; r == 0 && i < dir->n_children; i++) {
		struct disk_node *n = dir->children + i;
		int more = snprintf(w->path + len, sizeof(w->path) - len,
			"%s%s", len ? "/" : "", n->name);

		if (more >= (int)(sizeof(w->path) - len))
			r = refuse(w, "a path that fits", "a longer one");
		else
			r = scan_entry(w, fd, n);
		w->path[len] = '\0';
	}
	return r;
}

static uint64_t dir_blocks(const struct disk_node *dir)
{
	struct ext4_entry *entries;
	uint64_t blocks;
	size_t i;

	entries = calloc(dir->n_children + 1, sizeof(*entries));
	if (!entries)
		return 0;
	for (i = 0; i < dir->n_children; i++)
		entries[i].name = dir->children[i].name;
	blocks = ext4_dir_blocks(entries, dir->n_children);
	free(entries);
	return blocks + extent_blocks(blocks);
}

static int scan_dir(struct walk *w, int own, struct disk_node *dir)
{
	AUTO_FD
	int fd = own;
	uint64_t blocks;

	if (list(w, fd, dir) != 0)
		return -1;
	if (dir->n_children)
		qsort(dir->children, dir->n_children, sizeof(*dir->children),
			by_name);
	blocks = dir_blocks(dir);
	if (blocks == 0) {
		errno = ENOMEM;
		return failed(w, "cannot be listed");
	}
	w->t->blocks += blocks;
	return scan_children(w, fd, dir);
}

static int scan_top(struct disk_tree *t, bool store, int dirfd,
	struct disk_node *top, struct err *e)
{
	struct walk w = { .t = t, .store = store, .e = e };
	int fd = open_how(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return failed(&w, "cannot be opened");
	return scan_dir(&w, fd, top);
}

/* The root: the store, lost+found, and what --extra has. */
static int scan_root(struct disk_tree *t, struct err *e)
{
	struct disk_node store = { .ino = EXT4_FIRST_FREE_INODE + 1 };
	struct disk_node *n;

	t->last_ino = store.ino;
	t->blocks = 1; /* of lost+found */
	t->root.mode = S_IFDIR | 0755;
	t->root.ino = EXT2_ROOT_INO;
	if (scan_top(t, true, t->store, &store, e) != 0 ||
		(t->extra >= 0 && scan_top(t, false, t->extra, &t->root, e))) {
		free_children(&store);
		return -1;
	}
	n = add_child(&t->root, DISK_STORE);
	if (!n) {
		free_children(&store);
		return err_sys(e, REASON_FAILED, ENOMEM, "disk: the tree");
	}
	n->mode = S_IFDIR | 0700;
	n->ino = store.ino;
	n->children = store.children;
	n->n_children = store.n_children;
	n = add_child(&t->root, "lost+found");
	if (!n)
		return err_sys(e, REASON_FAILED, ENOMEM, "disk: the tree");
	n->mode = S_IFDIR | 0700;
	n->ino = EXT4_FIRST_FREE_INODE;
	qsort(t->root.children, t->root.n_children, sizeof(*t->root.children),
		by_name);
	t->blocks += dir_blocks(&t->root);
	return 0;
}

int disk_tree_scan(struct disk_tree *t, const struct store *store,
	const char *extra, struct err *e)
{
	memset(t, 0, sizeof(*t));
	t->store = store->fd;
	t->store_name = store->name;
	t->algorithm = store->algorithm;
	t->extra = -1;
	t->extra_name = extra;
	if (extra) {
		t->extra = open(extra, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (t->extra < 0)
			return err_sys(e, REASON_FAILED, errno,
				"disk: %s: cannot be opened", extra);
	}
	if (scan_root(t, e) == 0)
		return 0;
	disk_tree_free(t);
	return -1;
}

void disk_tree_free(struct disk_tree *t)
{
	free_children(&t->root);
	if (t->extra >= 0)
		close(t->extra);
	t->extra = -1;
}
