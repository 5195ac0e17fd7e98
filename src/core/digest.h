/* SPDX-License-Identifier: MIT */
/*
 * An fs-verity file digest: its algorithm (the kernel's FS_VERITY_HASH_ALG_*
 * numbers) and its bytes. The object of a store is named by it.
 */
#pragma once

#include "core/base.h"

#define DIGEST_MAX 64	    /* bytes, SHA-512 */
#define DIGEST_HEX_MAX 129  /* hex digits and a NUL */
#define OBJECT_PATH_MAX 140 /* "objects/ab/cdef..." and a NUL */
#define FORMATTED_MAX 76    /* "FSVerity", two le16, the digest */

enum hash_algorithm {
	HASH_SHA256 = 1, /* FS_VERITY_HASH_ALG_SHA256, 32 bytes */
	HASH_SHA512 = 2, /* FS_VERITY_HASH_ALG_SHA512, 64 bytes */
};

struct digest {
	enum hash_algorithm algorithm;
	unsigned size; /* bytes in use: 32 or 64 */
	uint8_t bytes[DIGEST_MAX];
};

/*
 * Reads exactly n characters: 64 (SHA-256) or 128 (SHA-512) lower-case hex
 * digits, nothing before or after. False for anything else.
 */
bool digest_from_hex(struct digest *d, const char *s, size_t n);

/* Writes the hex digits and a NUL into out (DIGEST_HEX_MAX bytes), its value.
 */
char *digest_to_hex(const struct digest *d, char *out);

/* Writes "objects/ab/cdef..." and a NUL into out (OBJECT_PATH_MAX bytes). */
void digest_object_path(const struct digest *d, char *out);

/* Algorithm, size and all bytes are equal. */
bool digest_equal(const struct digest *a, const struct digest *b);

/* Images that are stacked, the topmost first; zero behind the last one. */
#define IMAGES_MAX 8

struct images {
	unsigned n;
	struct digest list[IMAGES_MAX];
};

/* Adds, below the others, what n hex digits name. NULL, or what was expected.
 */
const char *images_add(struct images *i, const char *s, size_t n);

/* How many of b are the topmost ones of a. */
unsigned images_common(const struct images *a, const struct images *b);

/* "sha256" or "sha512". */
const char *hash_name(enum hash_algorithm a);

/*
 * The bytes that a signature covers, struct fsverity_formatted_digest of
 * <linux/fsverity.h>: "FSVerity", le16 algorithm, le16 size, digest.
 * out has FORMATTED_MAX bytes; returns how many are used.
 */
size_t digest_formatted(const struct digest *d, uint8_t *out);
