/* SPDX-License-Identifier: MIT */
#include "tool/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void temporary_name(char *out, size_t n)
{
	static unsigned counter;

	snprintf(out, n, ".tmp-%d-%u", (int)getpid(), counter++);
}

int pending_open(struct pending *p, int dirfd, const char *dir, mode_t mode,
	struct err *e)
{
	p->dirfd = dirfd;
	p->tmp[0] = '\0';
	p->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (p->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		temporary_name(p->tmp, sizeof(p->tmp));
		p->fd = openat(dirfd, p->tmp,
			O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
	}
	if (p->fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot create a file in it", dir);
	return 0;
}

/*
 * Gives the nameless file a name. By its fd alone where we may
 * (CAP_DAC_READ_SEARCH, since 6.10 whoever opened it), for looking it up in
 * /proc takes longer than all else; the kernel says ENOENT where we may not.
 */
static int name_it(struct pending *p, const char *name)
{
	char path[32];

	if (linkat(p->fd, "", p->dirfd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
	return linkat(AT_FDCWD, path, p->dirfd, name, AT_SYMLINK_FOLLOW);
}

int pending_freeze(struct pending *p, const char *name, struct err *e)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be opened again through %s", name, path);
	close(p->fd);
	p->fd = fd;
	return 0;
}

int pending_name(struct pending *p, const char *name, bool replace)
{
	if (!replace && !p->tmp[0])
		return name_it(p, name);
	if (!p->tmp[0]) {
		temporary_name(p->tmp, sizeof(p->tmp));
		if (name_it(p, p->tmp) != 0) {
			p->tmp[0] = '\0';
			return -1;
		}
	}
	if (renameat2(p->dirfd, p->tmp, p->dirfd, name,
		    replace ? 0 : RENAME_NOREPLACE) != 0)
		return -1;
	p->tmp[0] = '\0';
	return 0;
}

int pending_publish(struct pending *p, const char *name, bool replace,
	bool durable, struct err *e)
{
	int r = 0;

	if (durable && fsync(p->fd) != 0)
		r = err_sys(
			e, REASON_FAILED, errno, "%s: cannot be written", name);
	else if (pending_name(p, name, replace) != 0)
		r = errno == EEXIST
			    ? err_set(e, REASON_FAILED,
				      "%s: expected no such file, found one",
				      name)
			    : err_sys(e, REASON_FAILED, errno,
				      "%s: cannot be put in place", name);
	else if (durable && fsync(p->dirfd) != 0)
		r = err_sys(
			e, REASON_FAILED, errno, "%s: cannot be written", name);
	pending_abort(p);
	return r;
}

void pending_abort(struct pending *p)
{
	if (p->tmp[0])
		unlinkat(p->dirfd, p->tmp, 0);
	p->tmp[0] = '\0';
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
