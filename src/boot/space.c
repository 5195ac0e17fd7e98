/* SPDX-License-Identifier: MIT */
/*
 * A mount namespace of our own: what is mounted in it nobody else sees, and
 * all of it is gone when we exit. One detached mount is carried out.
 */
#include "boot/boot.h"

#include <linux/stat.h>
#include <sched.h>
#include <sys/mount.h>

#include "boot/fs.h"

/* Nothing may be at /sysroot before us, nor come while we work. */
static int check_sysroot(struct err *e)
{
	struct statx st;

	if (syscall(SYS_statx, AT_FDCWD, SYSROOT, AT_SYMLINK_NOFOLLOW,
		    STATX_TYPE, &st) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"sysroot: " SYSROOT ": expected a directory");
	if (!S_ISDIR(st.stx_mode) ||
		(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return err_set(e, REASON_SYSROOT,
			"sysroot: " SYSROOT
			": expected an empty directory, found %s",
			S_ISDIR(st.stx_mode) ? "a mount" : "something else");
	return 0;
}

int space_enter(int *outer, struct err *e)
{
	mkdir(SYSROOT, 0755);
	if (check_sysroot(e) != 0)
		return -1;
	*outer = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (*outer < 0 || unshare(CLONE_NEWNS) != 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return err_sys(e, REASON_ROOT_MOUNT, errno,
			"mounts: expected a private mount namespace, found none");
	if (mount("rootwright", SYSROOT, "tmpfs", MS_NOSUID | MS_NODEV,
		    "mode=0700,size=16k") != 0 ||
		mkdir(SPACE_STORE, 0700) != 0 ||
		mkdir(SPACE_IMAGE, 0700) != 0 || mkdir(SPACE_ROOT, 0700) != 0 ||
		mkdir(SPACE_STATE, 0700) != 0 || mkdir(SPACE_MEMORY, 0700) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"sysroot: " SYSROOT ": cannot be prepared");
	return 0;
}

int space_leave(int outer, struct err *e)
{
	AUTO_FD int root = fs_clone(AT_FDCWD, SPACE_ROOT, 0, 0);

	if (root < 0)
		return err_sys(e, REASON_ROOT_MOUNT, errno,
			"root: cannot be carried out of the private namespace");
	if (setns(outer, CLONE_NEWNS) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"mounts: expected to return to the initramfs' mount namespace");
	if (check_sysroot(e) != 0)
		return -1;
	if (fs_attach(root, SYSROOT) != 0)
		return err_sys(e, REASON_SYSROOT, errno,
			"sysroot: " SYSROOT ": the root cannot be attached");
	return 0;
}
