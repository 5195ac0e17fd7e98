/* SPDX-License-Identifier: MIT */
/*
 * Reads DER (ITU-T X.690), one element after the other, from bytes that may
 * be hostile: bounds arithmetic over the caller's bytes, no heap, no copy,
 * no recursion. A length that is not the shortest, an indefinite one (BER)
 * and an element that ends behind its parent are refused.
 */
#pragma once

#include "core/err.h"

#define DER_INTEGER 0x02
#define DER_OCTET_STRING 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT_0 0xa0
#define DER_CONTEXT_0_PRIMITIVE 0x80

struct span {
	const uint8_t *p;
	size_t n;
};

/* An OID of <mbedtls/oid.h>, or any other string of bytes. */
#define SPAN(s) \
	{ \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

bool span_equal(struct span a, struct span b);

/*
 * What is being read, for its messages. The first complaint stays; from then
 * on nothing is left to read and whatever is asked for is empty, so that a
 * reader asks for everything in turn and looks at failed once, at its end.
 */
struct der_file {
	const char *kind, *name; /* "signature", "objects/ab/cd.p7s" */
	enum reason reason;
	const char *hint; /* NULL: the reason's own */
	struct err *e;
	bool failed;
};

/* What is left to read of one element. */
struct der {
	const uint8_t *p, *end;
	struct der_file *file;
};

/* Unless good: "<kind>: <name>: expected <expected>, found <found>". */
void der_check(const struct der *d, bool good, const char *expected,
	const char *found);

/* The tag of the next element, or -1 at the end. */
int der_next(const struct der *d);

/* Steps over the next element, which must have this tag, and into it. */
struct der der_enter(struct der *d, int tag, const char *what);

/* The same, giving the bytes in the element, or the whole element. */
struct span der_take(struct der *d, int tag, const char *what);
struct span der_whole(struct der *d, int tag, const char *what);

/* Nothing is left. */
void der_end(const struct der *d, const char *what);

/* The OID of an AlgorithmIdentifier without parameters, or with a NULL. */
struct span der_algorithm(struct der *d, const char *what);
