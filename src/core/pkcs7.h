/* SPDX-License-Identifier: MIT */
/*
 * Reads the one shape of PKCS#7 that we take (RFC 2315, SignedData, in DER):
 *
 *   version 1, one digest algorithm, content type "data" and no content, one
 *   signer named by issuer and serial number, no attributes, and a signature
 *   by ECDSA or RSA PKCS#1 v1.5 over SHA-256, SHA-384 or SHA-512.
 *
 * `fsverity sign`, `rootwright sign` and `openssl smime -sign -binary
 * -noattr` write it, a kernel's .fs-verity keyring takes it. Certificates
 * inside are skipped unread: nothing on the disk is trusted for being there.
 *
 * Refused, each with its own sentence: every other shape, lengths that are
 * not DER, and anything before, between or after. The whole of it is bounds
 * arithmetic over the caller's bytes: no heap, no copy, no recursion.
 */
#ifndef RW_CORE_PKCS7_H
#define RW_CORE_PKCS7_H

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define SIGNATURE_MAX 16384 /* bytes of one signature file */

struct span {
	const uint8_t *p;
	size_t n;
};

/* The spans point into the bytes that were read. */
struct pkcs7 {
	struct span issuer;	/* the Name, with its tag and length */
	struct span serial;	/* the bytes of the INTEGER */
	struct span signature;	/* what the key made */
	mbedtls_md_type_t hash; /* SHA-256, SHA-384 or SHA-512 */
	mbedtls_pk_type_t kind; /* MBEDTLS_PK_RSA or MBEDTLS_PK_ECKEY */
};

/* name is for messages. SIGNATURE_INVALID, with a hint how to sign. */
must_check int pkcs7_read(struct pkcs7 *s, const char *name,
	const uint8_t *bytes, size_t n, struct err *e);

#endif
