/* SPDX-License-Identifier: MIT */
#include "tool/seal.h"

#include <errno.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>

#include "core/verity.h"

static int enable(int fd, enum hash_algorithm algorithm)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = algorithm,
		.block_size = 4096,
	};
	int r;

	do
		r = ioctl(fd, FS_IOC_ENABLE_VERITY, &arg);
	while (r != 0 && errno == EINTR);
	return r != 0 && errno == EEXIST ? 0 : r;
}

int seal_file(
	int fd, const char *name, const struct digest *want, struct err *e)
{
	struct digest found;
	char hex[2][DIGEST_HEX_MAX];

	if (enable(fd, want->algorithm) != 0) {
		/* EINVAL: blocks of the file system are smaller than ours. */
		if (errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL)
			return SEAL_UNSUPPORTED;
		return err_sys(e, REASON_FAILED, errno,
			"%s: fs-verity cannot be enabled", name);
	}
	if (verity_measure(fd, &found) != 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: its fs-verity digest cannot be measured", name);
	if (digest_equal(&found, want))
		return SEAL_DONE;
	digest_to_hex(want, hex[0]);
	digest_to_hex(&found, hex[1]);
	return err_set(e, REASON_FAILED,
		"%s: expected the fs-verity digest %s, found %s", name, hex[0],
		hex[1]);
}
