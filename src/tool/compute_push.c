/* SPDX-License-Identifier: MIT */
#include "tool/compute_push.h"

#include <linux/fsverity.h>
#include <openssl/evp.h>
#include <string.h>

/* From the kernel's Documentation/filesystems/fsverity.rst. */
struct descriptor {
	uint8_t version;
	uint8_t hash_algorithm;
	uint8_t log_blocksize;
	uint8_t salt_size;
	uint32_t reserved1;
	uint64_t data_size;
	uint8_t root_hash[64];
	uint8_t salt[32];
	uint8_t reserved2[144];
};

_Static_assert(sizeof(struct descriptor) == 256, "fs-verity descriptor");

int compute_push_begin(
	struct compute_push *c, enum hash_algorithm a, struct err *e)
{
	memset(c, 0, sizeof(*c));
	c->algorithm = a;
	c->hash_size = a == HASH_SHA512 ? 64 : 32;
	c->ctx = EVP_MD_CTX_new();
	c->md = EVP_MD_fetch(
		NULL, a == HASH_SHA512 ? "SHA512" : "SHA256", NULL);
	if (c->ctx && c->md)
		return 0;
	if (compute_push_end(c, NULL, e) != 0)
		return -1;
	return err_set(e, REASON_FAILED,
		"image: expected OpenSSL to have %s, found that it has not",
		hash_name(a));
}

static void hash(struct compute_push *c, const void *bytes, size_t n, void *out)
{
	if (EVP_DigestInit_ex2(c->ctx, c->md, NULL) != 1 ||
		EVP_DigestUpdate(c->ctx, bytes, n) != 1 ||
		EVP_DigestFinal_ex(c->ctx, out, NULL) != 1)
		c->failed = true;
}

/* The level's block, padded, becomes a hash in the level above. */
static void pass_on(struct compute_push *c, unsigned level)
{
	unsigned above = level + 1;

	memset(c->level[level].block + c->level[level].used, 0,
		COMPUTE_BLOCK - c->level[level].used);
	if (c->level[above].used == COMPUTE_BLOCK)
		pass_on(c, above);
	hash(c, c->level[level].block, COMPUTE_BLOCK,
		c->level[above].block + c->level[above].used);
	c->level[above].used += c->hash_size;
	c->level[level].used = 0;
	c->level[level].passed_on = true;
}

void compute_push(struct compute_push *c, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	c->size += n;
	while (n) {
		size_t room;

		if (c->level[0].used == COMPUTE_BLOCK)
			pass_on(c, 0);
		room = COMPUTE_BLOCK - c->level[0].used;
		if (room > n)
			room = n;
		memcpy(c->level[0].block + c->level[0].used, p, room);
		c->level[0].used += (unsigned)room;
		p += room;
		n -= room;
	}
}

static void finish(struct compute_push *c, struct digest *d)
{
	struct descriptor desc = {
		.version = 1,
		.hash_algorithm = (uint8_t)c->algorithm,
		.log_blocksize = 12,
		.data_size = c->size,
	};
	unsigned top = 0;

	/* The root is the hash that is alone in its level. */
	if (c->size)
		pass_on(c, top++);
	while (c->level[top].passed_on || c->level[top].used > c->hash_size)
		pass_on(c, top++);
	if (c->size)
		memcpy(desc.root_hash, c->level[top].block, c->hash_size);
	memset(d, 0, sizeof(*d));
	d->algorithm = c->algorithm;
	d->size = c->hash_size;
	hash(c, &desc, sizeof(desc), d->bytes);
}

int compute_push_end(struct compute_push *c, struct digest *d, struct err *e)
{
	if (d)
		finish(c, d);
	EVP_MD_CTX_free(c->ctx);
	EVP_MD_free((EVP_MD *)c->md);
	c->ctx = NULL;
	c->md = NULL;
	return c->failed ? err_set(e, REASON_FAILED,
				   "image: cannot be hashed by OpenSSL")
			 : 0;
}
