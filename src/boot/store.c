/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot/fs.h"
#include "core/file.h"

#define BENEATH \
	(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | \
		RESOLVE_NO_XDEV)

static int configure(
	struct fs *f, const struct store *s, const struct policy *p)
{
	if (fs_set_fd(f, "source", s->device.fd) != 0 ||
		fs_set(f, "ro", NULL) != 0)
		return -1;
	if (strcmp(p->store_fstype, "ext4") != 0)
		return 0;
	/* What the super block asks for instead may be an attacker's panic. */
	if (fs_set(f, "errors", "remount-ro") != 0)
		return -1;
	return p->store_noreplay ? fs_set(f, "noload", NULL) : 0;
}

/* Mounts the device's file system at SPACE_STORE. */
static int mount_device(struct store *s, const struct policy *p, struct err *e)
{
	AUTO_FD int fd = -1;
	char why[300];
	struct fs f;

	if (fs_open(&f, p->store_fstype) != 0)
		return err_set(e, REASON_KERNEL_FEATURE,
			"kernel: expected the file system %s, found none",
			p->store_fstype);
	if (configure(&f, s, p) == 0)
		fd = fs_mount(&f, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV |
					  MOUNT_ATTR_NOSUID |
					  MOUNT_ATTR_NOSYMFOLLOW);
	if (fd < 0 || fs_attach(fd, SPACE_STORE) != 0)
		err_sys(e, REASON_STORE_MOUNT, errno,
			"store: %s: expected %s that can be mounted read-only, found none%s",
			s->device.path, p->store_fstype,
			fs_reason(&f, why, sizeof(why)));
	else
		e = NULL;
	fs_close(&f);
	return e ? -1 : 0;
}

static int open_dirs(struct store *s, const struct policy *p, struct err *e)
{
	AUTO_FD int top = open(SPACE_STORE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = p->store_path + strspn(p->store_path, "/");

	s->dirfd = open_how(
		top, path[0] ? path : ".", O_PATH | O_DIRECTORY, BENEATH);
	if (s->dirfd < 0)
		return err_sys(e, REASON_STORE_LAYOUT, errno,
			"store: %s on %s: expected a directory", p->store_path,
			s->device.path);
	s->objects_fd =
		open_how(s->dirfd, "objects", O_PATH | O_DIRECTORY, BENEATH);
	if (s->objects_fd < 0)
		return err_sys(e, REASON_STORE_LAYOUT, errno,
			"store: %s/objects on %s: expected a directory",
			p->store_path, s->device.path);
	return 0;
}

int store_mount(struct store *s, const struct policy *p, struct err *e)
{
	if (mount_device(s, p, e) != 0)
		return -1;
	s->replayed = s->device.needs_recovery && !p->store_noreplay;
	return open_dirs(s, p, e);
}
