/* SPDX-License-Identifier: MIT */
#include "core/pkcs7.h"

#include <mbedtls/oid.h>

static const struct span signed_data = SPAN(MBEDTLS_OID_PKCS7_SIGNED_DATA);
static const struct span data = SPAN(MBEDTLS_OID_PKCS7_DATA);
static const struct span pss = SPAN(MBEDTLS_OID_RSASSA_PSS);
static const struct span rsa = SPAN(MBEDTLS_OID_PKCS1_RSA);

static const char how[] =
	"sign with rootwright sign, or sign the bytes of rootwright sign --print-tbs with openssl smime -sign -binary -noattr -outform DER";

/* Both SignedData and SignerInfo have one, and it is 1. */
static void check_version(
	const struct der *d, struct span version, const char *what)
{
	der_check(d, version.n == 1 && version.p[0] == 1, what,
		"another version");
}

/*
 * mbedtls knows by their OIDs the algorithms that it is configured with. The
 * hash is named twice, unless the kind is RSA and no more.
 */
static void find_algorithms(
	struct der *d, struct span hash, struct span kind, struct pkcs7 *s)
{
	mbedtls_asn1_buf hash_oid = { DER_OID, hash.n, (uint8_t *)hash.p };
	mbedtls_asn1_buf kind_oid = { DER_OID, kind.n, (uint8_t *)kind.p };
	mbedtls_pk_type_t key = MBEDTLS_PK_RSA;
	mbedtls_md_type_t over;

	s->hash = MBEDTLS_MD_NONE;
	der_check(d, mbedtls_oid_get_md_alg(&hash_oid, &s->hash) == 0,
		"SHA-256, SHA-384 or SHA-512", "another hash");
	over = s->hash;
	if (!span_equal(kind, rsa) &&
		mbedtls_oid_get_sig_alg(&kind_oid, &over, &key) != 0)
		key = MBEDTLS_PK_NONE;
	s->rsa = key == MBEDTLS_PK_RSA;
	der_check(d, over == s->hash && (s->rsa || key == MBEDTLS_PK_ECDSA),
		"ECDSA or RSA PKCS#1 v1.5 over the same hash",
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
