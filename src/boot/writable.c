/* SPDX-License-Identifier: MIT */
/*
 * What of the verified root may be written: the root itself, /etc and /var,
 * each by an overlay whose upper directory is in memory or in the state's
 * file system, or by a directory of that file system in its place.
 *
 * Nothing authenticates what is there. So it is never followed out of its
 * directory: each step to it opens a directory and nothing else, and its
 * upper directories can neither redirect to another file nor have the data of
 * one.
 */
#include "boot/boot.h"

#include <linux/fs.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "boot/fs.h"

#define RESTRICTED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

const char *const tree_names[TREES] = { "/", "/etc", "/var" };

/* What cannot be done with what a name has; errno 0: nothing to tell. */
static int fail(struct err *e, const char *name, const char *source,
	const char *expected)
{
	bool layout = errno == 0 || errno == ENOTDIR || errno == ELOOP;
	enum reason r = layout		  ? REASON_STATE_LAYOUT
			: errno == ENOSPC ? REASON_STATE_FULL
					  : REASON_STATE_MOUNT;

	return err_sys(e, r, errno, "state: %s on %s: expected %s", name,
		source, expected);
}

/* The directory of this name, made where nothing has it. -1 with errno. */
static int open_dir(int at, const char *name, mode_t mode)
{
	if (mkdirat(at, name, mode) != 0 && errno != EEXIST)
		return -1;
	return open_how(at, name, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
}

/* A factory reset: what has the name, whatever it is, gets another one. */
static int move_aside(struct writable *w, int at, const char *name)
{
	unsigned n = 0;

	do {
		snprintf(w->reset, sizeof(w->reset), "%s.reset-%u", name, ++n);
		if (syscall(SYS_renameat2, at, name, at, w->reset,
			    RENAME_NOREPLACE) == 0)
			return fsync(at);
	} while (errno == EEXIST && n < 1000);
	w->reset[0] = '\0';
	return errno == ENOENT ? 0 : -1;
}

/* Mounts the state's file system at SPACE_STATE. */
static int mount_state(struct boot *b, struct err *e)
{
	const struct policy *p = &b->config.policy;
	struct device *d = &b->writable.device;
	struct store *s = b->stores;
	struct stat theirs, ours;
	AUTO_FD int fd = -1;

	if (device_find(d, "state",
		    strcmp(p->state, "store") ? p->state : s->named,
		    b->config.plan.timeout, e)) {
		e->reason = REASON_STATE_DEVICE;
		return -1;
	}
	if (s->objects_fd < 0 || fstat(d->fd, &ours) != 0 ||
		fstat(s->device.fd, &theirs) != 0 ||
		ours.st_rdev != theirs.st_rdev)
		return device_mount(d, SPACE_STATE,
			p->state_fstype[0] ? p->state_fstype : p->store_fstype,
			RESTRICTED, false, e);
	/* A second mount; the store's own stays read-only. */
	fd = fs_clone(AT_FDCWD, SPACE_STORE, RESTRICTED,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW);
	s->writable = fd >= 0 && !p->store_noreplay &&
		      fs_attach(fd, SPACE_STATE) == 0 &&
		      fs_writable(SPACE_STATE, true) == 0;
	if (s->writable)
		return 0;
	return err_sys(e, REASON_STATE_MOUNT, p->store_noreplay ? EROFS : errno,
		"state: %s: expected the store's file system to become writable",
		d->path);
}

/* Opens state_path= there, and makes what is missing. */
static int open_state(struct boot *b, struct err *e)
{
	const char *name, *whole = b->config.policy.state_path;
	const char *device = b->writable.device.path;
	char path[VALUE_MAX], *rest = path;
	int fd;

	if (mount_state(b, e) != 0)
		return -1;
	strcpy(path, whole + 1);
	fd = open(SPACE_STATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		AUTO_FD int at = fd;

		if (!rest && b->config.cmdline.said.factory_reset &&
			move_aside(&b->writable, at, name) != 0)
			return fail(e, whole, device, "to rename it");
		fd = open_dir(at, name, 0755);
	}
	return fd >= 0 ? fd : fail(e, whole, device, "a directory");
}

/* An overlay over lower, attached nowhere. dir is for upper and work. */
static int make_overlay(int lower, int dir, uint64_t attr, struct err *e)
{
	AUTO_FD int upper = open_dir(dir, "upper", 0755);
	AUTO_FD int work = upper < 0 ? -1 : open_dir(dir, "work", 0700);
	struct fs f;

	if (work < 0 || fs_open(&f, "overlay", e) != 0)
		return -1;
	fs_set(&f, "source", "rootwright");
	fs_set(&f, "metacopy", "off");
	fs_set(&f, "redirect_dir", "nofollow");
	fs_set(&f, "index", "off");
	fs_set_fd(&f, "lowerdir+", lower);
	fs_set_fd(&f, "upperdir", upper);
	fs_set_fd(&f, "workdir", work);
	return fs_create(&f, attr);
}

/* Mounts over a tree what base, the state or the memory, has for it. */
static int mount_tree(const struct writable *w, const struct policy *p,
	enum tree t, int lower, int base, struct err *e)
{
	bool kept = w->keep[t] > KEEP_TRANSIENT, bind = w->keep[t] == KEEP_BIND;
	const char *name = tree_names[t];
	const char *source = kept ? w->device.path : "memory";
	uint64_t attr = TREE_RESTRICTED(t, p) ? RESTRICTED : 0;
	AUTO_FD int dir = open_dir(base, name[1] ? name + 1 : "root", 0755);
	struct dir names = { .fd = dir };
	char at[32] = SPACE_ROOT;
	struct statvfs st;
	AUTO_FD int fd = -1;

	/* /var is filled by the system itself, and /etc is not. */
	if (dir >= 0 && bind && t == TREE_ETC && !dir_next(&names)) {
		errno = 0;
		fail(e, name, source, "the system's files, found none");
		return err_hint(e,
			"fill it when the device is made, or set etc=overlay");
	}
	if (dir >= 0)
		fd = bind ? fs_clone(dir, "", attr, RESTRICTED & ~attr)
			  : make_overlay(lower, dir, attr, e);
	/* An overlay that cannot write its work directory is read-only. */
	if (fd >= 0 && fstatvfs(fd, &st) == 0 && st.f_flag & ST_RDONLY)
		errno = st.f_bavail ? EROFS : ENOSPC;
	else if (fd >= 0 && fs_attach(fd, strcat(at, name)) == 0)
		return 0;
	return fail(e, name, source, "directories to mount and to write to");
}

int writable_mount(struct boot *b, struct err *e)
{
	AUTO_FD int root = open(SPACE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int memory = -1, state = -2; /* not opened yet */
	const struct policy *p = &b->config.policy;
	struct writable *w = &b->writable;

	if (mount("rootwright", SPACE_MEMORY, "tmpfs", 0, "mode=0700") == 0)
		memory = open(SPACE_MEMORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (enum tree t = 0; t < TREES; t++) {
		AUTO_FD int lower =
			open_how(root, tree_names[t], O_PATH | O_DIRECTORY,
				RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

		/* Preflight has refused an image without what has to be. */
		if (lower < 0 || p->keep[t] == KEEP_NONE)
			continue;
		w->keep[t] = p->keep[t];
		if (w->keep[t] > KEEP_TRANSIENT) {
			if (state == -2)
				state = open_state(b, e);
			if (state >= 0 &&
				mount_tree(w, p, t, lower, state, e) == 0)
				continue;
			if (!p->state_transient)
				return -1;
			say(LEVEL_WARNING, "%s: %s is transient", e->text,
				tree_names[t]);
			snprintf(w->trouble, sizeof(w->trouble), "%s", e->text);
		}
		w->keep[t] = KEEP_TRANSIENT;
		if (mount_tree(w, p, t, lower, memory, e) != 0)
			return -1;
	}
	return 0;
}
