/* SPDX-License-Identifier: MIT */
/*
 * Open and read files that may be hostile: resolved below a directory
 * without following a symbolic link or crossing a mount, a regular file and
 * nothing else, read once into memory of a stated size.
 */
#pragma once

#include <linux/openat2.h>

#include "core/err.h"

/* The rules below a directory that may be hostile. */
#define RESOLVE_STRICT \
	(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | \
		RESOLVE_NO_XDEV)

/*
 * openat2(2): libc has no wrapper. Returns an fd, or -1 with errno. What the
 * kernel wants to be asked again (EAGAIN: ".." while somebody renames or
 * mounts anywhere) it is asked again, a thousand times at most.
 */
int open_how(int dirfd, const char *path, int flags, uint64_t resolve);

/*
 * Opens path below dirfd for reading (RESOLVE_STRICT, and O_NONBLOCK
 * so that a FIFO cannot hang us). Anything but a regular
 * file is refused. Returns an fd, or -1 with errno and nothing printed:
 * ELOOP for a symbolic link, EISDIR, ENODEV for a FIFO, socket or device.
 */
int open_regular_beneath(int dirfd, const char *path);

/*
 * The names in a directory, without a heap: readdir(3) would bring its own.
 * Begin with { .fd = an fd opened for reading }, at its start.
 */
struct dir {
	int fd;
	long n, at;
	int error;	    /* errno where the list ended early */
	unsigned char type; /* DT_ of the name that was given last */
	_Alignas(8) char buf[4096];
};

/* The next name but "." and "..", valid until the next call; NULL: no more. */
const char *dir_next(struct dir *d);

/*
 * Reads all of fd into buf. Returns the number of bytes, or -1 with errno;
 * EFBIG when there are more than max.
 */
ssize_t read_all(int fd, void *buf, size_t max);

/*
 * Reads fd from its start to its end, for the sake of what the kernel finds
 * there, and calls each after each piece. *at is how many bytes that were; 0,
 * or -1 with errno.
 */
int read_through(int fd, off_t *at, void (*each)(void));

/*
 * Both: reads the regular file at path below dirfd. Returns the number of
 * bytes, or -1 with errno as above.
 */
ssize_t read_beneath(int dirfd, const char *path, void *buf, size_t max);
