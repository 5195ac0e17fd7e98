/* SPDX-License-Identifier: MIT */
/*
 * Reads the one shape of PKCS#7 that we take (RFC 2315, SignedData, in DER):
 *
 *   version 1, one hash algorithm, content of type "data" that is not there,
 *   one signer named by issuer and serial number, no attributes, and a
 *   signature by ECDSA or RSA PKCS#1 v1.5 over SHA-256, SHA-384 or SHA-512.
 *
 * `fsverity sign`, `rootwright sign` and `openssl smime -sign -binary
 * -noattr` write it, a kernel's .fs-verity keyring takes it. Certificates
 * inside are skipped unread: nothing on the disk is trusted for being there.
 * Every other shape is refused, with what it is and how to sign instead.
 */
#pragma once

#include <mbedtls/md.h>

#include "core/der.h"

#define SIGNATURE_MAX 16384 /* bytes of one signature file */

/* The spans point into the bytes that were read. */
struct pkcs7 {
	struct span issuer;	/* the Name, with its tag and length */
	struct span serial;	/* the bytes of the INTEGER */
	struct span signature;	/* what the key made */
	mbedtls_md_type_t hash; /* SHA-256, SHA-384 or SHA-512 */
	bool rsa;		/* else ECDSA */
};

/* name is for messages. SIGNATURE_INVALID. */
must_check int pkcs7_read(struct pkcs7 *s, const char *name,
	const uint8_t *bytes, size_t n, struct err *e);
