/* SPDX-License-Identifier: MIT */
#include "boot/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int fs_open(struct fs *f, const char *type)
{
	memset(f, 0, sizeof(*f));
	f->type = type;
	f->fd = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	return f->fd < 0 ? -1 : 0;
}

void fs_close(struct fs *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/*
 * The context's log: one message a read, "e " (or "w ", "i ") before it, the
 * oldest first. The first error is the cause; errno is kept for the caller.
 */
static int keep_reason(struct fs *f)
{
	int saved = errno;
	char line[256];
	ssize_t n;

	f->log[0] = '\0';
	while ((n = read(f->fd, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (!f->log[0] && !strncmp(line, "e ", 2))
			strcpy(f->log, line + 2);
	}
	errno = saved;
	return -1;
}

int fs_set(struct fs *f, const char *key, const char *value)
{
	int cmd = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	if (syscall(SYS_fsconfig, f->fd, cmd, key, value, 0) != 0)
		return keep_reason(f);
	return 0;
}

int fs_set_fd(struct fs *f, const char *key, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fs_set(f, key, path);
}

int fs_mount(struct fs *f, uint64_t attr)
{
	int fd;

	if (syscall(SYS_fsconfig, f->fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) !=
		0)
		return keep_reason(f);
	fd = syscall(SYS_fsmount, f->fd, FSMOUNT_CLOEXEC, attr);
	return fd < 0 ? keep_reason(f) : fd;
}

int fs_attach(int mount_fd, const char *path)
{
	return syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path,
		MOVE_MOUNT_F_EMPTY_PATH);
}

const char *fs_reason(const struct fs *f, char *buf, size_t n)
{
	snprintf(buf, n, "%s%s", f->log[0] ? ": " : "", f->log);
	return buf;
}
