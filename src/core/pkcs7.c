/* SPDX-License-Identifier: MIT */
#include "core/pkcs7.h"

#include <mbedtls/oid.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	struct span oid;
	mbedtls_md_type_t hash;
} hashes[] = {
	{ SPAN(MBEDTLS_OID_DIGEST_ALG_SHA256), MBEDTLS_MD_SHA256 },
	{ SPAN(MBEDTLS_OID_DIGEST_ALG_SHA384), MBEDTLS_MD_SHA384 },
	{ SPAN(MBEDTLS_OID_DIGEST_ALG_SHA512), MBEDTLS_MD_SHA512 },
};

/* The hash is named twice; MD_NONE leaves it to the first naming. */
static const struct {
	struct span oid;
	mbedtls_md_type_t hash;
	bool rsa;
} kinds[] = {
	{ SPAN(MBEDTLS_OID_PKCS1_RSA), MBEDTLS_MD_NONE, true },
	{ SPAN(MBEDTLS_OID_PKCS1_SHA256), MBEDTLS_MD_SHA256, true },
	{ SPAN(MBEDTLS_OID_PKCS1_SHA384), MBEDTLS_MD_SHA384, true },
	{ SPAN(MBEDTLS_OID_PKCS1_SHA512), MBEDTLS_MD_SHA512, true },
	{ SPAN(MBEDTLS_OID_ECDSA_SHA256), MBEDTLS_MD_SHA256, false },
	{ SPAN(MBEDTLS_OID_ECDSA_SHA384), MBEDTLS_MD_SHA384, false },
	{ SPAN(MBEDTLS_OID_ECDSA_SHA512), MBEDTLS_MD_SHA512, false },
};

static const struct span signed_data = SPAN(MBEDTLS_OID_PKCS7_SIGNED_DATA);
static const struct span data = SPAN(MBEDTLS_OID_PKCS7_DATA);
static const struct span pss = SPAN(MBEDTLS_OID_RSASSA_PSS);

static const char how[] =
	"sign with rootwright sign, or sign the bytes of rootwright sign --print-tbs with openssl smime -sign -binary -noattr -outform DER";

static int version(struct der *d, const char *what)
{
	struct span v;

	if (der_take(d, DER_INTEGER, what, &v) != 0)
		return -1;
	return v.n == 1 && v.p[0] == 1 ? 0
				       : der_refuse(d, what, "another version");
}

static int find_algorithms(
	struct der *d, struct span hash, struct span kind, struct pkcs7 *s)
{
	size_t i;

	s->hash = MBEDTLS_MD_NONE;
	for (i = 0; i < N(hashes); i++)
		if (span_equal(hashes[i].oid, hash))
			s->hash = hashes[i].hash;
	if (s->hash == MBEDTLS_MD_NONE)
		return der_refuse(
			d, "SHA-256, SHA-384 or SHA-512", "another hash");
	for (i = 0; i < N(kinds); i++)
		if (span_equal(kinds[i].oid, kind) &&
			(kinds[i].hash == MBEDTLS_MD_NONE ||
				kinds[i].hash == s->hash)) {
			s->rsa = kinds[i].rsa;
			return 0;
		}
	return der_refuse(d, "ECDSA or RSA PKCS#1 v1.5 over the same hash",
		"another algorithm");
}

/* IssuerAndSerialNumber, in a SignerInfo of version 1. */
static int signer_name(struct der *d, struct pkcs7 *s)
{
	struct der who, peek = *d;
	struct span v;

	/* Version 3 says the same, but not to people. */
	if (der_take(&peek, DER_INTEGER, "a signer's version", &v) == 0 &&
		der_next(&peek) == DER_CONTEXT_0_PRIMITIVE)
		return der_refuse(d,
			"a signer named by issuer and serial number",
			"one named by its subject key id");
	if (version(d, "a signer of version 1") != 0 ||
		der_enter(d, DER_SEQUENCE, "an issuer and serial number",
			&who) != 0 ||
		der_whole(&who, DER_SEQUENCE, "an issuer", &s->issuer) != 0 ||
		der_take(&who, DER_INTEGER, "a serial number", &s->serial) != 0)
		return -1;
	return der_end(&who, "a serial number");
}

