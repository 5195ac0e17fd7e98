/* SPDX-License-Identifier: MIT */
#include "tool/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct meta m;
	struct err e;

	if (meta_parse(&m, "meta.json", (const char *)bytes, n, &e) == 0 &&
		m.algorithm != HASH_SHA256 && m.algorithm != HASH_SHA512)
		__builtin_trap();
	return 0;
}
