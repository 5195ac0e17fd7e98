/* SPDX-License-Identifier: MIT */
/* Digests: hex, nothing but lower-case hex, and all of it. */
#include "core/digest.h"

#include "tap.h"

#define H32 "0123456789abcdef0123456789abcdef"
#define H64 H32 H32

static void test_hex(void)
{
	static const char *const bad[] = {
		"",
		"?" H64,
		H32,
		H64 "0",
		H64 H32,
		H64 H64 "00",
		"0123456789ABCDEF0123456789abcdef" H32,
		"g123456789abcdef0123456789abcdef" H32,
		" 123456789abcdef0123456789abcdef" H32,
		"0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcde\n",
		"0x23456789abcdef0123456789abcdef" H32,
	};
	char hex[DIGEST_HEX_MAX];
	struct digest d;
	size_t i;

	ok(digest_from_hex(&d, H64, 64), "64 digits");
	is_int(d.algorithm, HASH_SHA256, "are SHA-256");
	is_int(d.size, 32, "of 32 bytes");
	is_int(d.bytes[0], 0x01, "the first byte");
	is_int(d.bytes[31], 0xef, "the last byte");
	digest_to_hex(&d, hex);
	is_str(hex, H64, "and back");
	ok(digest_from_hex(&d, H64 H64, 128), "128 digits");
	is_int(d.algorithm, HASH_SHA512, "are SHA-512");
	is_int(d.size, 64, "of 64 bytes");
	digest_to_hex(&d, hex);
	is_str(hex, H64 H64, "and back");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!digest_from_hex(&d, bad[i], strlen(bad[i])),
			"refused: '%s'", bad[i]);
	ok(!digest_from_hex(&d, H64, 63), "the length given is what counts");
	ok(!digest_from_hex(&d, H32 "\0" H32, 64), "a NUL is no digit");
}

static void test_path(void)
{
	char path[OBJECT_PATH_MAX];
	struct digest d;

	ok(digest_from_hex(&d, H64, 64), "a digest");
	digest_object_path(&d, path);
	is_str(path, "objects/01/23456789abcdef0123456789abcdef" H32,
		"the path of its object");
	ok(digest_from_hex(&d, H64 H64, 128), "a long digest");
	digest_object_path(&d, path);
	is_str(path, "objects/01/23456789abcdef0123456789abcdef" H32 H64,
		"the path of its object");
	ok(strlen(path) < OBJECT_PATH_MAX, "which fits");
}

static void test_equal(void)
{
	struct digest a, b;
	unsigned i;
	int same = 0;

	ok(digest_from_hex(&a, H64, 64) && digest_from_hex(&b, H64, 64) &&
			digest_equal(&a, &b),
		"equal");
	for (i = 0; i < 32; i++) {
		b.bytes[i] ^= 1;
		same += digest_equal(&a, &b);
		b.bytes[i] ^= 1;
	}
	is_int(same, 0, "each single byte counts");
	b.algorithm = HASH_SHA512;
	ok(!digest_equal(&a, &b), "the algorithm counts");
	ok(digest_from_hex(&b, H64 H64, 128) && !digest_equal(&a, &b),
		"the first half of a long digest is not the short one");
}

static void test_formatted(void)
{
	uint8_t out[FORMATTED_MAX];
	struct digest d;

	ok(digest_from_hex(&d, H64, 64), "a digest");
	is_int(digest_formatted(&d, out), 44, "44 bytes are signed");
	ok(memcmp(out, "FSVerity\x01\x00\x20\x00", 12) == 0, "their head");
	ok(memcmp(out + 12, d.bytes, 32) == 0, "and the digest");
	ok(digest_from_hex(&d, H64 H64, 128), "a long digest");
	is_int(digest_formatted(&d, out), FORMATTED_MAX, "76 bytes are signed");
	ok(memcmp(out, "FSVerity\x02\x00\x40\x00", 12) == 0, "their head");
	is_str(hash_name(HASH_SHA256), "sha256", "a name");
	is_str(hash_name(HASH_SHA512), "sha512", "the other name");
}

int main(void)
{
	test_hex();
	test_path();
	test_equal();
	test_formatted();
	return tap_done();
}
