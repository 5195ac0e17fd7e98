/* SPDX-License-Identifier: MIT */
/*
 * /init of the initramfs without busybox, where the kernel has not all drivers
 * built in: loads the modules that /etc/rootwright/modules lists, in that
 * order, and becomes rootwright-boot, which then is PID 1. Part of the trusted
 * path.
 *
 * Its arguments and its environment are words of the kernel command line; it
 * ignores them and does not hand them on. A module that cannot be loaded is
 * said and passed over, as its hardware may not be there; what is then missing
 * rootwright-boot says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES "/lib/modules"

static void load(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if ((fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0) &&
		errno != EEXIST)
		dprintf(2, "rootwright-load: module %s: not loaded: %s\n", name,
			strerror(errno));
	close(fd);
}

static void load_all(void)
{
	static char list[4096];
	int dirfd = open(MODULES, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = open("/etc/rootwright/modules", O_RDONLY | O_CLOEXEC);

	/* The initramfs is in memory: a file of it is read at once. */
	if (read(fd, list, sizeof(list) - 1) < 0)
		dprintf(2, "rootwright-load: the list of modules: %s\n",
			strerror(errno));
	for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n"))
		load(dirfd, name);
	close(dirfd);
	close(fd);
}

int main(void)
{
	static char boot[] = "/bin/rootwright-boot";
	char *const argv[] = { boot, NULL }, *const envp[] = { NULL };

	load_all();
	execve(boot, argv, envp);
	perror("rootwright-load: /bin/rootwright-boot");
	reboot(RB_AUTOBOOT);
	return 1; /* PID 1 ends: the kernel panics */
}
