/* SPDX-License-Identifier: MIT */
/*
 * A signature file, against a ring of two keys which signed most of the
 * corpus. What we accept and mbedtls' own PKCS#7 reader does not is a
 * finding, except for certificates inside, which we skip and it parses.
 */
#include <mbedtls/pkcs7.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#include "certificates.h"
#include "core/keyring.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct keyring ring;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;

	(void)argc;
	(void)argv;
	keyring_init(&ring);
	if (keyring_add(&ring, "ec", (const uint8_t *)ec_pem,
		    sizeof(ec_pem) - 1, &e) != 0 ||
		keyring_add(&ring, "rsa", (const uint8_t *)rsa_pem,
			sizeof(rsa_pem) - 1, &e) != 0)
		abort();
	return 0;
}

static void inside(struct span s, const uint8_t *bytes, size_t n)
{
	if (s.p < bytes || s.p > bytes + n || s.n > (size_t)(bytes + n - s.p))
		__builtin_trap();
}

static bool has_certificates(const uint8_t *bytes, size_t n)
{
	struct err e;
	struct der_file file = { "x", "x", REASON_FAILED, NULL, &e, false };
	struct der d = { bytes, bytes + n, &file };

	d = der_enter(&d, DER_SEQUENCE, "");
	der_take(&d, DER_OID, "");
	d = der_enter(&d, DER_CONTEXT_0, "");
	d = der_enter(&d, DER_SEQUENCE, "");
	der_take(&d, DER_INTEGER, "");
	der_take(&d, DER_SET, "");
	der_take(&d, DER_SEQUENCE, "");
	return der_next(&d) == DER_CONTEXT_0;
}

/* Everything of the structure that is not a certificate is as mbedtls has it */
static void compare(const uint8_t *bytes, size_t n, const struct key *key)
{
	const uint8_t tbs[] = "FSVerity";
	mbedtls_x509_crt crt;
	mbedtls_pkcs7 pkcs7;
	int r;

	mbedtls_x509_crt_init(&crt);
	mbedtls_pkcs7_init(&pkcs7);
	r = mbedtls_pkcs7_parse_der(&pkcs7, bytes, n);
	if (mbedtls_x509_crt_parse_der(&crt, key->der, key->der_n) != 0)
		__builtin_trap();
	if (r == MBEDTLS_PKCS7_SIGNED_DATA) {
		if (mbedtls_pkcs7_signed_data_verify(&pkcs7, &crt, tbs, 8) != 0)
			__builtin_trap();
	} else if (!has_certificates(bytes, n))
		__builtin_trap();
	mbedtls_x509_crt_free(&crt);
	mbedtls_pkcs7_free(&pkcs7);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct pkcs7 s;
	struct err e;
	const struct key *signer;

	if (pkcs7_read(&s, "x", bytes, n, &e) != 0) {
		if (e.reason != REASON_SIGNATURE_INVALID || !e.hint[0])
			__builtin_trap();
		return 0;
	}
	inside(s.issuer, bytes, n);
	inside(s.serial, bytes, n);
	inside(s.signature, bytes, n);
	if (keyring_verify(&ring, "x", bytes, n, (const uint8_t *)"FSVerity", 8,
		    &signer, &e) == 0)
		compare(bytes, n, signer);
	return 0;
}
