/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD for tests: the world changes, or ends, at a chosen moment.
 *
 *	INTERPOSE_NO_TMPFILE=1	the file system has no O_TMPFILE
 *	INTERPOSE_KILL=N	SIGKILL before the Nth call that changes
 *				anything on disk
 *	INTERPOSE_SIGNAL=S	that signal instead of SIGKILL
 *	INTERPOSE_GROW=PATH	this file grows when it is first read
 *	INTERPOSE_SHRINK=PATH	and this one is emptied
 *	INTERPOSE_CACHE=HOW	what is asked for without waiting: "none" of it
 *				is in memory, or "half", or "unknown": the file
 *				system cannot tell
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void change(void)
{
	static _Atomic long n;
	const char *at = getenv("INTERPOSE_KILL");
	const char *with = getenv("INTERPOSE_SIGNAL");

	if (at && ++n == atol(at))
		raise(with ? atoi(with) : SIGKILL);
}

static int open_or_not(int dirfd, const char *path, int flags, mode_t mode)
{
	static int (*real)(int, const char *, int, ...);

	if (!real)
		real = REAL(openat);
	if ((flags & O_TMPFILE) == O_TMPFILE &&
		getenv("INTERPOSE_NO_TMPFILE")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		change();
	return real(dirfd, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open_or_not(dirfd, path, flags, mode);
}

int __openat_2(int dirfd, const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags)
{
	return open_or_not(dirfd, path, flags, 0);
}

static void meddle_alone(int fd)
{
	const char *grow = getenv("INTERPOSE_GROW");
	const char *shrink = getenv("INTERPOSE_SHRINK");
	const char *path = grow ? grow : shrink;
	struct stat a, b;
	int other;

	if (!path || stat(path, &a) != 0 || fstat(fd, &b) != 0 ||
		a.st_ino != b.st_ino || a.st_dev != b.st_dev)
		return;
	unsetenv("INTERPOSE_GROW");
	unsetenv("INTERPOSE_SHRINK");
	other = open(path, O_WRONLY | (grow ? O_APPEND : O_TRUNC));
	if (other < 0 || (grow && write(other, "more", 4) != 4))
		abort();
	close(other);
}

/* Only the first to read it. */
static void meddle(int fd)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	meddle_alone(fd);
	pthread_mutex_unlock(&lock);
}

ssize_t read(int fd, void *buf, size_t n)
{
	meddle(fd);
	return REAL(read)(fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t at)
{
	meddle(fd);
	return REAL(pread)(fd, buf, n, at);
}

ssize_t preadv2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	const char *cache = getenv("INTERPOSE_CACHE");
	struct iovec part = v[0];

	meddle(fd);
	if (!cache || !(flags & RWF_NOWAIT))
		return REAL(preadv2)(fd, v, n, at, flags);
	if (strcmp(cache, "half") == 0) {
		part.iov_len /= 2;
		return REAL(preadv2)(fd, &part, 1, at, 0);
	}
	errno = strcmp(cache, "none") == 0 ? EAGAIN : EOPNOTSUPP;
	return -1;
}

ssize_t write(int fd, const void *buf, size_t n)
{
	if (fd > 2)
		change();
	return REAL(write)(fd, buf, n);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	change();
	return REAL(pwrite)(fd, buf, n, at);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	change();
	return REAL(linkat)(from, old, to, new, flags);
}

int symlinkat(const char *target, int dirfd, const char *path)
{
	change();
	return REAL(symlinkat)(target, dirfd, path);
}

int renameat2(
	int from, const char *old, int to, const char *new, unsigned flags)
{
	change();
	return REAL(renameat2)(from, old, to, new, flags);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	change();
	return REAL(mkdirat)(dirfd, path, mode);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	change();
	return REAL(unlinkat)(dirfd, path, flags);
}

int fchmod(int fd, mode_t mode)
{
	change();
	return REAL(fchmod)(fd, mode);
}

int syncfs(int fd)
{
	change();
	return REAL(syncfs)(fd);
}
