/* SPDX-License-Identifier: MIT */
/*
 * An image whose file cannot be measured by the kernel: it is read once into
 * memory that is then sealed, hashed there, and mounted from there, so that
 * nobody below the file system can change it between the two.
 */
#include "boot/boot.h"

#include <linux/loop.h>
#include <sys/sendfile.h>
#include <sys/sysinfo.h>

#include "core/verity.h"

/* At most the policy's limit, and a quarter of the memory that is free. */
static uint64_t limit(uint64_t image_max)
{
	struct sysinfo info;
	uint64_t quarter;

	sysinfo(&info);
	quarter = (uint64_t)info.freeram * info.mem_unit / 4;
	return quarter < image_max ? quarter : image_max;
}

static int copy(int from, int to, uint64_t left)
{
	ssize_t n = 1;

	for (; left && n > 0; left -= n, watchdog_pet())
		n = sendfile(to, from, NULL, left < 1 << 20 ? left : 1 << 20);
	return n;
}

int memory_load(int *memfd, int fd, const char *name, uint64_t image_max,
	enum hash_algorithm a, struct digest *found, struct err *e)
{
	const int seals =
		F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	uint64_t max = limit(image_max);
	struct stat st;

	if (fstat(fd, &st) != 0 || (uint64_t)st.st_size > max)
		return err_set(e, REASON_IMAGE_UNSEALED,
			"image: %s: expected fs-verity, or at most %llu bytes to verify them in memory, found %llu bytes without it",
			name, U64(max), U64(st.st_size));
	*memfd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*memfd < 0 || copy(fd, *memfd, st.st_size) < 0 ||
		fcntl(*memfd, F_ADD_SEALS, seals) != 0 ||
		verity_compute(found, a, *memfd, lseek(*memfd, 0, SEEK_END)) !=
			0)
		return err_sys(e, REASON_IMAGE_UNSEALED, errno,
			"image: %s: expected to verify it in memory, as it has no fs-verity",
			name);
	return 0;
}

/*
 * A read-only loop device over fd, which goes away with its last user.
 * Between asking for a free one and taking it, another may take it.
 */
int loop_attach(int fd, struct err *e)
{
	AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = fd,
		.block_size = 4096,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
	};
	char path[32];
	int n, loop;

	if (control < 0)
		return err_set(e, REASON_KERNEL_FEATURE,
			"kernel: expected loop devices to mount the image with, found none");
	do {
		n = ioctl(control, LOOP_CTL_GET_FREE);
		snprintf(path, sizeof(path), "/dev/loop%d", n);
		loop = n < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		if (loop < 0)
			break;
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
			return loop;
		close(loop);
	} while (errno == EBUSY);
	return err_sys(e, REASON_IMAGE_MOUNT, errno,
		"image: expected a loop device to mount it with, found none");
}
