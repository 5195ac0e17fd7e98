/* SPDX-License-Identifier: MIT */
#include "core/verity.h"

#include <linux/fsverity.h>
#include <sys/ioctl.h>

int verity_measure(int fd, struct digest *d)
{
	struct {
		struct fsverity_digest head;
		uint8_t bytes[DIGEST_MAX];
	} m;

	memset(&m, 0, sizeof(m));
	m.head.digest_size = DIGEST_MAX;
	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &m) != 0)
		return -1;
	memset(d, 0, sizeof(*d));
	d->algorithm = m.head.digest_algorithm;
	d->size = m.head.digest_size;
	if (!(d->algorithm == HASH_SHA256 && d->size == 32) &&
		!(d->algorithm == HASH_SHA512 && d->size == 64)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(d->bytes, m.bytes, d->size);
	return 0;
}
