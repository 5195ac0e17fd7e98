/* SPDX-License-Identifier: MIT */
/* Our digest is libfsverity's, for sizes around every boundary. */
#include "core/merkle.h"

#include <stdlib.h>

#include "tap.h"
#include "tool/compute.h"

static void ours(
	struct digest *d, enum hash_algorithm a, const uint8_t *p, size_t n)
{
	static struct merkle m;

	merkle_begin(&m, a);
	for (size_t at = 0; at < n; at += MERKLE_BLOCK)
		merkle_block(&m, p + at,
			n - at < MERKLE_BLOCK ? n - at : MERKLE_BLOCK);
	merkle_end(&m, d);
}

int main(void)
{
	static const size_t sizes[] = { 0, 1, 64, 4095, 4096, 4097, 8192,
		64 * 4096, 64 * 4096 + 1, 128 * 4096 - 1, 128 * 4096,
		128 * 4096 + 1, 64 * 64 * 4096, 64 * 64 * 4096 + 1,
		128 * 128 * 4096, 128 * 128 * 4096 + 1, 70000000 };
	size_t max = 70000000;
	uint8_t *bytes = malloc(max);
	uint32_t x = 1;

	for (size_t i = 0; i < max; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = x >> 24;
	}
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int a = HASH_SHA256; a <= HASH_SHA512; a++) {
			struct digest d, want;
			struct err e;

			ours(&d, a, bytes, sizes[i]);
			if (compute_bytes(bytes, sizes[i], "x", a, &want, &e))
				printf("# %s\n", e.text);
			else
				ok(digest_equal(&d, &want), "%s of %zu bytes",
					hash_name(a), sizes[i]);
		}
	free(bytes);
	return tap_done();
}
