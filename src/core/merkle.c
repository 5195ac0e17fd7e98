/* SPDX-License-Identifier: MIT */
#include "core/merkle.h"

#include <mbedtls/md.h>
#include <sys/mman.h>

/*
 * Puts the hash of each block of from's first n bytes into to, which may be
 * the same file: a block is read before its hash goes to where it, or one
 * before it, was.
 */
static int hash_blocks(
	const mbedtls_md_info_t *md, int from, int to, uint64_t n)
{
	uint8_t block[MERKLE_BLOCK], hash[DIGEST_MAX];
	ssize_t size = mbedtls_md_get_size(md);

	for (uint64_t i = 0; i * MERKLE_BLOCK < n; i++) {
		uint64_t left = n - i * MERKLE_BLOCK;
		ssize_t part = left < MERKLE_BLOCK ? left : MERKLE_BLOCK;

		memset(block, 0, sizeof(block));
		errno = EIO; /* what is missing has none of its own */
		if (pread(from, block, part, i * MERKLE_BLOCK) != part ||
			mbedtls_md(md, block, sizeof(block), hash) != 0 ||
			pwrite(to, hash, size, i * size) != size)
			return -1;
	}
	return 0;
}

int merkle_file(struct digest *d, enum hash_algorithm a, int fd, uint64_t size)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
		a == HASH_SHA512 ? MBEDTLS_MD_SHA512 : MBEDTLS_MD_SHA256);
	/* struct fsverity_descriptor of <linux/fsverity.h>, 256 bytes */
	uint8_t descriptor[256] = { 1, a, 12 };
	AUTO_FD int tree = memfd_create("merkle", MFD_CLOEXEC);
	uint64_t n = size;

	memset(d, 0, sizeof(*d));
	d->algorithm = a;
	d->size = mbedtls_md_get_size(md);
	if (tree < 0)
		return -1;
	/* Level by level, until one hash is left: the root; no bytes: zeros. */
	do {
		if (hash_blocks(md, fd, tree, n) != 0)
			return -1;
		n = (n + MERKLE_BLOCK - 1) / MERKLE_BLOCK * d->size;
		fd = tree;
	} while (n > d->size);
	for (unsigned i = 0; i < 8; i++)
		descriptor[8 + i] = size >> (8 * i);
	if (pread(tree, descriptor + 16, n, 0) != (ssize_t)n)
		return -1;
	return mbedtls_md(md, descriptor, sizeof(descriptor), d->bytes);
}
