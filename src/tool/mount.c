/* SPDX-License-Identifier: MIT */
#include "tool/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/fs.h"
#include "core/file.h"

int mount_begin(struct mounting *m, const char *target, struct err *e)
{
	m->outer = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	m->target = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (m->target < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected a directory to mount at", target);
	if (m->outer < 0) {
		err_sys(e, REASON_FAILED, errno,
			"/proc/self/ns/mnt: cannot be opened");
		return err_hint(e, "is /proc mounted?");
	}
	if (unshare(CLONE_NEWNS) != 0) {
		err_sys(e, REASON_FAILED, errno,
			"mount: expected root, found user %u who may not make a mount namespace",
			geteuid());
		return err_hint(e, "run it as root");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		err_sys(e, REASON_FAILED, errno,
			"mount: expected a private mount namespace, found none");
		return err_hint(
			e, "a chroot has to be a mount: bind it onto itself");
	}
	return root_probe_kernel(e);
}

void mount_end(struct mounting *m)
{
	fd_cleanup(&m->outer);
	fd_cleanup(&m->target);
	m->outer = m->target = -1;
}

/* Shows the files of the mount with the owners of a user namespace. */
static int map_ids(int mount_fd, const char *path, struct err *e)
{
	AUTO_FD int userns = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = userns,
	};

	if (userns < 0)
		return err_sys(e, REASON_FAILED, errno,
			"idmap: %s: expected the file of a user namespace",
			path);
	if (syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH, &attr,
		    sizeof(attr)) == 0)
		return 0;
	err_sys(e, REASON_FAILED, errno,
		"idmap: %s: expected the file of a user namespace other than ours",
		path);
	return err_hint(e,
		"/proc/PID/ns/user is that of a process in another user namespace");
}

/* What is put together, from below. */
struct parts {
	int images[MOUNT_IMAGES_MAX]; /* EROFS, as mount_layers has them */
	unsigned n;
	int upper, work; /* or -1 */
};

/*
 * Returns an fd of the mount, which is attached over the root directory of
 * our namespace: no path that begins at our root leads into it, so nothing
 * is hidden, and /proc/self/fd does.
 */
static int mount_erofs(int image, bool *loop, const char *idmap, struct err *e)
{
	AUTO_FD int device = *loop ? loop_attach(image, e) : -1;
	int fd = -1;
	struct fs f;

	if ((*loop && device < 0) || fs_open(&f, "erofs", e) != 0)
		return -1;
	fs_set_fd(&f, "source", *loop ? device : image);
	fs_set(&f, "ro", NULL);
	fd = fs_create(
		&f, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	if (fd < 0 && errno == ENOTBLK && !*loop) {
		/* A file system without it, tmpfs, or a kernel before 6.12. */
		*loop = true;
		return mount_erofs(image, loop, idmap, e);
	}
	if (fd < 0 && errno == EPERM) {
		err_sys(e, REASON_FAILED, EPERM,
			"mount: expected root of the machine, found that of a user namespace");
		return err_hint(e,
			"no Linux up to 7.2 lets a user namespace mount EROFS: let root mount it, with --idmap for other owners");
	}
	if (fd < 0)
		return err_sys(e, REASON_IMAGE_MOUNT, errno,
			"image: expected EROFS that the kernel mounts, found none%s",
			f.reason);
	if ((!idmap || map_ids(fd, idmap, e) == 0) &&
		(fs_attach(fd, "/") == 0 ||
			err_sys(e, REASON_IMAGE_MOUNT, errno,
				"image: cannot be attached in a private namespace") ==
				0))
		return fd;
	close(fd);
	return -1;
}

/*
 * A layer by its path, for those who list mounts. The kernel unescapes that
 * of an upperdir, so one with a backslash goes by fd.
 */
static int set_layer(
	struct fs *f, const char *key, const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char real[PATH_MAX];

	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%.*s: %s: expected a directory",
			(int)strcspn(key, "+"), key, path);
	if (realpath(path, real) && !strchr(real, '\\'))
		fs_set(f, key, real);
	else
		fs_set_fd(f, key, fd);
	return 0;
}

static int set_upper(struct fs *f, const struct parts *p,
	const struct mount_layers *l, struct err *e)
{
	if (p->upper >= 0) {
		fs_set_fd(f, "upperdir", p->upper);
		fs_set_fd(f, "workdir", p->work);
		return 0;
	}
	if (!l->upperdir)
		return 0;
	if (set_layer(f, "upperdir", l->upperdir, e) != 0)
		return -1;
	return set_layer(f, "workdir", l->workdir, e);
}

static int set_layers(struct fs *f, const struct parts *p,
	const struct mount_layers *l, struct err *e)
{
	fs_set(f, "source", l->source);
	fs_set(f, "metacopy", "on");
	fs_set(f, "redirect_dir", "on");
	fs_set(f, "verity", l->verity ? "require" : "off");
	if (l->xino)
		fs_set(f, "xino", "on");
	for (unsigned i = 0; i < p->n; i++)
		fs_set_fd(f, "lowerdir+", p->images[i]);
	for (unsigned i = 0; i < l->n_objects; i++)
		if (set_layer(f, "datadir+", l->objects[i], e) != 0)
			return -1;
	return set_upper(f, p, l, e);
}

