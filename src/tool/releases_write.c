/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/releases.h"
#include "tool/tool.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
#define FILLING STORE_TEMPORARY "release"
#define EMPTYING STORE_TEMPORARY "removed"

int releases_lock(const struct store *s, struct err *e)
{
	if (flock(s->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	tool_say("%s: another program uses the store: waiting", s->name);
	if (flock(s->fd, LOCK_EX) == 0)
		return 0;
	return err_sys(
		e, REASON_FAILED, errno, "%s: cannot be locked", s->name);
}

static int failed(const struct store *s, const char *path, const char *what,
	struct err *e)
{
	return err_sys(
		e, REASON_FAILED, errno, "%s/%s: %s", s->name, path, what);
}

/* Opens a directory and makes it where it is not; its name is on disk then. */
static int make_dir(const struct store *s, int dirfd, const char *name,
	const char *path, struct err *e)
{
	bool made = mkdirat(dirfd, name, 0755) == 0;
	int fd = made || errno == EEXIST ? openat(dirfd, name, DIR_FLAGS) : -1;

	if (fd >= 0 && (!made || fsync(dirfd) == 0))
		return fd;
	failed(s, path, "cannot be created", e);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Removes a directory of files; one that is not there is removed. */
static int remove_dir(int dirfd, const char *name)
{
	AUTO_FD int fd = openat(dirfd, name, DIR_FLAGS);
	struct dir d = { .fd = fd };
	const char *file;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	do {
		/* Again from the start: what is removed may hide others. */
		lseek(fd, 0, SEEK_SET);
		d.n = d.at = 0;
		file = dir_next(&d);
		if (file && unlinkat(fd, file, 0) != 0)
			return -1;
	} while (file);
	return unlinkat(dirfd, name, AT_REMOVEDIR);
}

static int write_file(const struct store *s, int dirfd,
	const struct release_file *f, const char *path, struct err *e)
{
	AUTO_FD int fd = openat(dirfd, f->name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	const char *p = f->bytes;
	size_t left = f->n;
	ssize_t n;

	for (; fd >= 0 && left; p += n, left -= n) {
		n = write(fd, p, left);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			break;
	}
	if (fd < 0 || left || fsync(fd) != 0)
		return failed(s, path, "cannot be written", e);
	return 0;
}

/* releases/<name>, without what an interrupted writer left; path is its. */
static int open_name(const struct store *s, const char *name, char *path,
	size_t n, struct err *e)
{
	AUTO_FD int releases = make_dir(s, s->fd, "releases", "releases", e);
	int fd;

	snprintf(path, n, "releases/%s", name);
	if (releases < 0)
		return -1;
	fd = make_dir(s, releases, name, path, e);
	if (fd < 0)
		return -1;
	if (remove_dir(fd, FILLING) == 0 && remove_dir(fd, EMPTYING) == 0)
		return fd;
	failed(s, path, "what was left there cannot be removed", e);
	close(fd);
	return -1;
}

/* Fills the temporary directory, and gives it its name. */
static int fill(const struct store *s, int parent, const char *version,
	const char *path, const struct release_file *files, size_t n,
	struct err *e)
{
	AUTO_FD int dir = make_dir(s, parent, FILLING, path, e);

	if (dir < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (write_file(s, dir, &files[i], path, e) != 0)
			return -1;
	if (fsync(dir) != 0)
		return failed(s, path, "cannot be written", e);
	if (renameat2(parent, FILLING, parent, version, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return err_set(e, REASON_FAILED,
			"%s/%s: expected no such release, found one", s->name,
			path);
	return failed(s, path, "cannot be put in place", e);
}

int releases_put(const struct store *s, const char *name, const char *version,
	const struct release_file *files, size_t n, struct err *e)
{
	char path[PATH_MAX];
	AUTO_FD int parent = open_name(s, name, path, sizeof(path), e);

	if (parent < 0)
		return -1;
	snprintf(path, sizeof(path), "releases/%s/%s", name, version);
	if (fill(s, parent, version, path, files, n, e) != 0) {
		/* What is left of it now, the next writer takes away. */
		remove_dir(parent, FILLING);
		return -1;
	}
	return fsync(parent) == 0 ? 0 : failed(s, path, "cannot be written", e);
}

int releases_remove(const struct store *s, const char *name,
	const char *version, struct err *e)
{
	char path[PATH_MAX];
	AUTO_FD int parent = open_name(s, name, path, sizeof(path), e);

	if (parent < 0)
		return -1;
	snprintf(path, sizeof(path), "releases/%s/%s", name, version);
	/* The name goes first: without it this is no release any more. */
	if (renameat2(parent, version, parent, EMPTYING, 0) != 0 ||
		fsync(parent) != 0 || remove_dir(parent, EMPTYING) != 0 ||
		fsync(parent) != 0)
		return failed(s, path, "cannot be removed", e);
	snprintf(path, sizeof(path), "releases/%s", name);
	/* Not when another version is there. */
	if (unlinkat(s->fd, path, AT_REMOVEDIR) == 0)
		syncfs(s->fd);
	return 0;
}
