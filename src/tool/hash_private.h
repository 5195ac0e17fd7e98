/* SPDX-License-Identifier: MIT */
/* The kernels behind hash.h; constants from FIPS 180-4. */
#ifndef RW_TOOL_HASH_PRIVATE_H
#define RW_TOOL_HASH_PRIVATE_H

#include "tool/hash.h"

extern const uint32_t hash_k256[64], hash_h256[8];
extern const uint64_t hash_k512[80], hash_h512[8];

#ifdef __x86_64__
/* At most that many blocks at once; fewer take as long. */
#define AVX512_SHA256_LANES 16
#define AVX512_SHA512_LANES 8
#define SHANI_LANES 4

void hash_avx512_sha256(const struct hash_block *b, size_t n, size_t size);
void hash_avx512_sha512(const struct hash_block *b, size_t n, size_t size);
void hash_shani_sha256(const struct hash_block *b, size_t n, size_t size);
#endif
#ifdef __aarch64__
#define ARMV8_LANES 2

void hash_armv8_sha256(const struct hash_block *b, size_t n, size_t size);
#endif

#endif
