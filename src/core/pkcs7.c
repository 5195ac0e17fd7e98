/* SPDX-License-Identifier: MIT */
#include "core/pkcs7.h"

#include <mbedtls/oid.h>

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

/* Both SignedData and SignerInfo have one, and it is 1. */
static void check_version(
	const struct der *d, struct span version, const char *what)
{
	der_check(d, version.n == 1 && version.p[0] == 1, what,
		"another version");
}

static void find_algorithms(
	struct der *d, struct span hash, struct span kind, struct pkcs7 *s)
{
	bool found = false;
	size_t i;

	s->hash = MBEDTLS_MD_NONE;
	for (i = 0; i < N(hashes); i++)
		if (span_equal(hashes[i].oid, hash))
			s->hash = hashes[i].hash;
	der_check(d, s->hash != MBEDTLS_MD_NONE, "SHA-256, SHA-384 or SHA-512",
		"another hash");
	for (i = 0; i < N(kinds) && !found; i++) {
		found = span_equal(kinds[i].oid, kind) &&
			(kinds[i].hash == MBEDTLS_MD_NONE ||
				kinds[i].hash == s->hash);
		s->rsa = kinds[i].rsa;
	}
	der_check(d, found, "ECDSA or RSA PKCS#1 v1.5 over the same hash",
		"another algorithm");
}

/* IssuerAndSerialNumber, in a SignerInfo of version 1. */
static void read_name(struct der *d, struct pkcs7 *s)
{
	static const char what[] = "a signer of version 1";
	struct span version = der_take(d, DER_INTEGER, what);
	struct der who;

	/* Version 3 says the same, but not to people. */
	der_check(d, der_next(d) != DER_CONTEXT_0_PRIMITIVE,
		"a signer named by issuer and serial number",
		"one named by its subject key id");
	check_version(d, version, what);
	who = der_enter(d, DER_SEQUENCE, "an issuer and serial number");
	s->issuer = der_whole(&who, DER_SEQUENCE, "an issuer");
	s->serial = der_take(&who, DER_INTEGER, "a serial number");
	der_end(&who, "a serial number");
}

/* SignerInfo; announced is the hash that SignedData names. */
static void read_signer(struct der *d, struct span announced, struct pkcs7 *s)
{
	struct der peek, algorithm;
	struct span hash, kind;

	read_name(d, s);
	hash = der_algorithm(d, "the signer's hash");
	der_check(d, span_equal(hash, announced), "one hash algorithm", "two");
	der_check(d, der_next(d) != DER_CONTEXT_0,
		"a signature over the digest itself (-noattr)",
		"one over signed attributes");
	peek = *d; /* RSA-PSS has parameters, and deserves its own sentence */
	algorithm = der_enter(&peek, DER_SEQUENCE, "the algorithm");
	kind = der_take(&algorithm, DER_OID, "the algorithm");
	der_check(d, !span_equal(kind, pss), "RSA PKCS#1 v1.5 or ECDSA",
		"RSA-PSS");
	kind = der_algorithm(d, "the algorithm");
	s->signature = der_take(d, DER_OCTET_STRING, "the signature");
	der_end(d, "a signer without unsigned attributes");
	find_algorithms(d, hash, kind, s);
}

/* SignedData. */
static void read_signed_data(struct der *d, struct pkcs7 *s)
{
	/* The version follows from the signers: judged after them. */
	struct span version = der_take(d, DER_INTEGER, "a version");
	struct der set = der_enter(d, DER_SET, "the hash algorithms");
	struct span hash = der_algorithm(&set, "a hash algorithm");
	struct der content, signers, signer;

	der_end(&set, "one hash algorithm");
	content = der_enter(d, DER_SEQUENCE, "the content");
	der_check(d,
		span_equal(der_take(&content, DER_OID, "the content's type"),
			data),
		"content of type data", "another type");
	der_check(d, content.p == content.end, "a detached signature",
		"attached content");
	if (der_next(d) == DER_CONTEXT_0)
		der_take(d, DER_CONTEXT_0, "certificates");
	signers = der_enter(d, DER_SET, "a signer");
	der_end(d, "a signer");
	signer = der_enter(&signers, DER_SEQUENCE, "a signer");
	der_check(d, signers.p == signers.end, "one signer", "several");
	read_signer(&signer, hash, s);
	check_version(d, version, "PKCS#7 version 1");
}

int pkcs7_read(struct pkcs7 *s, const char *name, const uint8_t *bytes,
	size_t n, struct err *e)
{
	static const char what[] = "a detached PKCS#7 signature";
	struct der_file file = { "signature", name, REASON_SIGNATURE_INVALID,
		how, e, false };
	struct der d = { bytes, bytes + n, &file }, info, outer, inner;

	der_check(&d, n > 0, what, "an empty file");
	der_check(&d, n <= SIGNATURE_MAX, "at most 16384 bytes", "more");
	der_check(&d, der_next(&d) != '-', "DER", "PEM");
	info = der_enter(&d, DER_SEQUENCE, what);
	der_end(&d, what);
	der_check(&d,
		span_equal(
			der_take(&info, DER_OID, "a PKCS#7 type"), signed_data),
		"PKCS#7 signed data", "another type");
	outer = der_enter(&info, DER_CONTEXT_0, "signed data");
	der_end(&info, "signed data");
	inner = der_enter(&outer, DER_SEQUENCE, "signed data");
	der_end(&outer, "signed data");
	read_signed_data(&inner, s);
	return file.failed ? -1 : 0;
}
