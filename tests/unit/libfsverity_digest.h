/* SPDX-License-Identifier: MIT */
/* The digest of bytes by libfsverity, which ours are compared with. */
#ifndef RW_LIBFSVERITY_DIGEST_H
#define RW_LIBFSVERITY_DIGEST_H

#include <libfsverity.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

static int libfsverity_read(void *ctx, void *buf, size_t n)
{
	const uint8_t **from = ctx;

	memcpy(buf, *from, n);
	*from += n;
	return 0;
}

static bool libfsverity_digest_of(
	enum hash_algorithm a, const void *bytes, size_t n, struct digest *d)
{
	const struct libfsverity_merkle_tree_params params = {
		.version = 1,
		.hash_algorithm = a,
		.file_size = n,
		.block_size = 4096,
	};
	struct libfsverity_digest *out;

	memset(d, 0, sizeof(*d));
	if (libfsverity_compute_digest(
		    &bytes, libfsverity_read, &params, &out) != 0)
		return false;
	d->algorithm = (enum hash_algorithm)out->digest_algorithm;
	d->size = out->digest_size;
	memcpy(d->bytes, out->digest, out->digest_size);
	free(out);
	return true;
}

#endif
