/* SPDX-License-Identifier: MIT */
/*
 * What the kernel may answer to FS_IOC_MEASURE_VERITY. The machine that runs
 * this may have no fs-verity, so a kernel of our own answers here; real
 * answers are part of the boot tests. One question goes to the real kernel.
 */
#include "core/verity.h"

#include <errno.h>
#include <linux/fsverity.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

static struct {
	int real;  /* ask the real kernel */
	int error; /* errno, or 0 */
	unsigned algorithm, size;
	unsigned room; /* what the caller said there is room for */
} kernel;

/* In place of libc's. */
int ioctl(int fd, unsigned long request, ...)
{
	struct fsverity_digest *d;
	va_list ap;
	unsigned i;

	va_start(ap, request);
	d = va_arg(ap, struct fsverity_digest *);
	va_end(ap);
	if (kernel.real)
		return syscall(SYS_ioctl, fd, request, d);
	kernel.room = d->digest_size;
	if (request != FS_IOC_MEASURE_VERITY)
		kernel.error = EBADRQC;
	else if (kernel.size > d->digest_size)
		kernel.error = EOVERFLOW;
	if (kernel.error) {
		errno = kernel.error;
		return -1;
	}
	d->digest_algorithm = kernel.algorithm;
	d->digest_size = kernel.size;
	for (i = 0; i < kernel.size; i++)
		d->digest[i] = i + 1;
	return 0;
}

/* What measuring gives when the kernel answers so: 0, or errno. */
static int measure(int error, unsigned algorithm, unsigned size)
{
	struct digest d;
	unsigned i;

	kernel.error = error;
	kernel.algorithm = algorithm;
	kernel.size = size;
	memset(&d, 0xff, sizeof(d));
	if (verity_measure(0, &d) != 0)
		return errno;
	is_int(d.algorithm, algorithm, "the algorithm");
	is_int(d.size, size, "the size");
	for (i = 0; i < size; i++)
		if (d.bytes[i] != i + 1)
			return ERANGE;
	for (; i < DIGEST_MAX; i++)
		if (d.bytes[i] != 0)
			return ERANGE;
	return 0;
}

int main(void)
{
	int fd = memfd_create("plain", MFD_CLOEXEC);
	struct digest d;

	is_int(measure(0, 1, 32), 0, "SHA-256, all bytes, zeros behind");
	is_int(kernel.room, DIGEST_MAX, "room for the longest digest");
	is_int(measure(0, 2, 64), 0, "SHA-512, all bytes");
	is_int(measure(0, 1, 64), EINVAL, "SHA-256 of 64 bytes");
	is_int(measure(0, 2, 32), EINVAL, "SHA-512 of 32 bytes");
	is_int(measure(0, 1, 0), EINVAL, "no bytes");
	is_int(measure(0, 3, 32), EINVAL, "an unknown algorithm");
	is_int(measure(0, 0, 32), EINVAL, "algorithm 0");
	is_int(measure(0, 4, 65), EOVERFLOW, "a longer digest");
	is_int(measure(ENODATA, 1, 32), ENODATA, "a plain file");
	is_int(measure(EOPNOTSUPP, 1, 32), EOPNOTSUPP, "no fs-verity");
	is_int(measure(ENOTTY, 1, 32), ENOTTY, "never heard of it");

	kernel.real = 1;
	ok(fd >= 0, "a file in memory");
	errno = 0;
	is_int(verity_measure(fd, &d), -1, "the real kernel knows none there");
	is_int(errno, ENOTTY, "and says so");
	close(fd);
	return tap_done();
}
