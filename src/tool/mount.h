/* SPDX-License-Identifier: MIT */
/*
 * Mount images and their objects in a running system, all of it or nothing:
 * EROFS and the overlay are put together in a mount namespace of our own,
 * and one move_mount(2) attaches the overlay at its target. umount(8) of the
 * target undoes all; nothing else of it is seen. Of several images each has
 * precedence over those that follow, and so have directories of objects: a
 * file's object is the first regular file that any of them has in its place.
 *
 * What is mounted as image was opened, and where need be verified, by
 * mount_image.h. The kernel has to be Linux 6.7 or newer; before 6.12 the
 * image goes behind a loop device.
 */
#ifndef RW_TOOL_MOUNT_H
#define RW_TOOL_MOUNT_H

#include <stdbool.h>

#include "core/err.h"

#define MOUNT_IMAGES_MAX 128
#define MOUNT_OBJECTS_MAX 100

struct mount_file {
	int fd;	   /* open, borrowed */
	bool loop; /* only behind a loop device, which others need, too */
};

struct mount_layers {
	const char *source;		 /* what mounts are listed under */
	const struct mount_file *images; /* the topmost first */
	unsigned n_images;
	const char *const *objects; /* directories, the first has precedence */
	unsigned n_objects;
	const char *upperdir, *workdir; /* both, or NULL: read-only */
	bool temporary;	   /* in place of upperdir, a tmpfs of its own */
	const char *idmap; /* a user namespace's file; NULL: as in the image */
	bool verity;	   /* verity=require, else verity=off */
	bool readonly;	   /* although there is an upperdir */
	bool xino;	   /* one device number for all, as at boot */
	bool trial;	   /* refuse where mount_trial() does */
};

struct mounting {
	int outer;  /* the mount namespace that we came from */
	int target; /* in it */
};

/*
 * Opens target and leaves for a private mount namespace. What is named by a
 * path is to be opened after that. Refused: who may not (root may), a target
 * that is no directory, a kernel that cannot do it. mount_end() in any case.
 */
must_check int mount_begin(
	struct mounting *m, const char *target, struct err *e);

must_check int mount_tree(
	struct mounting *m, const struct mount_layers *l, struct err *e);

void mount_end(struct mounting *m);

/*
 * mount_trial.c: opens files of the tree at root, an fd, until one can be
 * read. Refused: the first ones of which that could be found out, 16 at most,
 * all cannot, as where the store is another's, its objects have no fs-verity,
 * or the kernel is one (7.0.1 to 7.0.6) that fails verity=require always. A
 * single object that is missing or damaged refuses nothing.
 */
must_check int mount_trial(int root, struct err *e);

#endif
