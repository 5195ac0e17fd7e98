/* SPDX-License-Identifier: MIT */
/*
 * rss PROGRAM [ARGUMENT...]: runs it, and says in the kernel log how much
 * memory it has resident when it exits: page by page, as what wait4(2) and
 * VmHWM tell is rounded to nothing for a program as small as ours.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(pid_t pid)
{
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	dprintf(log, "<6>bench: resident %ld KiB\n", kib);
	close(log);
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? fork() : -1;
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT) != 0 ||
		ptrace(PTRACE_CONT, pid, NULL, 0) != 0)
		return 1;
	for (;;) {
		int sig = 0;

		if (waitpid(pid, &status, __WALL) != pid)
			return 1;
		if (!WIFSTOPPED(status))
			break;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			say(pid);
		else if (WSTOPSIG(status) != SIGTRAP &&
			 WSTOPSIG(status) != SIGSTOP)
			sig = WSTOPSIG(status);
		ptrace(PTRACE_CONT, pid, NULL, sig);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
