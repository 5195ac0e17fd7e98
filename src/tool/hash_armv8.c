/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by the instructions of ARMv8. One stream waits for its own results
 * (sha256h: 4 to 6 cycles, a new one every 1 or 2), so two are interleaved.
 * Four rounds of each, then the next four.
 */
#include "tool/hash_private.h"

#ifdef __aarch64__
#include <arm_neon.h>

#define ARMV8 __attribute__((target("arch=armv8-a+crypto")))
#define INLINE ARMV8 static inline __attribute__((always_inline))

struct stream {
	uint32x4_t abcd, efgh;
	uint32x4_t w[4]; /* the last 16 words of the message schedule */
};

/* Rounds 4i to 4i + 3, and the words of the schedule that are 16 later. */
INLINE void four_rounds(struct stream *s, unsigned i)
{
	uint32x4_t *w = &s->w[i % 4], abcd = s->abcd;
	uint32x4_t wk = vaddq_u32(*w, vld1q_u32(&hash_k256[4 * i]));

	s->abcd = vsha256hq_u32(abcd, s->efgh, wk);
	s->efgh = vsha256h2q_u32(s->efgh, abcd, wk);
	if (i < 12)
		*w = vsha256su1q_u32(vsha256su0q_u32(*w, s->w[(i + 1) % 4]),
			s->w[(i + 2) % 4], s->w[(i + 3) % 4]);
}

/* Takes the words of all streams in. */
INLINE void compress(struct stream *s, unsigned lanes)
{
	struct stream t[ARMV8_LANES];

	for (unsigned lane = 0; lane < lanes; lane++)
		t[lane] = s[lane];
#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++)
#pragma GCC unroll 2
		for (unsigned lane = 0; lane < lanes; lane++)
			four_rounds(&t[lane], i);
	for (unsigned lane = 0; lane < lanes; lane++) {
		s[lane].abcd = vaddq_u32(s[lane].abcd, t[lane].abcd);
		s[lane].efgh = vaddq_u32(s[lane].efgh, t[lane].efgh);
	}
}

/* Words are big-endian. */
INLINE uint32x4_t turn(uint8x16_t bytes)
{
	return vreinterpretq_u32_u8(vrev32q_u8(bytes));
}

INLINE void load(struct stream *s, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++)
		s->w[i] = turn(vld1q_u8(bytes + 16 * i));
}

/* The padding: a bit, zeros, the number of bits. */
INLINE void pad(struct stream *s, size_t size)
{
	const uint32_t first[4] = { 0x80000000 };
	const uint32_t last[4] = { 0, 0, (uint32_t)(size >> 29),
		(uint32_t)(8 * size) };

	s->w[0] = vld1q_u32(first);
	s->w[1] = s->w[2] = vdupq_n_u32(0);
	s->w[3] = vld1q_u32(last);
}

INLINE void end(const struct stream *s, uint8_t *out)
{
	vst1q_u8(
		out, vreinterpretq_u8_u32(turn(vreinterpretq_u8_u32(s->abcd))));
	vst1q_u8(out + 16,
		vreinterpretq_u8_u32(turn(vreinterpretq_u8_u32(s->efgh))));
}

INLINE void hash(const struct hash_block *b, unsigned lanes, size_t size)
{
	struct stream s[ARMV8_LANES];

	for (unsigned i = 0; i < lanes; i++) {
		s[i].abcd = vld1q_u32(hash_h256);
		s[i].efgh = vld1q_u32(hash_h256 + 4);
	}
	for (size_t at = 0; at < size; at += 64) {
		for (unsigned i = 0; i < lanes; i++)
			load(&s[i], b[i].bytes + at);
		compress(s, lanes);
	}
	for (unsigned i = 0; i < lanes; i++)
		pad(&s[i], size);
	compress(s, lanes);
	for (unsigned i = 0; i < lanes; i++)
		end(&s[i], b[i].out);
}

ARMV8 void hash_armv8_sha256(const struct hash_block *b, size_t n, size_t size)
{
	if (n == ARMV8_LANES)
		hash(b, ARMV8_LANES, size);
	else
		hash(b, 1, size);
}
#endif
