/* SPDX-License-Identifier: MIT */
/*
 * /init of the initramfs: starts the script /etc/rootwright/init under
 * busybox, and nothing else. Part of the trusted path.
 *
 * Why not let the kernel run the script itself? The kernel command line may
 * be the attacker's, and it chooses the program (rdinit=), its arguments
 * (every word the kernel does not know) and its environment (every NAME=value
 * it does not know). So busybox and the script lie in the initramfs without
 * execute permission, where rdinit=/bin/busybox with the argument sh ends in
 * a panic, and only this program, which ignores its arguments and its
 * environment, makes busybox executable and says what it shall do.
 */
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	static char busybox[] = "/bin/busybox", sh[] = "sh";
	static char script[] = "/etc/rootwright/init", home[] = "HOME=/";
	static char term[] = "TERM=linux", path[] = "PATH=/bin";
	char *const argv[] = { busybox, sh, script, NULL };
	char *const envp[] = { home, term, path, NULL };

	if (chmod(busybox, 0755) == 0)
		execve(busybox, argv, envp);
	perror("rootwright-launch: /bin/busybox");
	reboot(RB_AUTOBOOT);
	return 1; /* PID 1 ends: the kernel panics */
}
