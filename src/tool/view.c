/* SPDX-License-Identifier: MIT */
#include "tool/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/ext4_file.h"
#include "tool/ext4_list.h"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS)
#define LINKS_MAX 40 /* as the kernel follows them */

struct view view_of(const struct store *s)
{
	return (struct view){
		.name = s->name, .algorithm = s->algorithm, .store = s
	};
}

static int add(struct view_names *l, const char *name)
{
	if ((l->n & (l->n + 1)) == 0) {
		char **more =
			reallocarray(l->list, 2 * (l->n + 1), sizeof(*l->list));

		if (!more)
			return ENOMEM;
		l->list = more;
	}
	l->list[l->n] = strdup(name);
	if (!l->list[l->n])
		return ENOMEM;
	l->n++;
	return 0;
}

/* What a path has, none of whose directories is a symbolic link. */
static int find(const struct view *v, const char *path, ext2_ino_t *ino)
{
	struct ext4 *x = &v->disk->x;

	for (*ino = v->disk->top; *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");
		mode_t mode = ext4_mode(x, *ino);

		if (!S_ISDIR(mode))
			return S_ISLNK(mode) ? ELOOP : mode ? ENOTDIR : EIO;
		if (ext2fs_lookup(x->fs, *ino, path, (int)n, NULL, ino))
			return ENOENT;
		path += n;
	}
	return 0;
}

static int list_on_disk(
	const struct view *v, const char *path, struct view_names *l)
{
	struct ext4_list found;
	ext2_ino_t ino;
	mode_t mode;
	struct err e;
	int r = find(v, path, &ino);

	if (r)
		return r;
	mode = ext4_mode(&v->disk->x, ino);
	if (!S_ISDIR(mode))
		return S_ISLNK(mode) ? ELOOP : ENOTDIR;
	if (ext4_list(&v->disk->x, ino, &found, &e) != 0)
		return EIO;
	for (size_t i = 0; r == 0 && i < found.n; i++)
		r = add(l, found.names[i].name);
	ext4_list_free(&found);
	return r;
}

