/* SPDX-License-Identifier: MIT */
#include "tool/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool shown;

void progress_show(uint64_t n, const char *what, uint64_t bytes)
{
	static int terminal = -1;
	static int64_t last;
	struct timespec now;
	int64_t ms;

	if (terminal < 0)
		terminal = isatty(STDERR_FILENO);
	if (!terminal)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
	if (ms - last < 100)
		return;
	last = ms;
	shown = true;
	fprintf(stderr, "\r%llu %s, %llu MB", (unsigned long long)n, what,
		(unsigned long long)(bytes / 1000000));
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
