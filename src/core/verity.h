/* SPDX-License-Identifier: MIT */
/*
 * A file's fs-verity digest: as the kernel measures it, or as we compute it
 * where no kernel does. Blocks of 4096 bytes, no salt, as in the kernel's
 * Documentation/filesystems/fsverity.rst ("File digest computation").
 */
#pragma once

#include "core/digest.h"

#define MERKLE_BLOCK 4096

/*
 * Asks the kernel (FS_IOC_MEASURE_VERITY). Constant time: it answers from the
 * verity descriptor and reads no data; what is read later through the same
 * file is checked page by page against that digest.
 *
 * Returns 0, or -1 with errno: ENODATA (a plain file), EOPNOTSUPP (a file
 * system or kernel without fs-verity), ENOTTY (a file system that has never
 * heard of it), EOVERFLOW or EINVAL (an algorithm or size that is neither
 * SHA-256 nor SHA-512).
 */
must_check int verity_measure(int fd, struct digest *d);

/*
 * Reads the first size bytes of fd, of which nobody may change one meanwhile.
 * -1 with errno. Keeps the hashes of a level, a 64th of the file at most, in
 * a memfd.
 */
must_check int verity_compute(
	struct digest *d, enum hash_algorithm a, int fd, uint64_t size);
