/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <linux/mount.h>

#include "boot/fs.h"

int device_mount(const struct device *d, const char *at, const char *fstype,
	uint64_t attr, bool noreplay, struct err *e)
{
	bool ext4 = strcmp(fstype, "ext4") == 0;
	bool read_only = attr & MOUNT_ATTR_RDONLY;
	struct fs f;

	if (fs_open(&f, fstype, e) != 0)
		return -1;
	fs_set_fd(&f, "source", d->fd);
	if (read_only)
		fs_set(&f, "ro", NULL);
	/* What the super block asks for instead may be an attacker's panic. */
	if (ext4)
		fs_set(&f, "errors", "remount-ro");
	if (ext4 && noreplay)
		fs_set(&f, "noload", NULL);
	if (fs_mount(&f, attr, at) == 0)
		return 0;
	return err_sys(e, read_only ? REASON_STORE_MOUNT : REASON_STATE_MOUNT,
		errno,
		"%s: %s: expected %s that can be mounted read-%s, found none%s",
		at + strlen(SYSROOT "/"), d->path, fstype,
		read_only ? "only" : "write", f.reason);
}

static int mount_store(struct store *s, const struct config *c, struct err *e)
{
	const struct policy *p = &c->policy;
	const char *path = p->store_path + strspn(p->store_path, "/");
	AUTO_FD int top = -1;

	if (device_find(&s->device, "store", s->named, c->plan.timeout, e) !=
			0 ||
		device_mount(&s->device, SPACE_STORE, p->store_fstype,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV |
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOSYMFOLLOW,
			p->store_noreplay, e) != 0)
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

int stores_mount(struct store *stores, const struct config *c, struct err *e)
{
	bool found = false;

	for (unsigned i = STORES_MAX; i-- > 0;) {
		struct store *s = &stores[i];

		*s = (struct store){
			.device.fd = -1, .dirfd = -1, .objects_fd = -1
		};
		s->named = i ? c->policy.stores[i] : c->plan.store;
		if (s->named[0] && mount_store(s, c, e) != 0)
			snprintf(s->trouble, sizeof(s->trouble), "%.511s",
				e->text);
		found |= s->objects_fd >= 0;
	}
	return found ? 0 : -1;
}