static int list_in_directory(
	const struct view *v, const char *path, struct view_names *l)
{
	AUTO_FD
	int fd = open_how(
		v->store->fd, path, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	struct dir dir = { .fd = fd };
	const char *name;
	int r = 0;

	if (fd < 0)
		return errno;
	while (r == 0 && (name = dir_next(&dir)))
		r = add(l, name);
	return r ? r : dir.error;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int view_list(const struct view *v, const char *path, struct view_names *names)
{
	int r;

	*names = (struct view_names){ 0 };
	r = v->store ? list_in_directory(v, path, names)
		     : list_on_disk(v, path, names);
	if (r)
		view_names_free(names);
	else if (names->n)
		qsort(names->list, names->n, sizeof(*names->list), by_name);
	return r;
}

void view_names_free(struct view_names *names)
{
	while (names->n)
		free(names->list[--names->n]);
	free(names->list);
	names->list = NULL;
}

mode_t view_mode(const struct view *v, const char *path)
{
	struct stat st;
	ext2_ino_t ino;

	if (!v->store)
		return find(v, path, &ino) ? 0 : ext4_mode(&v->disk->x, ino);
	return fstatat(v->store->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0
		       ? st.st_mode
		       : 0;
}

uint32_t view_inode(const struct view *v, const char *path)
{
	ext2_ino_t ino;

	return v->store || find(v, path, &ino) ? 0 : ino;
}

/* As many bytes as the inode says, which are at most max. */
static int read_blocks(struct ext4_file *f, char *buf, size_t size)
{
	char block[EXT4_BLOCK];
	struct err e;

	for (size_t at = 0; at < size; at += sizeof(block)) {
		size_t n = size - at;

		if (ext4_file_read(f, at / sizeof(block), 1, block, &e) != 0)
			return EIO;
		memcpy(buf + at, block, n < sizeof(block) ? n : sizeof(block));
	}
	return 0;
}

static ssize_t read_inode(
	const struct view *v, ext2_ino_t ino, void *buf, size_t max)
{
	struct ext4_file f;
	struct err e;
	size_t size;
	int r;

	errno = EIO;
	if (ext4_file_open(&v->disk->x, &f, ino, &e) != 0)
		return -1;
	size = EXT2_I_SIZE(&f.inode);
	r = EXT2_I_SIZE(&f.inode) > max ? EFBIG : read_blocks(&f, buf, size);
	ext4_file_free(&f);
	errno = r;
	return r ? -1 : (ssize_t)size;
}

/* The errors are those of open_regular_beneath(). */
ssize_t view_read(const struct view *v, const char *path, void *buf, size_t max)
{
	ext2_ino_t ino;
	mode_t mode;

	if (v->store)
		return read_beneath(v->store->fd, path, buf, max);
	errno = find(v, path, &ino);
	if (errno)
		return -1;
	mode = ext4_mode(&v->disk->x, ino);
	if (S_ISREG(mode))
		return read_inode(v, ino, buf, max);
	errno = S_ISLNK(mode) ? ELOOP : S_ISDIR(mode) ? EISDIR : ENODEV;
	return -1;
}

/* A short target lies in the inode itself. */
static ssize_t link_on_disk(
	const struct view *v, const char *path, char target[static PATH_MAX])
{
	struct ext2_inode inode;
	ext2_ino_t ino;
	size_t size;

	errno = find(v, path, &ino);
	if (errno)
		return -1;
	errno = EIO;
	if (ext2fs_read_inode(v->disk->x.fs, ino, &inode))
		return -1;
	errno = EINVAL;
	if (!S_ISLNK(inode.i_mode))
		return -1;
	size = EXT2_I_SIZE(&inode);
	if (!ext2fs_is_fast_symlink(&inode))
		return read_inode(v, ino, target, PATH_MAX - 1);
	errno = EIO;
	if (size >= sizeof(inode.i_block))
		return -1;
	memcpy(target, inode.i_block, size);
	return (ssize_t)size;
}

ssize_t view_link(
	const struct view *v, const char *path, char target[static PATH_MAX])
{
	ssize_t n =
		v->store ? readlinkat(v->store->fd, path, target, PATH_MAX - 1)
			 : link_on_disk(v, path, target);

	if (n >= 0)
		target[n] = '\0';
	return n;
}

/* at becomes "at/name"; false where that is too long. */
static bool down(char at[static PATH_MAX], const char *name)
{
	size_t end = strlen(at);

	if (end + 1 + strlen(name) >= PATH_MAX)
		return false;
	if (end)
		at[end++] = '/';
	strcpy(at + end, name);
	return true;
}

/* at without its last name; false where it has none. */
static bool up(char at[static PATH_MAX])
{
	char *slash = strrchr(at, '/');

	if (!at[0])
		return false;
	*(slash ? slash : at) = '\0';
	return true;
}

/*
 * The next name of rest is added to at, or what it leads to put before the
 * rest. Nothing leads out of the store.
 */
static bool step(const struct view *v, char at[static PATH_MAX],
	char rest[static PATH_MAX], unsigned *links)
{
	char target[PATH_MAX], after[PATH_MAX];
	size_t n = strcspn(rest, "/");

	strcpy(after, rest + n + strspn(rest + n, "/"));
	rest[n] = '\0';
	if (!strcmp(rest, "..")) {
		if (!up(at))
			return false;
	} else if (rest[0] && strcmp(rest, ".") != 0) {
		if (!down(at, rest))
			return false;
		if (view_link(v, at, target) >= 0) {
			strcpy(rest, target);
			return up(at) && target[0] != '/' &&
			       down(rest, after) && ++*links <= LINKS_MAX;
		}
		if (!view_mode(v, at))
			return false;
	}
	strcpy(rest, after);
	return true;
}

bool view_leads_to_file(const struct view *v, const char *path)
{
	char at[PATH_MAX] = "", rest[PATH_MAX];
	unsigned links = 0;
	struct stat st;

	if (v->store) {
		AUTO_FD
		int fd = open_how(v->store->fd, path, O_PATH, BENEATH);

		return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	}
	snprintf(rest, sizeof(rest), "%s", path);
	while (rest[0])
		if (!step(v, at, rest, &links))
			return false;
	return S_ISREG(view_mode(v, at));
}
