/* SPDX-License-Identifier: MIT */
/*
 * A certificate file. Where mbedtls' own X.509 reader takes it as well, both
 * have read the same issuer, serial number and public key.
 */
#include <mbedtls/x509_crt.h>
#include <string.h>

#include "core/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct keyring ring;

static void same(struct span a, const mbedtls_x509_buf *b)
{
	if (a.n != b->len || memcmp(a.p, b->p, a.n) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct certificate *c = &ring.keys[0].certificate;
	const uint8_t *der = ring.keys[0].der;
	mbedtls_x509_crt crt;
	struct err e;

	if (n > CERTIFICATE_MAX)
		return 0;
	keyring_init(&ring);
	if (keyring_add(&ring, "x", bytes, n, &e) != 0) {
		if (e.reason != REASON_KEYS_INVALID || ring.n != 0)
			__builtin_trap();
		return 0;
	}
	if (c->spki.p < der ||
		c->spki.p + c->spki.n > der + CERTIFICATE_DER_MAX)
		__builtin_trap();
	mbedtls_x509_crt_init(&crt);
	if (mbedtls_x509_crt_parse_der(&crt, der, CERTIFICATE_DER_MAX) == 0) {
		same(c->issuer, &crt.issuer_raw);
		same(c->serial, &crt.serial);
		same(c->spki, &crt.pk_raw);
	}
	mbedtls_x509_crt_free(&crt);
	return 0;
}
