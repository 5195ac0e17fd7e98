/* SPDX-License-Identifier: MIT */
/*
 * Reads of an X.509 certificate (RFC 5280) what a trusted key needs: who it
 * is and its public key. The rest (its own signature, dates, extensions) is
 * stepped over: a certificate in keys.d is trusted for being there.
 *
 * Keys: ECDSA on P-256 or P-384, RSA of 2048 to 4096 bits. Anything else is
 * KEYS_INVALID.
 */
#pragma once

#include <mbedtls/ecp.h>

#include "core/der.h"

#define CERTIFICATE_MAX 16384	 /* bytes of a certificate's file */
#define CERTIFICATE_DER_MAX 4096 /* bytes of the certificate in it */
#define COMMON_NAME_MAX 128	 /* characters, with a NUL; X.520 says 64 */

/* The spans point into the DER that was read. */
struct certificate {
	struct span issuer; /* the Name, with its tag and length */
	struct span serial; /* the bytes of the INTEGER */
	struct span spki;   /* SubjectPublicKeyInfo, with tag and length */
	char subject[COMMON_NAME_MAX]; /* the common name, printable ASCII */
	mbedtls_ecp_group_id curve;    /* ECDSA; MBEDTLS_ECP_DP_NONE: RSA */
	struct span point;	       /* ECDSA: the point, uncompressed */
	struct span modulus, exponent; /* RSA */
};

/*
 * Takes the one certificate (PEM or DER) of a file into der
 * (CERTIFICATE_DER_MAX bytes), and reads it there. A private key beside it is
 * refused.
 */
must_check int certificate_read(struct certificate *c, uint8_t *der,
	const char *file, const uint8_t *bytes, size_t n, struct err *e);
