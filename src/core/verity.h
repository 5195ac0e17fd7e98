/* SPDX-License-Identifier: MIT */
/*
 * Ask the kernel for a file's fs-verity digest. Constant time: the kernel
 * answers from the verity descriptor and reads no data; what is read later
 * through the same file is checked page by page against that digest.
 */
#pragma once

#include "core/digest.h"

/*
 * FS_IOC_MEASURE_VERITY. Returns 0, or -1 with errno: ENODATA (a plain
 * file), EOPNOTSUPP (a file system or kernel without fs-verity), ENOTTY (a
 * file system that has never heard of it), EOVERFLOW or EINVAL (an algorithm
 * or size that is neither SHA-256 nor SHA-512).
 */
int verity_measure(int fd, struct digest *d);
