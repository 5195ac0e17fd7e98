/* SPDX-License-Identifier: MIT */
#include "tool/xxhash.h"

#include "tap.h"

static void is_hash(const char *s, uint32_t seed, uint32_t want)
{
	is_int(xxh32(s, strlen(s), seed), want, "\"%s\", seed %08x", s, seed);
}

/* What libxxhash gives. */
int main(void)
{
	is_hash("", 0, 0x02cc5d05);
	is_hash("a", 0, 0x550d7456);
	is_hash("abc", 0, 0x32d153ff);
	is_hash("0123456789abcde", 1, 0x79172de1);
	is_hash("0123456789abcdef", 0, 0xc2c45b69);
	is_hash("Nobody inspects the spammish repetition", 0, 0xe2293b2f);
	is_hash("overlay.metacopy", 0x25bbe093, 0xdbe5e05f);
	is_hash("overlay.redirect", 0x25bbe093, 0x887ec271);
	is_hash("selinux", 0x25bbe095, 0x9490146b);
	return tap_done();
}
