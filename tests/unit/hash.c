/* SPDX-License-Identifier: MIT */
/*
 * Every kernel that this processor has gives OpenSSL's hashes, for every
 * number of lanes; and the digests of a batch are libfsverity's by each.
 */
#include "tool/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "libfsverity_digest.h"
#include "tap.h"
#include "tool/compute_batch.h"

#define LANES 35 /* twice the widest kernel's, and a few */

static uint8_t *bytes;
static size_t max = 128 * 128 * 4096 + 1;

static void fill(void)
{
	uint64_t x = 88172645463325252;

	bytes = malloc(max);
	for (size_t i = 0; i < max; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)x;
	}
}

/* The n hashes are right, and nothing after them is written. */
static bool right(enum hash_algorithm a, size_t n, size_t size)
{
	static uint8_t out[LANES + 1][64];
	size_t hash_size = a == HASH_SHA512 ? 64 : 32;
	struct hash_block blocks[LANES] = { 0 };
	struct err e;

	memset(out, 0x5a, sizeof(out));
	for (size_t i = 0; i < n; i++)
		blocks[i] = (struct hash_block){
			/* at odd places, and two of them the same */
			bytes + (i == 3 ? 2 : i) * 4099,
			out[0] + i * hash_size,
		};
	if (hash_blocks(a, blocks, n, size, &e) != 0)
		return printf("# %s\n", e.text), false;
	for (size_t i = 0; i < n; i++) {
		uint8_t want[64];

		EVP_Digest(blocks[i].bytes, size, want, NULL,
			a == HASH_SHA512 ? EVP_sha512() : EVP_sha256(), NULL);
		if (memcmp(blocks[i].out, want, hash_size) != 0)
			return false;
	}
	for (size_t i = 0; i < 32; i++)
		if ((out[0] + n * hash_size)[i] != 0x5a)
			return false;
	return true;
}

static void blocks(const char *kernel, enum hash_algorithm a)
{
	static const size_t sizes[] = { 128, 256, 4096, 8192 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = 0;

		while (n <= LANES && right(a, n, sizes[i]))
			n++;
		is_int(n, LANES + 1, "%s: %s of 0 to %d blocks of %zu bytes",
			kernel, hash_name(a), LANES, sizes[i]);
	}
}

static bool is_libfsveritys(enum hash_algorithm a, const uint8_t *from,
	size_t n, const struct digest *d)
{
	struct digest want;

	return libfsverity_digest_of(a, from, n, &want) &&
	       digest_equal(d, &want);
}

static const size_t edges[] = { 0, 1, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097,
	8192, 16 * 4096, 17 * 4096 - 5, 64 * 4096 - 1, 64 * 4096, 64 * 4096 + 1,
	128 * 4096 - 1, 128 * 4096, 128 * 4096 + 1, 64 * 64 * 4096 - 1,
	64 * 64 * 4096, 64 * 64 * 4096 + 1 };

#define EDGES (sizeof(edges) / sizeof(edges[0]))

/* All edges at once, each alone, and many small files. */
static void batches(const char *kernel, enum hash_algorithm a)
{
	static struct compute_job jobs[500];
	unsigned good = 0;
	uint32_t x = 1;
	struct err e;

	for (size_t i = 0; i < EDGES; i++)
		jobs[i] = (struct compute_job){ .bytes = bytes + i,
			.size = edges[i] };
	ok(compute_batch(a, jobs, EDGES, &e) == 0, "%s: edges", kernel);
	for (size_t i = 0; i < EDGES; i++)
		ok(is_libfsveritys(a, bytes + i, edges[i], &jobs[i].digest),
			"%s: %s of %zu bytes among others", kernel,
			hash_name(a), edges[i]);
	for (size_t i = 0; i < EDGES; i++) {
		struct compute_job job = { .bytes = bytes, .size = edges[i] };

		if (compute_batch(a, &job, 1, &e) == 0 &&
			is_libfsveritys(a, bytes, edges[i], &job.digest))
			good++;
	}
	is_int(good, EDGES, "%s: %s of each alone", kernel, hash_name(a));
	for (unsigned i = good = 0; i < 500; i++) {
		x = x * 1664525 + 1013904223;
		jobs[i] = (struct compute_job){ .bytes = bytes + i,
			.size = (x >> 8) % 30000 };
	}
	ok(compute_batch(a, jobs, 500, &e) == 0, "%s: 500 files", kernel);
	for (unsigned i = 0; i < 500; i++)
		good += is_libfsveritys(
			a, jobs[i].bytes, jobs[i].size, &jobs[i].digest);
	is_int(good, 500, "%s: %s of 500 files", kernel, hash_name(a));
	ok(compute_batch(a, NULL, 0, &e) == 0, "%s: no file", kernel);
}

/* 128 * 128 blocks are the edge of a third level: one file, all lanes. */
static void third_level(const char *kernel)
{
	for (size_t size = max - 2; size <= max; size++) {
		struct compute_job job = { .bytes = bytes, .size = size };
		struct err e;

		ok(compute_batch(HASH_SHA256, &job, 1, &e) == 0 &&
				is_libfsveritys(
					HASH_SHA256, bytes, size, &job.digest),
			"%s: %zu bytes", kernel, size);
	}
}

static void all(const char *kernel)
{
	for (int a = HASH_SHA256; a <= HASH_SHA512; a++) {
		blocks(kernel, a);
		batches(kernel, a);
	}
}

static void names(void)
{
	struct err e;

	is_int(hash_use("md5", &e), -1, "an unknown kernel is refused");
	is_str(e.text,
		"hash: expected avx512, sha-ni, armv8 or openssl, found md5",
		"by name");
	is_int(hash_use("openssl", &e), 0, "OpenSSL is always there");
	is_int(hash_use(NULL, &e), 0, "the choice is free again");
}

int main(void)
{
	struct err e;

	fill();
	names();
	all("free choice");
	third_level("free choice");
	for (unsigned i = 0; hash_kernel(i); i++)
		if (hash_use(hash_kernel(i), &e) == 0) {
			all(hash_kernel(i));
		} else {
			printf("# WARNING: %s: THIS KERNEL IS NOT TESTED\n",
				e.text);
			ok(true, "%s # SKIP %s", hash_kernel(i), e.text);
		}
	free(bytes);
	return tap_done();
}
