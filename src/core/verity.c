/* SPDX-License-Identifier: MIT */
#include "core/verity.h"

#include <linux/fsverity.h>
#include <mbedtls/md.h>

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

int verity_compute(
	struct digest *d, enum hash_algorithm a, int fd, uint64_t size)
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
