/* SPDX-License-Identifier: MIT */
#include "core/merkle.h"

#include <mbedtls/md.h>
#include <string.h>

static void hash(
	const struct merkle *m, const uint8_t *bytes, size_t n, uint8_t *out)
{
	mbedtls_md(mbedtls_md_info_from_type(m->algorithm == HASH_SHA512
						     ? MBEDTLS_MD_SHA512
						     : MBEDTLS_MD_SHA256),
		bytes, n, out);
}

void merkle_begin(struct merkle *m, enum hash_algorithm algorithm)
{
	memset(m, 0, sizeof(*m));
	m->algorithm = algorithm;
	m->hash_size = algorithm == HASH_SHA512 ? 64 : 32;
}

/* Adds the hash of a block to a level; a level that is full goes up. */
static void add(struct merkle *m, unsigned l, const uint8_t *block)
{
	hash(m, block, MERKLE_BLOCK, m->level[l].block + m->level[l].used);
	m->level[l].used += m->hash_size;
	m->level[l].count++;
	if (m->level[l].used < MERKLE_BLOCK)
		return;
	m->level[l].used = 0;
	if (l + 1 < MERKLE_LEVELS)
		add(m, l + 1, m->level[l].block);
}

void merkle_block(struct merkle *m, const uint8_t *block, size_t n)
{
	uint8_t padded[MERKLE_BLOCK] = { 0 };

	m->size += n;
	if (n == MERKLE_BLOCK) {
		add(m, 0, block);
		return;
	}
	memcpy(padded, block, n);
	add(m, 0, padded);
}

/* The hash that stands alone on its level is the root; none: zeros. */
static const uint8_t *root(struct merkle *m)
{
	unsigned l;

	for (l = 0; l + 1 < MERKLE_LEVELS && m->level[l].count > 1; l++) {
		uint8_t *block = m->level[l].block;
		unsigned used = m->level[l].used;

		if (used == 0)
			continue;
		memset(block + used, 0, MERKLE_BLOCK - used);
		add(m, l + 1, block);
	}
	return m->level[l].block;
}

void merkle_end(struct merkle *m, struct digest *d)
{
	/* struct fsverity_descriptor of <linux/fsverity.h>, 256 bytes */
	uint8_t descriptor[256] = { 1, m->algorithm, 12 };

	for (unsigned i = 0; i < 8; i++)
		descriptor[8 + i] = m->size >> (8 * i);
	memcpy(descriptor + 16, root(m), m->hash_size);
	memset(d, 0, sizeof(*d));
	d->algorithm = m->algorithm;
	d->size = m->hash_size;
	hash(m, descriptor, sizeof(descriptor), d->bytes);
}
