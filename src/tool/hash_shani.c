/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by the SHA extensions. One stream waits for its own results half of
 * the time (sha256rnds2: 4 cycles until the result, a new one every 2), so
 * four are interleaved. Four rounds of each, then the next four.
 */
#include "tool/hash_private.h"

#ifdef __x86_64__
#include <immintrin.h>

#define SHANI __attribute__((target("sha,sse4.1")))
#define INLINE SHANI static inline __attribute__((always_inline))

struct stream {
	__m128i abef, cdgh; /* the state, as the instructions want it */
	__m128i w[4];	    /* the last 16 words of the message schedule */
};

/* Rounds 4i to 4i + 3, and the words of the schedule that are 16 later. */
INLINE void four_rounds(struct stream *s, unsigned i)
{
	__m128i *w = &s->w[i % 4], last = s->w[(i + 3) % 4];
	__m128i wk = _mm_add_epi32(
		*w, _mm_loadu_si128((const __m128i *)&hash_k256[4 * i]));

	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
	wk = _mm_shuffle_epi32(wk, 0x0e);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, wk);
	if (i >= 12)
		return;
	*w = _mm_sha256msg1_epu32(*w, s->w[(i + 1) % 4]);
	*w = _mm_add_epi32(*w, _mm_alignr_epi8(last, s->w[(i + 2) % 4], 4));
	*w = _mm_sha256msg2_epu32(*w, last);
}

#define FOUR(i) \
	four_rounds(&a, i); \
	four_rounds(&b, i); \
	four_rounds(&c, i); \
	four_rounds(&d, i);

#define SIXTEEN(i) FOUR(i) FOUR(i + 1) FOUR(i + 2) FOUR(i + 3)

/* Takes the words of all four streams in. */
SHANI static void compress(struct stream s[static SHANI_LANES])
{
	struct stream a = s[0], b = s[1], c = s[2], d = s[3];

	SIXTEEN(0)
	SIXTEEN(4)
	SIXTEEN(8)
	SIXTEEN(12)
	s[0].abef = _mm_add_epi32(s[0].abef, a.abef);
	s[0].cdgh = _mm_add_epi32(s[0].cdgh, a.cdgh);
	s[1].abef = _mm_add_epi32(s[1].abef, b.abef);
	s[1].cdgh = _mm_add_epi32(s[1].cdgh, b.cdgh);
	s[2].abef = _mm_add_epi32(s[2].abef, c.abef);
	s[2].cdgh = _mm_add_epi32(s[2].cdgh, c.cdgh);
	s[3].abef = _mm_add_epi32(s[3].abef, d.abef);
	s[3].cdgh = _mm_add_epi32(s[3].cdgh, d.cdgh);
}

SHANI static void load(struct stream *s, const uint8_t *bytes)
{
	const __m128i swap =
		_mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);

	for (unsigned i = 0; i < 4; i++)
		s->w[i] = _mm_shuffle_epi8(
			_mm_loadu_si128((const __m128i *)(bytes + 16 * i)),
			swap);
}

SHANI static void begin(struct stream *s)
{
	const int *h = (const int *)hash_h256;

	s->abef = _mm_set_epi32(h[0], h[1], h[4], h[5]);
	s->cdgh = _mm_set_epi32(h[2], h[3], h[6], h[7]);
}

/* The padding: a bit, zeros, the number of bits. */
SHANI static void pad(struct stream *s, size_t size)
{
	s->w[0] = _mm_set_epi32(0, 0, 0, (int)0x80000000);
	s->w[1] = s->w[2] = _mm_setzero_si128();
	s->w[3] = _mm_set_epi32((int)(8 * size), (int)(size >> 29), 0, 0);
}

SHANI static void end(const struct stream *s, uint8_t *out)
{
	const __m128i swap =
		_mm_set_epi64x(0x0001020304050607LL, 0x08090a0b0c0d0e0fLL);
	__m128i abef = _mm_shuffle_epi8(s->abef, swap);
	__m128i cdgh = _mm_shuffle_epi8(s->cdgh, swap);

	_mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi64(abef, cdgh));
	_mm_storeu_si128((__m128i *)(out + 16), _mm_unpackhi_epi64(abef, cdgh));
}

SHANI void hash_shani_sha256(const struct hash_block *b, size_t n, size_t size)
{
	struct stream s[SHANI_LANES];
	const uint8_t *from[SHANI_LANES];

	for (size_t i = 0; i < SHANI_LANES; i++) {
		from[i] = b[i < n ? i : 0].bytes;
		begin(&s[i]);
	}
	for (size_t at = 0; at < size; at += 64) {
		for (size_t i = 0; i < SHANI_LANES; i++)
			load(&s[i], from[i] + at);
		compress(s);
	}
	for (size_t i = 0; i < SHANI_LANES; i++)
		pad(&s[i], size);
	compress(s);
	for (size_t i = 0; i < n; i++)
		end(&s[i], b[i].out);
}
#endif
