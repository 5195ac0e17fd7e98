/* SPDX-License-Identifier: MIT */
#include "tool/xxhash.h"

#define P1 0x9e3779b1u
#define P2 0x85ebca77u
#define P3 0xc2b2ae3du
#define P4 0x27d4eb2fu
#define P5 0x165667b1u

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

uint32_t xxh32(const void *bytes, size_t n, uint32_t seed)
{
	const uint8_t *p = bytes;
	uint32_t lanes[4] = { seed + P1 + P2, seed + P2, seed, seed - P1 };
	uint32_t h = seed + P5;
	size_t left = n;

	if (n >= 16) {
		for (; left >= 16; left -= 16)
			for (unsigned i = 0; i < 4; i++, p += 4)
				lanes[i] = rotate(lanes[i] + word(p) * P2, 13) *
					   P1;
		h = rotate(lanes[0], 1) + rotate(lanes[1], 7) +
		    rotate(lanes[2], 12) + rotate(lanes[3], 18);
	}
	h += (uint32_t)n;
	for (; left >= 4; left -= 4, p += 4)
		h = rotate(h + word(p) * P3, 17) * P4;
	for (; left > 0; left--, p++)
		h = rotate(h + *p * P5, 11) * P1;
	h = (h ^ h >> 15) * P2;
	h = (h ^ h >> 13) * P3;
	return h ^ h >> 16;
}
