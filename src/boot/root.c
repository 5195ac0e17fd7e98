/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include "boot/fs.h"

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

	if (fs_open(&f, "erofs", e) != 0)
		return -1;
	close(f.fd);
	if (fs_open(&f, "overlay", e) != 0)
		return -1;
	if (fs_set(&f, "verity", "require") != 0)
		r = too_old("overlayfs with verity=require", "6.6", e);
	else if (fs_set(&f, "rootwright", "?") == 0)
		r = too_old("overlayfs with data-only lower layers", "6.5", e);
	close(f.fd);
	return r;
}

/*
 * EROFS reads the very file that was measured, or the sealed memory; that,
 * like the file where loop says so, through a loop device. Each image is
 * mounted upon the one before it and reached by its directory's descriptor.
 */
static int mount_image(struct verified_image *v, bool loop, struct err *e)
{
	AUTO_FD int device = loop ? loop_attach(v->fd, e) : -1;
	struct fs f;

	if ((loop && device < 0) || fs_open(&f, "erofs", e) != 0)
		return -1;
	fs_set_fd(&f, "source", loop ? device : v->fd);
	fs_set(&f, "ro", NULL);
	if (fs_mount(&f,
		    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
		    SPACE_IMAGE) == 0) {
		v->dir = open(SPACE_IMAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return 0;
	}
	if (errno == ENOTBLK && !loop)
		return too_old("EROFS mounted from a file", "6.12", e);
	return err_sys(e, REASON_IMAGE_MOUNT, errno,
		"image: expected EROFS that the kernel mounts, found none%s",
		f.reason);
}

/*
 * Mounts the overlay at SPACE_ROOT. The same options always; no retry with
 * weaker ones. metacopy and redirect_dir are explicit because the implicit
 * mode of 6.16 differs.
 */
static int mount_overlay(
	const struct root *r, const struct store *stores, struct err *e)
{
	const char *verity = r->weakened ? "off" : "require";
	char source[DIGEST_HEX_MAX + 16] = "composefs:";
	struct fs f;

	digest_to_hex(&r->images->digest, source + strlen(source));
	if (fs_open(&f, "overlay", e) != 0)
		return -1;
	fs_set(&f, "source", source);
	fs_set(&f, "ro", NULL);
	fs_set(&f, "metacopy", "on");
	fs_set(&f, "redirect_dir", "on");
	fs_set(&f, "verity", verity);
	fs_set(&f, "xino", "on"); /* one st_dev for all of the root */
	for (unsigned i = 0; i < r->n; i++)
		fs_set_fd(&f, "lowerdir+", r->images[i].dir);
	for (unsigned i = 0; i < STORES_MAX; i++)
		if (stores[i].objects_fd >= 0)
			fs_set_fd(&f, "datadir+", stores[i].objects_fd);
	if (fs_mount(&f, MOUNT_ATTR_RDONLY, SPACE_ROOT) == 0)
		return 0;
	return err_sys(e, REASON_ROOT_MOUNT, errno,
		"root: expected an overlay with verity=%s, found none%s",
		verity, f.reason);
}

bool root_can_stack(const char *root, const char *other, struct err *e)
{
	AUTO_FD int fd = -1;
	struct fs f;

	if (fs_open(&f, "overlay", e) != 0)
		return false;
	fs_set(&f, "ro", NULL);
	fs_set(&f, "lowerdir+", root);
	fs_set(&f, "lowerdir+", other);
	fd = fs_create(&f, MOUNT_ATTR_RDONLY);
	return fd >= 0;
}

void root_undo(struct root *r)
{
	umount2(SPACE_ROOT, MNT_DETACH);
	for (unsigned i = 0; i < r->n; i++) {
		umount2(SPACE_IMAGE, MNT_DETACH);
		close(r->images[i].dir);
	}
}

static int mount_images(struct root *r, struct err *e)
{
	for (unsigned i = 0; i < r->n; i++)
		if (mount_image(&r->images[i], r->loop, e) != 0)
			return -1;
	return 0;
}

int root_mount(struct root *r, const struct store *stores, struct err *e)
{
	for (unsigned i = 0; i < r->n; i++)
		r->loop |= r->images[i].memory;
	for (;; r->loop = true) {
		if (mount_images(r, e) != 0 || layers_check(r, e) != 0 ||
			mount_overlay(r, stores, e) != 0)
			return -1;
		if (r->loop || root_can_stack(SPACE_ROOT, SYSROOT, e))
			break;
		root_undo(r);
	}
	r->fd = open(SPACE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->fd < 0 ? err_sys(e, REASON_ROOT_MOUNT, errno, "root: lost")
			 : 0;
}
