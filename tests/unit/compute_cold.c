/* SPDX-License-Identifier: MIT */
/* Large files that are not in memory, which are read past the page cache. */
#include <fcntl.h>
#include <unistd.h>

#include "libfsverity_digest.h"
#include "tap.h"
#include "tool/compute.h"

#define LARGE ((size_t)20 << 20)

static uint8_t *bytes;

/* A file that the disk has and memory has not; its bytes from 4096 on. */
static int cold_file(size_t size)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	if (pwrite(fd, bytes, size, 4096) != (ssize_t)size || fsync(fd) != 0 ||
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0 ||
		lseek(fd, 4096, SEEK_SET) != 4096)
		printf("# cannot make a cold file\n");
	return fd;
}

/* It is read past the page cache, at each thread's own pace. */
static void cold(size_t size, unsigned threads)
{
	int fd = cold_file(size), flags = fcntl(fd, F_GETFL);
	struct digest d, want;
	struct err e;
	off_t at;

	compute_set_threads(threads);
	ok(libfsverity_digest_of(HASH_SHA256, bytes, size, &want) &&
			compute_fd(fd, "x", size, HASH_SHA256, &d, &e) == 0 &&
			digest_equal(&d, &want),
		"%zu bytes of a cold file, %u threads", size, threads);
	at = lseek(fd, 0, SEEK_CUR);
	ok(at == 4096 + (off_t)size && fcntl(fd, F_GETFL) == flags,
		"its position is behind them, its flags are as before");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	lseek(fd, 4096, SEEK_SET);
	is_int(compute_fd(fd, "x", size + 1, HASH_SHA256, &d, &e), -1,
		"a cold file that ends early");
	ok(strstr(e.text, "found fewer: it changed while it was read"),
		"its sentence");
	close(fd);
}

int main(void)
{
	static const size_t sizes[] = { 4 << 20, (4 << 20) + 1,
		(4 << 20) + 4095, LARGE - 1 };

	bytes = malloc(LARGE);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (unsigned i = 0; i < 4; i++) {
		cold(sizes[i], 1);
		cold(sizes[i], 5);
	}
	free(bytes);
	return tap_done();
}
