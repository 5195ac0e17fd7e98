/* SPDX-License-Identifier: MIT */
/*
 * Ask the kernel to enable fs-verity on a file: from then on nothing can
 * change it, and every read is checked. 4096-byte blocks, no salt.
 */
#ifndef RW_TOOL_SEAL_H
#define RW_TOOL_SEAL_H

#include "core/digest.h"
#include "core/err.h"

enum seal {
	SEAL_DONE, /* fs-verity is on, with the digest expected */
	/*
	 * The file system or the kernel has no fs-verity, or only for blocks
	 * that are smaller than 4096 bytes.
	 */
	SEAL_UNSUPPORTED,
};

/*
 * fd is open for reading only, and nobody has the file open for writing.
 * The digest that the kernel then measures must be *want. Returns an
 * enum seal, or -1.
 */
must_check int seal_file(
	int fd, const char *name, const struct digest *want, struct err *e);

#endif
