/* SPDX-License-Identifier: MIT */
/* A mount of which nothing can be read is found before anybody sees it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/mount.h"

#define TRIED_MAX 16	/* files that were opened, none of which could be */
#define LOOKED_MAX 4096 /* entries on the way to them */
#define DEPTH_MAX 32
/* What is larger lies in an object, whoever made the image. */
#define INLINE_MAX 5000

struct trial {
	unsigned tried, looked;
	int error; /* of the last one */
	char name[NAME_MAX + 1];
};

/* Is this file what we look for, and can it be read? */
static bool read_one(struct trial *t, int dirfd, const char *name)
{
	AUTO_FD int fd = -1;
	struct stat st;
	char byte;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISREG(st.st_mode) || st.st_size <= INLINE_MAX)
		return false;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && read(fd, &byte, 1) == 1)
		return true;
	/* Others, as for owners that are not mapped, say nothing of it. */
	if (errno != EIO && errno != ENOENT)
		return false;
	t->error = errno;
	t->tried++;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return false;
}

/* Goes on until one file could be read or enough could not. */
static bool search(struct trial *t, int dirfd, unsigned depth)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	bool found = false;

	while (dir && !found && t->tried < TRIED_MAX &&
		t->looked++ < LOOKED_MAX && (d = readdir(dir))) {
		AUTO_FD int below = -1;

		if (d->d_type == DT_REG)
			found = read_one(t, fd, d->d_name);
		if (d->d_type != DT_DIR || depth == DEPTH_MAX ||
			strcmp(d->d_name, ".") == 0 ||
			strcmp(d->d_name, "..") == 0)
			continue;
		below = openat(fd, d->d_name,
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		found = below >= 0 && search(t, below, depth + 1);
	}
	if (dir)
		closedir(dir);
	else
		fd_cleanup(&fd);
	return found;
}

int mount_trial(int root, struct err *e)
{
	struct trial t = { 0 };

	if (search(&t, root, 0) || t.tried == 0)
		return 0;
	err_sys(e, REASON_ROOT_MOUNT, t.error,
		"%s: expected files that can be read, found none among %u, this one the last",
		t.name, t.tried);
	return err_hint(e,
		t.error == ENOENT
			? "the store has none of their objects: rootwright missing lists them"
			: "their objects have no fs-verity, or are not those of the image: rootwright check tells");
}
