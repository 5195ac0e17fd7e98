/* SPDX-License-Identifier: MIT */
#include "core/file.h"

int open_how(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = resolve };
	int fd, tries = 1000;

	/* EAGAIN: ".." while anybody renames or mounts something, anywhere. */
	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN && --tries);
	return fd;
}

int open_regular_beneath(int dirfd, const char *path)
{
	AUTO_FD int fd = open_how(
		dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_STRICT);
	struct stat st = { 0 };

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd_take(&fd);
	return errno = S_ISDIR(st.st_mode) ? EISDIR : ENODEV, -1;
}

/* struct linux_dirent64 of getdents64(2). */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

const char *dir_next(struct dir *d)
{
	const struct entry *entry;

	do {
		if (d->at == d->n) {
			d->at = 0;
			d->n = syscall(
				SYS_getdents64, d->fd, d->buf, sizeof(d->buf));
			d->error = d->n < 0 ? errno : 0;
			if (d->n <= 0)
				return d->n = 0, NULL;
		}
		entry = (const struct entry *)(d->buf + d->at);
		d->type = entry->type;
		d->at += entry->size;
	} while (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."));
	return entry->name;
}

ssize_t read_all(int fd, void *buf, size_t max)
{
	size_t n = 0;

	for (;;) {
		char extra;
		ssize_t r = n < max ? read(fd, (char *)buf + n, max - n)
				    : read(fd, &extra, 1);

		if (r <= 0)
			return r < 0 ? r : (ssize_t)n;
		if (n == max)
			return errno = EFBIG, -1;
		n += r;
	}
}

int read_through(int fd, off_t *at, void (*each)(void))
{
	static char buf[65536];
	ssize_t n;

	for (*at = 0; (n = pread(fd, buf, sizeof(buf), *at)) > 0; *at += n)
		each();
	return n;
}

ssize_t read_beneath(int dirfd, const char *path, void *buf, size_t max)
{
	AUTO_FD int fd = open_regular_beneath(dirfd, path);

	return fd < 0 ? -1 : read_all(fd, buf, max);
}
