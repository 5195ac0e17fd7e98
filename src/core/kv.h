/* SPDX-License-Identifier: MIT */
/*
 * The values that boot.conf and the kernel command line have in common.
 * Each function takes a terminated string, fills *out and refuses by returning
 * the words that follow "expected" in the caller's sentence; NULL is consent.
 * Nothing is written where a value is refused.
 */
#ifndef RW_CORE_KV_H
#define RW_CORE_KV_H

#include <stdbool.h>
#include <stddef.h>

#include "core/digest.h"

#define VALUE_MAX 256 /* bytes of one value, with its NUL */
#define SECONDS_MAX 3600

/*
 * Copies n bytes into out (VALUE_MAX bytes) and terminates them: 1 to 255
 * bytes of printable ASCII.
 */
const char *kv_copy(char *out, const char *s, size_t n);

/* Decimal digits without a leading zero, min to SECONDS_MAX; unsigned *out. */
const char *kv_seconds(void *out, const char *v, unsigned min);

/* The same from 1. */
const char *kv_timeout(void *out, const char *v);

/* 64 or 128 lower-case hex digits; struct digest *out. */
const char *kv_digest(void *out, const char *v);

/*
 * An absolute path without empty, "." or ".." components; char out[VALUE_MAX].
 */
const char *kv_path(void *out, const char *v);

/* What can name the store's device. */
enum naming {
	BY_PATH,
	BY_LABEL,
	BY_UUID,
	BY_PARTLABEL,
	BY_PARTUUID,
};

/*
 * How v names it, and what stands after "/dev/", "LABEL=", "UUID=",
 * "PARTLABEL=" or "PARTUUID="; NULL: none of them.
 */
const char *kv_naming(const char *v, enum naming *by);

/* One of these, and a value that can be; char out[VALUE_MAX]. */
const char *kv_store(void *out, const char *v);

/* At most this many of n characters that are wrong are repeated. */
static inline int kv_shown(size_t n)
{
	return n < 80 ? n : 80;
}

#endif
