/* SPDX-License-Identifier: MIT */
#include "boot/fs.h"

#include <linux/mount.h>

#include "core/file.h"

int fs_open(struct fs *f, const char *type, struct err *e)
{
	memset(f, 0, sizeof(*f));
	f->fd = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (f->fd >= 0)
		return 0;
	return err_sys(e, REASON_KERNEL_FEATURE, errno,
		"kernel: expected the file system %s, found none", type);
}

/*
 * The context's log: one message a read, "e " (or "w ", "i ") before it, the
 * oldest first. The first error is the cause.
 */
static int fail(struct fs *f)
{
	char line[256];
	ssize_t n;

	f->error = errno;
	while ((n = read(f->fd, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (!f->reason[0] && !strncmp(line, "e ", 2))
			snprintf(
				f->reason, sizeof(f->reason), ": %s", line + 2);
	}
	return -1;
}

int fs_set(struct fs *f, const char *key, const char *value)
{
	int cmd = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	if (f->error)
		return -1;
	return syscall(SYS_fsconfig, f->fd, cmd, key, value, 0) ? fail(f) : 0;
}

int fs_set_fd(struct fs *f, const char *key, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fs_set(f, key, path);
}

int fs_create(struct fs *f, unsigned attr)
{
	int fd = -1;

	if (!f->error && syscall(SYS_fsconfig, f->fd, FSCONFIG_CMD_CREATE, NULL,
				 NULL, 0) != 0)
		fail(f);
	if (!f->error)
		fd = syscall(SYS_fsmount, f->fd, FSMOUNT_CLOEXEC, attr);
	if (!f->error && fd < 0)
		fail(f);
	close(f->fd);
	errno = f->error;
	return fd;
}

int fs_mount(struct fs *f, unsigned attr, const char *path)
{
	AUTO_FD int fd = fs_create(f, attr);

	return fd < 0 ? -1 : fs_attach(fd, path);
}

int fs_attach(int mount_fd, const char *path)
{
	return syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path,
		MOVE_MOUNT_F_EMPTY_PATH);
}

int fs_clone(int dirfd, const char *path, uint64_t set, uint64_t clear)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };
	AUTO_FD int fd = syscall(SYS_open_tree, dirfd, path,
		AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE |
			OPEN_TREE_CLOEXEC);

	if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr,
			      sizeof(attr)) != 0)
		return -1;
	return fd_take(&fd);
}

int fs_writable(const char *path, bool writable)
{
	AUTO_FD int fd = syscall(SYS_fspick, AT_FDCWD, path, FSPICK_CLOEXEC);

	if (fd < 0 || syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG,
			      writable ? "rw" : "ro", NULL, 0) != 0)
		return -1;
	return syscall(
		SYS_fsconfig, fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}
