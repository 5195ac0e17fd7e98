/* SPDX-License-Identifier: MIT */
/*
 * /init of the tests' initramfs without busybox: loads the modules that the
 * Debian kernel does not have built in (/etc/rootwright/modules, as written
 * by the builder) and becomes rootwright-boot, which is then PID 1 as on a
 * kernel that has all of them built in. Mounts nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static char name[] = "rootwright-boot";
	char *argv[] = { name, NULL };
	char path[300] = "/lib/modules/";
	char *file = path + strlen(path);
	FILE *list = fopen("/etc/rootwright/modules", "re");

	while (list && fgets(file, 256, list)) {
		int fd;

		file[strcspn(file, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			perror(path);
		if (fd >= 0)
			close(fd);
	}
	if (list)
		fclose(list);
	execve("/bin/rootwright-boot", argv, argv + 1);
	perror("/bin/rootwright-boot");
	return 1;
}
