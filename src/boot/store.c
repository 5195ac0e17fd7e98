/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <linux/mount.h>

#include "boot/fs.h"

/* Mounts the device's file system at SPACE_STORE. */
static int mount_device(
	const struct store *s, const struct policy *p, struct err *e)
{
	bool ext4 = strcmp(p->store_fstype, "ext4") == 0;
	struct fs f;

	if (fs_open(&f, p->store_fstype, e) != 0)
		return -1;
	fs_set_fd(&f, "source", s->device.fd);
	fs_set(&f, "ro", NULL);
	/* What the super block asks for instead may be an attacker's panic. */
	if (ext4)
		fs_set(&f, "errors", "remount-ro");
	if (ext4 && p->store_noreplay)
		fs_set(&f, "noload", NULL);
	if (fs_mount(&f,
		    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID |
			    MOUNT_ATTR_NOSYMFOLLOW,
		    SPACE_STORE) == 0)
		return 0;
	return err_sys(e, REASON_STORE_MOUNT, errno,
		"store: %s: expected %s that can be mounted read-only, found none%s",
		s->device.path, p->store_fstype, f.reason);
}

int store_mount(struct store *s, const struct policy *p, struct err *e)
{
	const char *path = p->store_path + strspn(p->store_path, "/");
	AUTO_FD int top = -1;

	if (mount_device(s, p, e) != 0)
		return -1;
	s->replayed = s->device.needs_recovery && !p->store_noreplay;
	top = open(SPACE_STORE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->dirfd = open_how(top, path[0] ? path : ".", O_PATH | O_DIRECTORY,
		RESOLVE_STRICT);
	s->objects_fd = s->dirfd < 0
				? -1
				: open_how(s->dirfd, "objects",
					  O_PATH | O_DIRECTORY, RESOLVE_STRICT);
	if (s->objects_fd >= 0)
		return 0;
	return err_sys(e, REASON_STORE_LAYOUT, errno,
		"store: %s%s on %s: expected a directory", p->store_path,
		s->dirfd < 0 ? "" : "/objects", s->device.path);
}
