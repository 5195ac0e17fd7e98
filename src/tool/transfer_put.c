/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/publish.h"
#include "tool/transfer.h"

static int failed(const struct transfer *t, const char *path, const char *how,
	struct err *e)
{
	return err_sys(e, REASON_FAILED, errno, "%s/%s: %s", t->dir, path, how);
}

/* Opens the directory of a path, and makes what of it is not there. */
static int open_parent(struct transfer *t, const char *path, struct err *e)
{
	char dir[PATH_MAX];
	bool made = false;
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = strchr(dir, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdirat(t->to.fd, dir, 0755) == 0)
			made = true;
		else if (errno != EEXIST)
			return failed(t, dir, "cannot be created", e);
		*p = '/';
	}
	*strrchr(dir, '/') = '\0';
	fd = open_how(t->to.fd, dir, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	if (fd < 0)
		return failed(t, dir, "cannot be opened", e);
	/* The file may not outlive its directory's name. */
	if (!made || syncfs(fd) == 0)
		return fd;
	failed(t, dir, "cannot be written", e);
	close(fd);
	return -1;
}

int transfer_has(struct transfer *t, const char *path, const void *bytes,
	size_t n, struct err *e)
{
	char *found = malloc(n + 1);
	ssize_t got = found ? read_beneath(t->to.fd, path, found, n) : -1;
	int error = found ? errno : ENOMEM;
	bool same = got == (ssize_t)n && memcmp(found, bytes, n) == 0;

	free(found);
	if (same)
		return 1;
	if (got < 0 && error == ENOENT)
		return 0;
	if (got >= 0 || error == EFBIG)
		return err_set(e, REASON_FAILED,
			"%s/%s: expected the same content or no such file, found other content",
			t->dir, path);
	errno = error;
	return failed(t, path, "cannot be read", e);
}

int transfer_put(struct transfer *t, const char *path, const void *bytes,
	size_t n, bool replace, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	struct pending p;
	int r = transfer_has(t, path, bytes, n, e);

	if (r == 1 || (r < 0 && !replace))
		return r < 0 ? -1 : 0;

	AUTO_FD int dirfd = open_parent(t, path, e);

	if (dirfd < 0 || pending_open(&p, dirfd, t->dir, 0644, e) != 0)
		return -1;
	if (fchmod(p.fd, 0644) == 0 && write(p.fd, bytes, n) == (ssize_t)n)
		return pending_publish(&p, name, replace, true, e);
	failed(t, path, "cannot be written", e);
	pending_abort(&p);
	return -1;
}
