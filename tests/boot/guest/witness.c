/* SPDX-License-Identifier: MIT */
/*
 * Stands in for /bin/rootwright-boot in the tests' initramfs: runs the real
 * one (/bin/rootwright-boot.real) inside a pid namespace of its own, so that
 * its reboot(2) ends that namespace and not the machine, and then tells on
 * the second serial port what was left behind: how it ended, whether anything
 * is mounted at /sysroot, whether an init was named, what went to the kernel
 * log. Then it does what the program asked for, or goes on.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Of <linux/watchdog.h>, which musl has not. */
#define WDIOC_SETTIMEOUT _IOWR('W', 6, int)

static FILE *out;

static void tell_lines(const char *word, const char *file, const char *match)
{
	FILE *f = fopen(file, "re");
	char line[4096];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, match))
			fprintf(out, "%s %s", word, line);
	fclose(f);
}

static void tell_log(void)
{
	static char log[1 << 20];
	int n = klogctl(3, log, sizeof(log) - 1);

	for (char *line = strtok(n > 0 ? log : NULL, "\n"); line;
		line = strtok(NULL, "\n"))
		if (strstr(line, "rootwright-boot:"))
			fprintf(out, "LOG %s\n", line);
}

/*
 * Memory that is resident now, in KiB, of the one child of a process, page by
 * page: what wait4 tells is rounded to nothing for a program this small.
 */
static long resident(pid_t parent)
{
	char path[100], line[256];
	int child = 0;
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
		(int)parent);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", child);
	f = child ? fopen(path, "re") : NULL;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* PID 1 of the namespace: it ends as the real program ends. */
static int stand_in(void)
{
	static char name[] = "rootwright-boot";
	char *argv[] = { name, NULL };
	pid_t child = fork();
	int status;

	if (child == 0) {
		execve("/bin/rootwright-boot.real", argv, argv + 1);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * test.watchdog=N: starts the watchdog, which has N seconds. Not a word to
 * stop it, as whoever was there before rootwright-boot may leave it.
 */
static void start_watchdog(void)
{
	static char line[4096];
	FILE *f = fopen("/proc/cmdline", "re");
	const char *said = f && fgets(line, sizeof(line), f)
				   ? strstr(line, "test.watchdog=")
				   : NULL;
	int seconds = said ? atoi(strchr(said, '=') + 1) : 0;
	int fd = seconds ? open("/dev/watchdog", O_WRONLY | O_CLOEXEC) : -1;

	if (f)
		fclose(f);
	if (seconds)
		fprintf(out, "WATCHDOG %s\n",
			ioctl(fd, WDIOC_SETTIMEOUT, &seconds) == 0 ? "started"
								   : "none");
	if (fd >= 0)
		close(fd);
}

/* Stops it, as rootwright-boot must not. */
static void stop_watchdog(void)
{
	int fd = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "V", 1) == 1)
		fprintf(out, "WATCHDOG stopped\n");
	close(fd);
}

static int finish(int how)
{
	fclose(out);
	reboot(how);
	return 1;
}

int main(void)
{
	long now, most = 0;
	int status, fd = open(WITNESS, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	pid_t child;

	out = fd < 0 ? stderr : fdopen(fd, "w");
	start_watchdog();
	if (unshare(CLONE_NEWPID) < 0)
		return finish(RB_AUTOBOOT);
	child = fork();
	if (child == 0)
		_exit(stand_in());
	if (child < 0)
		return finish(RB_AUTOBOOT);
	while (waitpid(child, &status, WNOHANG) == 0) {
		now = resident(child);
		most = now > most ? now : most;
		usleep(20000);
	}
	stop_watchdog();
	tell_log();
	tell_lines("MOUNT", "/proc/self/mountinfo", "");
	tell_lines("SYSROOT", "/proc/self/mountinfo", " /sysroot");
	tell_lines("INIT", "/run/rootwright/init", "");
	fprintf(out, "RSS %ld\n", most);
	if (WIFEXITED(status))
		fprintf(out, "EXIT %d\n", WEXITSTATUS(status));
	else
		fprintf(out, "ACTION %s\n",
			WTERMSIG(status) == SIGHUP ? "reboot"
			: WTERMSIG(status) == SIGINT
				? "poweroff-or-halt"
				: strsignal(WTERMSIG(status)));
	fflush(out);
	tcdrain(fileno(out));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return finish(RB_AUTOBOOT);
}
