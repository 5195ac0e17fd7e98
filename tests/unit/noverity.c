/* SPDX-License-Identifier: MIT */
/*
 * The sentence for a kernel without fs-verity. Every Debian kernel has it, so
 * that no boot can show this: the measurement is a stand-in here that fails as
 * the ioctl of such a kernel does, and the rest of image.c is the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/verity.h"

static int measured;
static bool kernel_has_it;

static int fake_measure(int fd, struct digest *d)
{
	(void)fd;
	(void)d;
	errno = measured;
	return -1;
}

static int fake_access(const char *path, int how)
{
	return !strcmp(path, "/sys/fs/ext4/features/verity") && how == F_OK &&
			       kernel_has_it
		       ? 0
		       : -1;
}

/*
 * image.c asks memory_load() for a copy where there is nothing to measure.
 * The real ones are linked, too: rootwright mount has them.
 */
#define verity_measure fake_measure
#define access fake_access
#define memory_load fake_memory_load
#define image_check fake_image_check
#define image_verify fake_image_verify
#include "../../src/boot/image.c"
#include "tap.h"

int memory_load(int *memfd, int fd, const char *name, uint64_t image_max,
	enum hash_algorithm a, struct digest *found, struct err *e)
{
	*memfd = -1;
	(void)fd;
	(void)image_max;
	(void)a;
	(void)found;
	return err_set(e, REASON_IMAGE_UNSEALED, "a copy of %s", name);
}

static void check(int error, bool kernel, enum reason reason,
	const char *sentence, const char *name)
{
	static struct config config = { .policy.store_fstype = "ext4" };
	struct verified_image image = { 0 };
	struct digest found;
	struct err e = { 0 };

	measured = error;
	kernel_has_it = kernel;
	is_int(measure(&image, &config, "x", &found, &e), -1, "%s", name);
	is_int(e.reason, reason, "%s: reason", name);
	is_str(e.text, sentence, "%s: sentence", name);
}

int main(void)
{
	check(EOPNOTSUPP, false, REASON_KERNEL_FEATURE,
		"kernel: expected fs-verity for ext4, found none: no /sys/fs/ext4/features/verity",
		"a kernel without fs-verity");
	check(EOPNOTSUPP, true, REASON_IMAGE_UNSEALED, "a copy of x",
		"a file system without the feature");
	check(ENODATA, true, REASON_IMAGE_UNSEALED, "a copy of x",
		"a plain file");
	check(EIO, true, REASON_IMAGE_MISMATCH,
		"image: x: expected an fs-verity digest, found none that can be compared: Input/output error",
		"any other error");
	return tap_done();
}
