/* SPDX-License-Identifier: MIT */
/*
 * XXH32 of a few bytes: what EROFS' xattr name filter hashes with.
 *
 * Format: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
#ifndef RW_TOOL_XXHASH_H
#define RW_TOOL_XXHASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t xxh32(const void *bytes, size_t n, uint32_t seed);

#endif
