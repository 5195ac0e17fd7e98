/* SPDX-License-Identifier: MIT */
/* Our digest is libfsverity's, for sizes around every boundary. */
#include "core/verity.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libfsverity_digest.h"
#include "tap.h"

static int file(const uint8_t *p, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	return fd;
}

int main(void)
{
	static const size_t sizes[] = { 0, 1, 64, 4095, 4096, 4097, 8192,
		64 * 4096, 64 * 4096 + 1, 128 * 4096 - 1, 128 * 4096,
		128 * 4096 + 1, 64 * 64 * 4096, 64 * 64 * 4096 + 1,
		128 * 128 * 4096, 128 * 128 * 4096 + 1, 70000000 };
	size_t max = 70000000;
	uint8_t *bytes = malloc(max);
	struct digest none;
	uint32_t x = 1;
	int fd;

	for (size_t i = 0; i < max; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = x >> 24;
	}
	fd = file(bytes, max);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int a = HASH_SHA256; a <= HASH_SHA512; a++) {
			struct digest d, want;

			is_int(verity_compute(&d, a, fd, sizes[i]), 0,
				"hashed");
			ok(libfsverity_digest_of(a, bytes, sizes[i], &want) &&
					digest_equal(&d, &want),
				"%s of %zu bytes", hash_name(a), sizes[i]);
		}
	is_int(verity_compute(&none, HASH_SHA256, fd, max + 1), -1,
		"too short");
	is_int(errno, EIO, "is an error to read");
	is_int(verity_compute(&none, HASH_SHA256, -1, 1), -1, "no file");
	is_int(errno, EBADF, "is none");
	close(fd);
	free(bytes);
	return tap_done();
}
