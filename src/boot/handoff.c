/* SPDX-License-Identifier: MIT */
/*
 * Being PID 1 of an initramfs: the first mounts, and the last step. The
 * hand-off of kernels up to 6.19 and of those with a nullfs below the
 * initramfs (7.x) is the same: move the new root onto / and chroot to it.
 */
#include "boot/boot.h"

#include <sys/mount.h>

/* Where each goes at the hand-off; without SYSROOT, where it is mounted. */
static const struct {
	const char *type, *target;
	unsigned long flags;
	const char *data;
} mounts[] = {
	{ "proc", SYSROOT "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", SYSROOT "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "devtmpfs", SYSROOT "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755" },
	{ "tmpfs", SYSROOT "/run", MS_NOSUID | MS_NODEV, "mode=0755" },
};

#define N_MOUNTS (sizeof(mounts) / sizeof(mounts[0]))

int early_mounts(struct err *e)
{
	for (unsigned i = 0; i < N_MOUNTS; i++) {
		const char *path = mounts[i].target + strlen(SYSROOT);

		mkdir(path, 0755); /* or it is there, or there is no mount */
		if (mount(mounts[i].type, path, mounts[i].type, mounts[i].flags,
			    mounts[i].data) != 0 &&
			errno != EBUSY)
			return err_sys(e, REASON_SYSROOT, errno,
				"initramfs: %s: %s cannot be mounted", path,
				mounts[i].type);
	}
	return 0;
}

/*
 * Removes what is below fd and on the same device, to give the initramfs'
 * memory back. Whatever cannot be removed stays: it does no harm.
 */
static void remove_below(int fd, dev_t dev, unsigned depth)
{
	struct dir dir = { .fd = fd };
	const char *name;
	struct stat st;

	while ((name = dir_next(&dir))) {
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			st.st_dev != dev)
			continue;
		if (S_ISDIR(st.st_mode) && depth < 16) {
			AUTO_FD int sub = openat(fd, name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					O_CLOEXEC);

			if (sub >= 0)
				remove_below(sub, dev, depth + 1);
		}
		unlinkat(fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
}

static void remove_initramfs(void)
{
	AUTO_FD int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		remove_below(fd, st.st_dev, 0);
}

int handoff(const char *init, struct err *e)
{
	/*
	 * The kernel puts words of its command line into our environment. The
	 * directory of credentials is empty: without one systemd imports what
	 * firmware and hypervisor say, and makes units of it.
	 */
	static char home[] = "HOME=/", term[] = "TERM=linux",
		    none[] = "CREDENTIALS_DIRECTORY=/run/credentials/@system";
	char *const env[] = { home, term, none, NULL };
	char *const args[] = { (char *)init, NULL };

	mkdir("/run/credentials", 0755);
	mkdir("/run/credentials/@system", 0700);
	for (unsigned i = 0; i < N_MOUNTS; i++) {
		const char *path = mounts[i].target + strlen(SYSROOT);

		if (mount(path, mounts[i].target, NULL, MS_MOVE, NULL) != 0)
			return err_sys(e, REASON_HANDOFF, errno,
				"hand-off: %s: cannot be moved to %s", path,
				mounts[i].target);
	}
	if (chdir(SYSROOT) != 0)
		return err_sys(e, REASON_HANDOFF, errno,
			"hand-off: " SYSROOT ": cannot be entered");
	remove_initramfs();
	if (mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 ||
		chdir("/") != 0)
		return err_sys(e, REASON_HANDOFF, errno,
			"hand-off: " SYSROOT ": cannot become the root");
	execve(init, args, env);
	return err_sys(e, REASON_HANDOFF, errno,
		"hand-off: %s: cannot be executed", init);
}
