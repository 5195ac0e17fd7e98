/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "boot/fs.h"
#include "core/file.h"

static int too_old(const char *feature, const char *since, struct err *e)
{
	struct utsname u;

	uname(&u);
	return err_set(e, REASON_KERNEL_TOO_OLD,
		"kernel: %s: expected %s (since Linux %s), found a kernel without it",
		u.release, feature, since);
}

/*
 * Asks the overlay for what root_mount() will ask, before a disk is waited
 * for. A kernel whose overlayfs knows no fs contexts takes any option at
 * this point and has no data-only layers either: both came with 6.5.
 */
int root_probe_kernel(struct err *e)
{
	struct fs f;
	int r = 0;

	if (fs_open(&f, "erofs") != 0)
		return err_set(e, REASON_KERNEL_FEATURE,
			"kernel: expected the file system erofs, found none");
	fs_close(&f);
	if (fs_open(&f, "overlay") != 0)
		return err_set(e, REASON_KERNEL_FEATURE,
			"kernel: expected the file system overlay, found none");
	if (fs_set(&f, "rootwright", "?") == 0)
		r = too_old("overlayfs with data-only lower layers", "6.5", e);
	else if (fs_set(&f, "verity", "require") != 0)
		r = too_old("overlayfs with verity=require", "6.6", e);
	fs_close(&f);
	return r;
}

static bool is_mounted(const char *path)
{
	struct statx st;

	return syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW,
		       STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int space_enter(struct space *s, struct err *e)
{
	if (mkdir(SYSROOT, 0755) != 0 && errno != EEXIST)
		return err_sys(e, REASON_SYSROOT, errno,
			"sysroot: " SYSROOT ": cannot be made");
	if (is_mounted(SYSROOT))
		return err_set(e, REASON_SYSROOT,
			"sysroot: " SYSROOT
			": expected an empty directory, found a mount");
	s->outer = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (s->outer < 0 || unshare(CLONE_NEWNS) != 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return err_sys(e, REASON_ROOT_MOUNT, errno,
			"mounts: expected a private mount namespace, found none");
	if (mount("rootwright", SYSROOT, "tmpfs", MS_NOSUID | MS_NODEV,
		    "mode=0700,size=16k") != 0 ||
		mkdir(SPACE_STORE, 0700) != 0 || mkdir(SPACE_IMAGE, 0700) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"sysroot: " SYSROOT ": cannot be prepared");
	return 0;
}

/* EROFS reads the very file that was measured. */
static int mount_image(const struct verified_image *v, struct err *e)
{
	AUTO_FD int fd = -1;
	char why[300];
	struct fs f;
	int r = 0;

	if (fs_open(&f, "erofs") != 0)
		return err_set(e, REASON_KERNEL_FEATURE,
			"kernel: expected the file system erofs, found none");
	if (fs_set_fd(&f, "source", v->fd) == 0 && fs_set(&f, "ro", NULL) == 0)
		fd = fs_mount(&f, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV |
					  MOUNT_ATTR_NOSUID);
	if (fd < 0 && errno == ENOTBLK)
		r = too_old("EROFS mounted from a file", "6.12", e);
	else if (fd < 0 || fs_attach(fd, SPACE_IMAGE) != 0)
		r = err_sys(e, REASON_IMAGE_MOUNT, errno,
			"image: expected EROFS that the kernel mounts, found none%s",
			fs_reason(&f, why, sizeof(why)));
	fs_close(&f);
	return r;
}

/*
 * The same options always; no retry with weaker ones. metacopy and
 * redirect_dir are explicit because the implicit mode of 6.16 differs.
 */
static int overlay_options(struct fs *f, const struct store *s,
	const struct verified_image *v, int image_dir)
{
	char source[DIGEST_HEX_MAX + 16], hex[DIGEST_HEX_MAX];

	digest_to_hex(&v->digest, hex);
	snprintf(source, sizeof(source), "composefs:%s", hex);
	if (fs_set(f, "source", source) != 0 || fs_set(f, "ro", NULL) != 0 ||
		fs_set(f, "metacopy", "on") != 0 ||
		fs_set(f, "redirect_dir", "on") != 0 ||
		fs_set(f, "verity", v->weakened ? "off" : "require") != 0)
		return -1;
	if (fs_set_fd(f, "lowerdir+", image_dir) != 0)
		return -1;
	return fs_set_fd(f, "datadir+", s->objects_fd);
}

int root_mount(int *root_fd, const struct verified_image *v,
	const struct store *s, struct err *e)
{
	AUTO_FD int image_dir = -1;
	char why[300];
	struct fs f;

	*root_fd = -1;
	if (mount_image(v, e) != 0)
		return -1;
	image_dir = open(SPACE_IMAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (image_dir < 0)
		return err_sys(e, REASON_IMAGE_MOUNT, errno,
			"image: cannot be opened");
	if (fs_open(&f, "overlay") != 0)
		return err_set(e, REASON_KERNEL_FEATURE,
			"kernel: expected the file system overlay, found none");
	if (overlay_options(&f, s, v, image_dir) == 0)
		*root_fd = fs_mount(&f, MOUNT_ATTR_RDONLY);
	if (*root_fd < 0)
		err_sys(e, REASON_ROOT_MOUNT, errno,
			"root: expected an overlay with verity=require, found none%s",
			fs_reason(&f, why, sizeof(why)));
	fs_close(&f);
	return *root_fd < 0 ? -1 : 0;
}

int root_attach(int root_fd, struct space *s, struct err *e)
{
	if (setns(s->outer, CLONE_NEWNS) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"mounts: expected to return to the initramfs' mount namespace");
	if (is_mounted(SYSROOT))
		return err_set(e, REASON_SYSROOT,
			"sysroot: " SYSROOT
			": expected an empty directory, found a mount");
	if (fs_attach(root_fd, SYSROOT) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"sysroot: " SYSROOT ": the root cannot be attached");
	return 0;
}
