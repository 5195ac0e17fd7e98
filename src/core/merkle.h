/* SPDX-License-Identifier: MIT */
/*
 * The fs-verity digest of a file that no kernel measures for us: blocks of
 * 4096 bytes, no salt, as in the kernel's Documentation/filesystems/
 * fsverity.rst ("File digest computation").
 */
#pragma once

#include "core/digest.h"
#include "core/err.h"

#define MERKLE_BLOCK 4096

/*
 * Reads the first size bytes of fd, of which nobody may change one meanwhile.
 * -1 with errno. Keeps the hashes of a level, a 64th of the file at most, in
 * a memfd.
 */
must_check int merkle_file(
	struct digest *d, enum hash_algorithm a, int fd, uint64_t size);
