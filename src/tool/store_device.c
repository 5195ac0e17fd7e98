/* SPDX-License-Identifier: MIT */
#include "tool/store_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>

#include "boot/fs.h"
#include "core/file.h"

#define ATTR \
	(MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | \
		MOUNT_ATTR_NOSYMFOLLOW)

/* The whole file system, for everyone who has it mounted writable. */
static int reconfigure(int mount, const char *flag)
{
	AUTO_FD int fd = syscall(
		SYS_fspick, mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

	if (fd < 0 || syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG, flag, NULL,
			      0) != 0)
		return -1;
	return syscall(
		SYS_fsconfig, fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

static int mount_it(struct store_device *d, const char *device,
	const char *fstype, struct fs *f, struct err *e)
{
	if (fs_open(f, fstype, e) != 0)
		return -1;
	fs_set(f, "source", device);
	if (d->was_ro)
		fs_set(f, "ro", NULL);
	d->mount = fs_create(f, ATTR);
	return 0;
}

int store_device_open(struct store_device *d, const char *device,
	const char *fstype, const char *path, bool write, struct err *e)
{
	struct fs f;

	*d = (struct store_device){ .mount = -1, .dirfd = -1, .write = write };
	if (mount_it(d, device, fstype, &f, e) != 0)
		return -1;
	/* Mounted already and read-only: it has to be asked for as it is. */
	if (d->mount < 0 && errno == EBUSY) {
		d->was_ro = true;
		if (mount_it(d, device, fstype, &f, e) != 0)
			return -1;
		if (d->mount >= 0 && write &&
			reconfigure(d->mount, "rw") != 0) {
			err_sys(e, REASON_FAILED, errno,
				"store: %s: expected a file system that can be written, found one that cannot",
				device);
			d->was_ro = false;
			store_device_close(d);
			return -1;
		}
	}
	if (d->mount < 0)
		return err_sys(e, REASON_FAILED, errno,
			"store: %s: cannot be mounted as %s%s", device, fstype,
			f.reason);
	d->dirfd = open_how(d->mount, path[1] ? path + 1 : ".",
		O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	if (d->dirfd >= 0)
		return 0;
	err_sys(e, REASON_FAILED, errno,
		"store: %s: %s: cannot be opened as a store", device, path);
	store_device_close(d);
	return -1;
}

void store_device_close(struct store_device *d)
{
	if (d->dirfd >= 0)
		close(d->dirfd);
	if (d->mount >= 0 && d->was_ro && d->write)
		reconfigure(d->mount, "ro");
	if (d->mount >= 0)
		close(d->mount);
	d->mount = d->dirfd = -1;
}
