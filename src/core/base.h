/* SPDX-License-Identifier: MIT */
/*
 * What all of core and boot stands on: the headers of libc that nearly every
 * file needs, and three attributes. Nothing of ours that does anything.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* Closes a file descriptor when its variable goes out of scope. */
#define AUTO_FD __attribute__((cleanup(fd_cleanup)))

static inline void fd_cleanup(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* What such a variable holds, which is from now on the taker's to close. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* What %llu takes. */
#define U64(n) ((unsigned long long)(n))