/* SignerInfo; announced is the hash that SignedData names. */
static int signer(struct der *d, struct span announced, struct pkcs7 *s)
{
	struct der peek, algorithm;
	struct span hash, kind;

	if (signer_name(d, s) != 0 ||
		der_algorithm(d, "the signer's hash", &hash) != 0)
		return -1;
	if (!span_equal(hash, announced))
		return der_refuse(d, "one hash algorithm", "two");
	if (der_next(d) == DER_CONTEXT_0)
		return der_refuse(d,
			"a signature over the digest itself (-noattr)",
			"one over signed attributes");
	peek = *d; /* RSA-PSS has parameters, and deserves its own sentence */
	if (der_enter(&peek, DER_SEQUENCE, "the algorithm", &algorithm) != 0 ||
		der_take(&algorithm, DER_OID, "the algorithm", &kind) != 0)
		return -1;
	if (span_equal(kind, pss))
		return der_refuse(d, "RSA PKCS#1 v1.5 or ECDSA", "RSA-PSS");
	if (der_algorithm(d, "the algorithm", &kind) != 0 ||
		der_take(d, DER_OCTET_STRING, "the signature", &s->signature) !=
			0 ||
		der_end(d, "a signer without unsigned attributes") != 0)
		return -1;
	return find_algorithms(d, hash, kind, s);
}

/* SignedData. */
static int signed_content(struct der *d, struct pkcs7 *s)
{
	struct der hashes_set, content, signers, one;
	struct span v, hash, type, skipped;

	/* The version follows from the signers: judged there. */
	if (der_take(d, DER_INTEGER, "a version", &v) != 0 ||
		der_enter(d, DER_SET, "the hash algorithms", &hashes_set) !=
			0 ||
		der_algorithm(&hashes_set, "a hash algorithm", &hash) != 0 ||
		der_end(&hashes_set, "one hash algorithm") != 0 ||
		der_enter(d, DER_SEQUENCE, "the content", &content) != 0 ||
		der_take(&content, DER_OID, "the content's type", &type) != 0)
		return -1;
	if (!span_equal(type, data))
		return der_refuse(d, "content of type data", "another type");
	if (content.p != content.end)
		return der_refuse(
			d, "a detached signature", "attached content");
	if (der_next(d) == DER_CONTEXT_0 &&
		der_take(d, DER_CONTEXT_0, "certificates", &skipped) != 0)
		return -1;
	if (der_enter(d, DER_SET, "a signer", &signers) != 0 ||
		der_end(d, "a signer") != 0 ||
		der_enter(&signers, DER_SEQUENCE, "a signer", &one) != 0)
		return -1;
	if (signers.p != signers.end)
		return der_refuse(d, "one signer", "several");
	if (signer(&one, hash, s) != 0)
		return -1;
	return v.n == 1 && v.p[0] == 1
		       ? 0
		       : der_refuse(d, "PKCS#7 version 1", "another version");
}

int pkcs7_read(struct pkcs7 *s, const char *name, const uint8_t *bytes,
	size_t n, struct err *e)
{
	const struct der_file file = { "signature", name,
		REASON_SIGNATURE_INVALID, how, e };
	struct der d = { bytes, bytes + n, &file }, info, explicit, sd;
	struct span type;

	if (n == 0)
		return der_refuse(
			&d, "a detached PKCS#7 signature", "an empty file");
	if (n > SIGNATURE_MAX)
		return der_refuse(&d, "at most 16384 bytes", "more");
	if (bytes[0] == '-')
		return der_refuse(&d, "DER", "PEM");
	if (der_enter(&d, DER_SEQUENCE, "a detached PKCS#7 signature", &info) !=
			0 ||
		der_end(&d, "a detached PKCS#7 signature") != 0 ||
		der_take(&info, DER_OID, "a PKCS#7 type", &type) != 0)
		return -1;
	if (!span_equal(type, signed_data))
		return der_refuse(&d, "PKCS#7 signed data", "another type");
	if (der_enter(&info, DER_CONTEXT_0, "signed data", &explicit) != 0 ||
		der_end(&info, "signed data") != 0 ||
		der_enter(&explicit, DER_SEQUENCE, "signed data", &sd) != 0 ||
		der_end(&explicit, "signed data") != 0)
		return -1;
	return signed_content(&sd, s);
}
