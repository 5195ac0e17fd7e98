/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 of 16 blocks and SHA-512 of 8 side by side: each lane of a vector
 * belongs to one block. The words of the blocks are transposed into lanes;
 * from there on it is FIPS 180-4 as it is printed.
 */
#include "tool/hash_private.h"

#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))
#define INLINE AVX512 static inline __attribute__((always_inline))

/* Three operands in one instruction, by their truth table. */
#define XOR(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0x96)
#define CHOOSE(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0xca)
#define MAJORITY(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0xe8)

#define SIGMA32(x, i, j, k) \
	XOR(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), \
		_mm512_ror_epi32(x, k))
#define SIGMA64(x, i, j, k) \
	XOR(_mm512_ror_epi64(x, i), _mm512_ror_epi64(x, j), \
		_mm512_ror_epi64(x, k))
#define UPPER0_32(x) SIGMA32(x, 2, 13, 22)
#define UPPER1_32(x) SIGMA32(x, 6, 11, 25)
#define LOWER0_32(x) \
	XOR(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18), \
		_mm512_srli_epi32(x, 3))
#define LOWER1_32(x) \
	XOR(_mm512_ror_epi32(x, 17), _mm512_ror_epi32(x, 19), \
		_mm512_srli_epi32(x, 10))
#define UPPER0_64(x) SIGMA64(x, 28, 34, 39)
#define UPPER1_64(x) SIGMA64(x, 14, 18, 41)
#define LOWER0_64(x) \
	XOR(_mm512_ror_epi64(x, 1), _mm512_ror_epi64(x, 8), \
		_mm512_srli_epi64(x, 7))
#define LOWER1_64(x) \
	XOR(_mm512_ror_epi64(x, 19), _mm512_ror_epi64(x, 61), \
		_mm512_srli_epi64(x, 6))
#define ADD32(x, y) _mm512_add_epi32(x, y)
#define ADD64(x, y) _mm512_add_epi64(x, y)
#define ALL32(x) _mm512_set1_epi32((int)(x))
#define ALL64(x) _mm512_set1_epi64((long long)(x))

/* Compilers take sums apart; the order below is the shortest way to d and h. */
#define PIN(x) asm("" : "+v"(x))

/* The first 16 words are the block's, each later one is of those before. */
#define GIVEN(BITS, i)
#define NEXT(BITS, i) \
	w[i] = ADD##BITS(w[i], LOWER0_##BITS(w[(i + 1) % 16])); \
	w[i] = ADD##BITS(w[i], \
		ADD##BITS(w[(i + 9) % 16], LOWER1_##BITS(w[(i + 14) % 16])));

/* One round; what were a to h are b to a in the next one. */
#define ROUND(BITS, WORD, i, a, b, c, d, e, f, g, h) \
	WORD(BITS, i) \
	h = ADD##BITS(h, ADD##BITS(w[i], ALL##BITS(k[i]))); \
	PIN(h); \
	h = ADD##BITS(h, CHOOSE(e, f, g)); \
	PIN(h); \
	h = ADD##BITS(h, UPPER1_##BITS(e)); \
	PIN(h); \
	d = ADD##BITS(d, h); \
	h = ADD##BITS(h, MAJORITY(a, b, c)); \
	PIN(h); \
	h = ADD##BITS(h, UPPER0_##BITS(a));

#define EIGHT(BITS, WORD, i) \
	ROUND(BITS, WORD, (i) + 0, a, b, c, d, e, f, g, h) \
	ROUND(BITS, WORD, (i) + 1, h, a, b, c, d, e, f, g) \
	ROUND(BITS, WORD, (i) + 2, g, h, a, b, c, d, e, f) \
	ROUND(BITS, WORD, (i) + 3, f, g, h, a, b, c, d, e) \
	ROUND(BITS, WORD, (i) + 4, e, f, g, h, a, b, c, d) \
	ROUND(BITS, WORD, (i) + 5, d, e, f, g, h, a, b, c) \
	ROUND(BITS, WORD, (i) + 6, c, d, e, f, g, h, a, b) \
	ROUND(BITS, WORD, (i) + 7, b, c, d, e, f, g, h, a)

#define COMPRESS(BITS, words, rounds, constants) \
	INLINE void compress##BITS(__m512i *s, const __m512i *words) \
	{ \
		__m512i a = s[0], b = s[1], c = s[2], d = s[3]; \
		__m512i e = s[4], f = s[5], g = s[6], h = s[7], w[16]; \
		const uint##BITS##_t *k = constants; \
\
		memcpy(w, words, sizeof(w)); \
		EIGHT(BITS, GIVEN, 0) \
		EIGHT(BITS, GIVEN, 8) \
		for (k += 16; k < constants + rounds; k += 16) { \
			EIGHT(BITS, NEXT, 0) \
			EIGHT(BITS, NEXT, 8) \
		} \
		s[0] = ADD##BITS(s[0], a); \
		s[1] = ADD##BITS(s[1], b); \
		s[2] = ADD##BITS(s[2], c); \
		s[3] = ADD##BITS(s[3], d); \
		s[4] = ADD##BITS(s[4], e); \
		s[5] = ADD##BITS(s[5], f); \
		s[6] = ADD##BITS(s[6], g); \
		s[7] = ADD##BITS(s[7], h); \
	}

