/* SPDX-License-Identifier: MIT */
#include "tool/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/scan_private.h"

/* One directory that is being walked; its fd is open only at the bottom. */
struct level {
	uint32_t dir;
	uint32_t next; /* entry of the subdirectory to go to next */
	struct stat st;
};

void scan_path(const struct scan *s, uint32_t dir, const char *name, char *out)
{
	char below[SCAN_PATH / 2];

	tree_path(s->tree, dir, below, sizeof(below));
	snprintf(out, SCAN_PATH, "%.480s%s%s%s", s->name, below,
		name ? "/" : "", name ? name : "");
}

static int changed_path(const char *path, const char *found, struct err *e)
{
	return err_set(e, REASON_FAILED,
		"%s: expected a tree that does not change while it is scanned, found %s",
		path, found);
}

static int changed(
	struct scan *s, uint32_t dir, const char *name, const char *found)
{
	char path[SCAN_PATH];

	scan_path(s, dir, name, path);
	return changed_path(path, found, s->e);
}

static int unreadable(struct scan *s, uint32_t dir, const char *name)
{
	char path[SCAN_PATH];

	if (errno == ENOENT || errno == ELOOP || errno == ENXIO)
		return changed(s, dir, name,
			errno == ENOENT ? "that it is gone"
					: "that it is of another type now");
	scan_path(s, dir, name, path);
	return err_sys(s->e, REASON_FAILED, errno, "%s: cannot be read", path);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return same_file(a, b) && a->st_size == b->st_size &&
	       same_time(a->st_mtim, b->st_mtim) &&
	       same_time(a->st_ctim, b->st_ctim);
}

static struct tree_meta meta_of(const struct stat *st)
{
	return (struct tree_meta){
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		/* glibc's dev_t: its low half is the kernel's encoding. */
		.rdev = (uint32_t)st->st_rdev,
		.mtime = st->st_mtim.tv_sec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
	};
}

static int read_target(struct scan *s, uint32_t dir, const char *name,
	const struct stat *st, uint32_t inode)
{
	char target[TREE_TARGET_MAX + 2];
	ssize_t n = readlinkat(s->fd, name, target, sizeof(target) - 1);

	if (n < 0 && errno == EINVAL)
		return changed(s, dir, name, "that it is of another type now");
	if (n < 0)
		return unreadable(s, dir, name);
	if (n != st->st_size && st->st_size != 0)
		return changed(s, dir, name, "another target");
	target[n] = '\0';
	return tree_set_target(s->tree, inode, target, s->e);
}