/* The same, over them. */
static int mount_overlay(
	const struct parts *p, const struct mount_layers *l, struct err *e)
{
	bool readonly = l->readonly || (!l->upperdir && p->upper < 0);
	struct fs f;
	int fd;

	if (fs_open(&f, "overlay", e) != 0)
		return -1;
	if (set_layers(&f, p, l, e) != 0) {
		close(f.fd);
		return -1;
	}
	fd = fs_create(&f, readonly ? MOUNT_ATTR_RDONLY : 0);
	if (fd >= 0 && fs_attach(fd, "/") == 0)
		return fd;
	err_sys(e, REASON_ROOT_MOUNT, errno,
		"overlay: expected one with verity=%s%s%s, found none%s",
		l->verity ? "require" : "off",
		l->upperdir ? " and upperdir=" : "",
		l->upperdir ? l->upperdir : "", f.reason);
	fd_cleanup(&fd);
	return -1;
}

static void close_images(struct parts *p)
{
	while (p->n)
		close(p->images[--p->n]);
}

/* *looped: all are behind loop devices, as they are where that is set. */
static int mount_images(struct parts *p, bool *looped,
	const struct mount_layers *l, struct err *e)
{
	bool force = *looped;

	*looped = true;
	if (l->n_images > MOUNT_IMAGES_MAX)
		return err_set(e, REASON_FAILED,
			"images: expected at most %d, found %u",
			MOUNT_IMAGES_MAX, l->n_images);
	for (; p->n < l->n_images; p->n++) {
		const struct mount_file *image = &l->images[p->n];
		bool loop = force || image->loop;

		p->images[p->n] = mount_erofs(image->fd, &loop, l->idmap, e);
		if (p->images[p->n] < 0)
			return -1;
		*looped &= loop;
	}
	return 0;
}

/* Can an overlay be mounted on top? 1, 0, or -1 and a sentence. */
static int can_stack(
	const struct parts *p, const struct mount_layers *l, struct err *e)
{
	struct mount_layers lower = *l;
	struct parts images = *p;
	AUTO_FD int fd = -1;
	char path[32];

	lower.upperdir = lower.workdir = NULL;
	images.upper = images.work = -1;
	fd = mount_overlay(&images, &lower, e);
	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return root_can_stack(path, l->objects[0], e);
}

/* The same images, behind loop devices where only those can be stacked on. */
static int mount_stackable(
	struct parts *p, const struct mount_layers *l, struct err *e)
{
	bool looped = false;
	int yes;

	if (mount_images(p, &looped, l, e) != 0)
		return -1;
	yes = looped ? 1 : can_stack(p, l, e);
	if (yes != 0)
		return yes < 0 ? -1 : 0;
	close_images(p);
	looped = true;
	return mount_images(p, &looped, l, e);
}

/*
 * The upper directory of a tmpfs that nobody else has. The root of the
 * overlay has its owner, mode and times: those of the image.
 */
static int make_upper(struct parts *p, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;
	struct fs f;

	if (fs_open(&f, "tmpfs", e) != 0)
		return -1;
	fs_set(&f, "mode", "0700");
	fd = fs_create(&f, MOUNT_ATTR_NODEV);
	if (fd >= 0 && fs_attach(fd, "/") == 0 && mkdirat(fd, "u", 0700) == 0 &&
		mkdirat(fd, "w", 0700) == 0) {
		p->upper = openat(fd, "u", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		p->work = openat(fd, "w", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (p->work >= 0 && p->upper >= 0 && fstat(p->images[0], &st) == 0 &&
		fchown(p->upper, st.st_uid, st.st_gid) == 0 &&
		fchmod(p->upper, st.st_mode & 07777) == 0 &&
		futimens(p->upper,
			(struct timespec[]){ st.st_mtim, st.st_mtim }) == 0)
		return 0;
	return err_sys(e, REASON_FAILED, errno,
		"tmpfs: expected one for an upper directory, found none%s",
		f.reason);
}

/* Returns an fd of the overlay. */
static int put_together(
	struct parts *p, const struct mount_layers *l, struct err *e)
{
	int fd;

	if (mount_stackable(p, l, e) != 0 ||
		(l->temporary && make_upper(p, e) != 0))
		return -1;
	fd = mount_overlay(p, l, e);
	if (fd < 0 || !l->trial || mount_trial(fd, e) == 0)
		return fd;
	close(fd);
	return -1;
}

int mount_tree(struct mounting *m, const struct mount_layers *l, struct err *e)
{
	struct parts p = { .upper = -1, .work = -1 };
	AUTO_FD int root = put_together(&p, l, e);
	AUTO_FD int detached = -1;

	close_images(&p);
	fd_cleanup(&p.upper);
	fd_cleanup(&p.work);
	if (root < 0)
		return -1;
	detached = syscall(SYS_open_tree, root, "",
		AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (detached < 0 || setns(m->outer, CLONE_NEWNS) != 0)
		return err_sys(e, REASON_ROOT_MOUNT, errno,
			"mount: cannot be carried out of the private namespace");
	if (syscall(SYS_move_mount, detached, "", m->target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
		return err_sys(e, REASON_ROOT_MOUNT, errno,
			"mount: cannot be attached at its target");
	return 0;
}