COMPRESS(32, words, 64, hash_k256)
COMPRESS(64, words, 80, hash_k512)

/*
 * 64 bytes, each word of them turned around. So many streams are more than
 * the processor sees through: what comes soon is asked for.
 */
INLINE __m512i load(const uint8_t *bytes, __m128i swap)
{
	_mm_prefetch(bytes + 256, _MM_HINT_T0);
	return _mm512_shuffle_epi8(
		_mm512_loadu_si512(bytes), _mm512_broadcast_i32x4(swap));
}

/* Four vectors as a matrix of 4 by 4 quarters: turned, to w[0, step, ...]. */
INLINE void turn_quarters(const __m512i u[4], __m512i *w, unsigned step)
{
	__m512i even[2], odd[2];

	for (unsigned i = 0; i < 2; i++) {
		even[i] = _mm512_shuffle_i32x4(u[2 * i], u[2 * i + 1], 0x88);
		odd[i] = _mm512_shuffle_i32x4(u[2 * i], u[2 * i + 1], 0xdd);
	}
	w[0] = _mm512_shuffle_i32x4(even[0], even[1], 0x88);
	w[step] = _mm512_shuffle_i32x4(odd[0], odd[1], 0x88);
	w[2 * step] = _mm512_shuffle_i32x4(even[0], even[1], 0xdd);
	w[3 * step] = _mm512_shuffle_i32x4(odd[0], odd[1], 0xdd);
}

/* 64 bytes of each of 16 blocks: 16 words of each. */
INLINE void load32(const uint8_t *const from[], size_t at, __m512i w[16])
{
	const __m128i swap =
		_mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m512i u[4][4]; /* [word of a quarter][four blocks] */

	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *const *p = from + 4 * i;
		__m512i r0 = load(p[0] + at, swap), r1 = load(p[1] + at, swap);
		__m512i r2 = load(p[2] + at, swap), r3 = load(p[3] + at, swap);
		__m512i lo01 = _mm512_unpacklo_epi32(r0, r1);
		__m512i hi01 = _mm512_unpackhi_epi32(r0, r1);
		__m512i lo23 = _mm512_unpacklo_epi32(r2, r3);
		__m512i hi23 = _mm512_unpackhi_epi32(r2, r3);

		u[0][i] = _mm512_unpacklo_epi64(lo01, lo23);
		u[1][i] = _mm512_unpackhi_epi64(lo01, lo23);
		u[2][i] = _mm512_unpacklo_epi64(hi01, hi23);
		u[3][i] = _mm512_unpackhi_epi64(hi01, hi23);
	}
	for (unsigned i = 0; i < 4; i++)
		turn_quarters(u[i], w + i, 4);
}

/* 128 bytes of each of 8 blocks: 16 words of each. */
INLINE void load64(const uint8_t *const from[], size_t at, __m512i w[16])
{
	const __m128i swap =
		_mm_set_epi64x(0x08090a0b0c0d0e0fLL, 0x0001020304050607LL);

	for (unsigned half = 0; half < 2; half++, at += 64) {
		__m512i u[2][4]; /* [word of a quarter][two blocks] */

		for (unsigned i = 0; i < 4; i++) {
			__m512i r0 = load(from[2 * i] + at, swap);
			__m512i r1 = load(from[2 * i + 1] + at, swap);

			u[0][i] = _mm512_unpacklo_epi64(r0, r1);
			u[1][i] = _mm512_unpackhi_epi64(r0, r1);
		}
		turn_quarters(u[0], w + 8 * half, 2);
		turn_quarters(u[1], w + 8 * half + 1, 2);
	}
}

/*
 * Lanes without a block do the first one again. The upper halves of the
 * vectors are cleared at the end: what follows would run at half its speed.
 */
#define HASH(BITS, lanes, name, initial) \
	AVX512 void name(const struct hash_block *b, size_t n, size_t size) \
	{ \
		const uint8_t *from[lanes]; \
		__m512i s[8], w[16]; \
		uint##BITS##_t out[8][lanes]; \
\
		for (size_t i = 0; i < lanes; i++) \
			from[i] = b[i < n ? i : 0].bytes; \
		for (size_t i = 0; i < 8; i++) \
			s[i] = ALL##BITS(initial[i]); \
		for (size_t at = 0; at < size; at += 2 * BITS) { \
			load##BITS(from, at, w); \
			compress##BITS(s, w); \
		} \
		memset(w, 0, sizeof(w)); \
		w[0] = ALL##BITS((uint##BITS##_t)1 << (BITS - 1)); \
		w[15] = ALL##BITS(8 * size); \
		compress##BITS(s, w); \
		memcpy(out, s, sizeof(out)); \
		for (size_t i = 0; i < n * 8; i++) { \
			uint##BITS##_t x = \
				__builtin_bswap##BITS(out[i % 8][i / 8]); \
			memcpy(b[i / 8].out + i % 8 * sizeof(x), &x, \
				sizeof(x)); \
		} \
		_mm256_zeroupper(); \
	}

HASH(32, AVX512_SHA256_LANES, hash_avx512_sha256, hash_h256)
HASH(64, AVX512_SHA512_LANES, hash_avx512_sha512, hash_h512)
#endif