int scan_unchanged(
	int fd, const struct stat *before, const char *path, struct err *e)
{
	struct stat after;

	if (fstat(fd, &after) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", path);
	return unchanged(before, &after)
		       ? 0
		       : changed_path(path, "that it was written to", e);
}

/* The whole of a small file. */
static int read_content(struct scan *s, int fd, uint32_t dir, const char *name,
	uint64_t size, uint32_t inode)
{
	uint8_t bytes[SCAN_INLINE_MAX];
	ssize_t n = read_all(fd, bytes, sizeof(bytes));

	if (n < 0 && errno != EFBIG)
		return unreadable(s, dir, name);
	if (n < 0 || (uint64_t)n != size)
		return changed(s, dir, name, "another size");
	return tree_set_content(s->tree, inode, bytes, size, s->e);
}

/* The name is an entry's already, so its length is known to be right. */
static int pass_on(struct scan *s, struct scan_file *f, const char *name)
{
	int r;

	memcpy(s->path + s->n_path, name, strlen(name) + 1);
	f->path = s->path;
	r = s->o->file(s->o->ctx, f, s->e);
	f->fd = -1; /* it was taken over */
	return r;
}

static int add_inode(struct scan *s, uint32_t dir, const char *name,
	const struct stat *st, uint32_t *inode)
{
	struct tree_meta meta = meta_of(st);

	if (inode_new(s->tree, &meta, inode, s->e) != 0)
		return -1;
	return entry_append(s->tree, dir, name, *inode, s->e);
}

static int scan_inode(
	struct scan *s, struct scan_file *f, uint32_t dir, const char *name)
{
	uint64_t size = (uint64_t)f->before.st_size;
	struct stat after;

	if (add_inode(s, dir, name, &f->before, &f->inode) != 0 ||
		scan_xattrs(s, f->fd, NULL, dir, name, f->inode) != 0)
		return -1;
	if (size > SCAN_INLINE_MAX)
		return pass_on(s, f, name);
	if (size && read_content(s, f->fd, dir, name, size, f->inode) != 0)
		return -1;
	if (fstat(f->fd, &after) != 0)
		return unreadable(s, dir, name);
	return unchanged(&f->before, &after)
		       ? 0
		       : changed(s, dir, name, "that it was written to");
}

static int scan_file(struct scan *s, uint32_t dir, const char *name)
{
	struct scan_file f = { .fd = openat(s->fd, name,
				       O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
					       O_NOCTTY | O_CLOEXEC) };
	int r;

	if (f.fd < 0)
		return unreadable(s, dir, name);
	if (fstat(f.fd, &f.before) != 0)
		r = unreadable(s, dir, name);
	else if (!S_ISREG(f.before.st_mode))
		r = changed(s, dir, name, "that it is of another type now");
	else
		r = scan_link(s, dir, name, &f.before);
	if (r == 0) {
		r = scan_inode(s, &f, dir, name);
		if (r == 0)
			r = scan_link_note(s, &f.before, f.inode);
	} else if (r > 0) {
		r = 0;
	}
	fd_cleanup(&f.fd);
	return r;
}

/* A directory waits until its siblings are done; its mtime comes then. */
static int scan_entry(struct scan *s, uint32_t dir, const struct dirent *d)
{
	const char *name = d->d_name;
	struct stat st;
	uint32_t inode;
	int r;

	if (d->d_type == DT_REG)
		return scan_file(s, dir, name);
	if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return unreadable(s, dir, name);
	if (d->d_type != DT_UNKNOWN && d->d_type != IFTODT(st.st_mode))
		return changed(s, dir, name, "that it is of another type now");
	if (S_ISREG(st.st_mode))
		return scan_file(s, dir, name);
	if (S_ISDIR(st.st_mode))
		return add_inode(s, dir, name, &st, &inode);
	r = scan_link(s, dir, name, &st);
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (add_inode(s, dir, name, &st, &inode) != 0)
		return -1;
	if (S_ISLNK(st.st_mode) && read_target(s, dir, name, &st, inode) != 0)
		return -1;
	return scan_xattrs(s, -1, name, dir, name, inode) != 0
		       ? -1
		       : scan_link_note(s, &st, inode);
}

static int read_names(struct scan *s, DIR *stream, uint32_t dir)
{
	for (;;) {
		const struct dirent *d;

		errno = 0;
		d = readdir(stream);
		if (!d)
			return errno ? unreadable(s, dir, NULL) : 0;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (scan_entry(s, dir, d) != 0)
			return -1;
	}
}

/* Reads the directory at s->fd; its subdirectories are only noted. */
static int scan_directory(struct scan *s, struct level *l)
{
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree_meta meta;
	struct stat after;
	DIR *stream;
	int r;

	if (fd < 0 || fstat(fd, &l->st) != 0 || !(stream = fdopendir(fd))) {
		r = unreadable(s, l->dir, NULL);
		if (fd >= 0)
			close(fd);
		return r;
	}
	scan_path(s, l->dir, NULL, s->path);
	s->n_path = strlen(s->path);
	s->path[s->n_path++] = '/';
	meta = meta_of(&l->st);
	tree_set_meta(s->tree, l->dir, &meta);
	r = scan_xattrs(s, fd, NULL, l->dir, NULL, l->dir);
	if (r == 0)
		r = read_names(s, stream, l->dir);
	if (r == 0 && fstat(fd, &after) != 0)
		r = unreadable(s, l->dir, NULL);
	else if (r == 0 && !unchanged(&l->st, &after))
		r = changed(s, l->dir, NULL, "that entries came or went");
	closedir(stream);
	l->next = s->tree->inodes[l->dir].payload;
	return r;
}

static void move_to(struct scan *s, int fd)
{
	if (s->fd != s->root)
		close(s->fd);
	s->fd = fd;
}

/* Down into the next subdirectory; false when there is none left. */
static int descend(struct scan *s, struct level *l, struct level *below)
{
	struct tree *t = s->tree;
	struct stat st;
	const char *name;
	int fd;

	while (l->next != TREE_NONE &&
		!tree_type(t, t->entries[l->next].inode, S_IFDIR))
		l->next = t->entries[l->next].next;
	if (l->next == TREE_NONE)
		return 0;
	name = entry_name(t, l->next);
	fd = openat(
		s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR)
		return changed(s, l->dir, name, "that it is no directory now");
	if (fd < 0 || fstat(fd, &st) != 0) {
		int r = unreadable(s, l->dir, name);

		if (fd >= 0)
			close(fd);
		return r;
	}
	below->dir = t->entries[l->next].inode;
	l->next = t->entries[l->next].next;
	move_to(s, fd);
	return 1;
}

/*
 * Up again by "..": so depth costs neither fds nor a path. Whoever moved
 * the directory meanwhile is found out.
 */
static int ascend(struct scan *s, const struct level *above, bool to_root)
{
	struct stat st;
	int fd = s->root;

	if (!to_root) {
		fd = openat(s->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return unreadable(s, above->dir, NULL);
	}
	move_to(s, fd);
	if (fstat(fd, &st) != 0)
		return unreadable(s, above->dir, NULL);
	if (!same_file(&st, &above->st))
		return changed(s, above->dir, NULL, "that it was moved");
	return 0;
}

static int walk(struct scan *s)
{
	struct level *levels = NULL;
	uint32_t depth = 0, cap = 0;
	int r;

	r = array_reserve(&levels, &cap, 1, sizeof(*levels), s->e);
	if (r == 0) {
		levels[0].dir = TREE_ROOT;
		r = scan_directory(s, &levels[0]);
	}
	while (r == 0) {
		r = array_reserve(&levels, &cap, (uint64_t)depth + 2,
			sizeof(*levels), s->e);
		if (r == 0)
			r = descend(s, &levels[depth], &levels[depth + 1]);
		if (r > 0) {
			r = scan_directory(s, &levels[++depth]);
		} else if (r == 0) {
			if (depth-- == 0)
				break;
			r = ascend(s, &levels[depth], depth == 0);
		}
	}
	free(levels);
	return r;
}

int tree_scan(struct tree *t, int dirfd, const char *name,
	const struct scan_options *o, struct err *e)
{
	struct scan s = {
		.tree = t,
		.name = name,
		.o = o,
		.root = dirfd,
		.fd = dirfd,
		.e = e,
	};
	int r = walk(&s);

	move_to(&s, dirfd);
	free(s.seen);
	free(s.list);
	return r;
}
