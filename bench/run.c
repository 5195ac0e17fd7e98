/* SPDX-License-Identifier: MIT */
/*
 * run SECONDS REPORT PROGRAM [ARGUMENT...]: runs it and writes to REPORT one
 * line: its seconds, seconds of processor and KiB of resident memory, each
 * with its children, and its exit code. After SECONDS it is killed; then the
 * exit code is 137.
 *
 * A process's peak of memory counts from before its exec. So what starts it
 * must be small, and Python is not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void late(int sig)
{
	(void)sig;
	kill(-child, SIGKILL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage u;
	double start;
	int status;
	FILE *f;

	if (argc < 4)
		return 2;
	f = fopen(argv[2], "w");
	if (!f)
		return 2;
	signal(SIGALRM, late);
	start = now();
	child = fork();
	if (child < 0)
		return 2;
	if (child == 0) {
		setpgid(0, 0);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	alarm((unsigned)atoi(argv[1]));
	while (wait4(child, &status, 0, &u) != child)
		;
	fprintf(f, "%.6f %.6f %ld %d\n", now() - start,
		seconds(u.ru_utime) + seconds(u.ru_stime), u.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status)
				  : 128 + WTERMSIG(status));
	return fclose(f) == 0 ? 0 : 2;
}
