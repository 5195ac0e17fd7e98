/* SPDX-License-Identifier: MIT */
#include "core/pkcs7.h"

#include <mbedtls/oid.h>
#include <stdbool.h>
#include <string.h>

#define INTEGER 0x02
#define OCTET_STRING 0x04
#define NULL_VALUE 0x05
#define OID 0x06
#define SEQUENCE 0x30
#define SET 0x31
#define CONTEXT_0 \
	0xa0 /* constructed [0]: content, certificates, attributes \
	      */
#define CONTEXT_0_PRIMITIVE 0x80 /* [0] of a signer: its subject key id */

/* What is left to read of one element, and where complaints go. */
struct der {
	const uint8_t *p, *end;
	const char *name;
	struct err *e;
};

#define OID_SPAN(s) \
	{ \
		(const uint8_t *)(s), MBEDTLS_OID_SIZE(s) \
	}

static const struct {
	struct span oid;
	mbedtls_md_type_t hash;
} hashes[] = {
	{ OID_SPAN(MBEDTLS_OID_DIGEST_ALG_SHA256), MBEDTLS_MD_SHA256 },
	{ OID_SPAN(MBEDTLS_OID_DIGEST_ALG_SHA384), MBEDTLS_MD_SHA384 },
	{ OID_SPAN(MBEDTLS_OID_DIGEST_ALG_SHA512), MBEDTLS_MD_SHA512 },
};

/* The hash is named twice; MD_NONE leaves it to the first naming. */
static const struct {
	struct span oid;
	mbedtls_md_type_t hash;
	mbedtls_pk_type_t kind;
} kinds[] = {
	{ OID_SPAN(MBEDTLS_OID_PKCS1_RSA), MBEDTLS_MD_NONE, MBEDTLS_PK_RSA },
	{ OID_SPAN(MBEDTLS_OID_PKCS1_SHA256), MBEDTLS_MD_SHA256,
		MBEDTLS_PK_RSA },
	{ OID_SPAN(MBEDTLS_OID_PKCS1_SHA384), MBEDTLS_MD_SHA384,
		MBEDTLS_PK_RSA },
	{ OID_SPAN(MBEDTLS_OID_PKCS1_SHA512), MBEDTLS_MD_SHA512,
		MBEDTLS_PK_RSA },
	{ OID_SPAN(MBEDTLS_OID_ECDSA_SHA256), MBEDTLS_MD_SHA256,
		MBEDTLS_PK_ECKEY },
	{ OID_SPAN(MBEDTLS_OID_ECDSA_SHA384), MBEDTLS_MD_SHA384,
		MBEDTLS_PK_ECKEY },
	{ OID_SPAN(MBEDTLS_OID_ECDSA_SHA512), MBEDTLS_MD_SHA512,
		MBEDTLS_PK_ECKEY },
};

static const struct span signed_data = OID_SPAN(MBEDTLS_OID_PKCS7_SIGNED_DATA);
static const struct span data = OID_SPAN(MBEDTLS_OID_PKCS7_DATA);
static const struct span pss = OID_SPAN(MBEDTLS_OID_RSASSA_PSS);

static bool same(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static int refuse(const struct der *d, const char *expected, const char *found)
{
	err_set(d->e, REASON_SIGNATURE_INVALID,
		"signature: %s: expected %s, found %s", d->name, expected,
		found);
	return err_hint(d->e,
		"sign with rootwright sign, or sign the bytes of rootwright sign --print-tbs with openssl smime -sign -binary -noattr -outform DER");
}

/* The tag of the next element, or -1 at the end. */
static int next_tag(const struct der *d)
{
	return d->p < d->end ? *d->p : -1;
}

/*
 * Enters the next element, which must have this tag and a length in DER, and
 * steps over it. 65,535 bytes are enough for all that SIGNATURE_MAX allows.
 */
static int enter(struct der *d, int tag, const char *what, struct der *inner)
{
	size_t header = 2, n;

	if (next_tag(d) != tag)
		return refuse(
			d, what, d->p < d->end ? "something else" : "its end");
	if (d->end - d->p < 2)
		return refuse(d, what, "its end");
	n = d->p[1];
	if (n == 0x80)
		return refuse(d, "DER", "BER with an indefinite length");
	if (n > 0x80) {
		header += n & 0x7f;
		if (header > 4)
			return refuse(d, "DER", "a length out of bounds");
		if ((size_t)(d->end - d->p) < header)
			return refuse(d, what, "its end");
		n = header == 3 ? d->p[2] : d->p[2] << 8 | d->p[3];
		if (n < (header == 3 ? 0x80 : 0x100))
			return refuse(d, "DER", "a length not in DER");
	}
	if ((size_t)(d->end - d->p) - header < n)
		return refuse(d, what, "its end: it was cut short");
	*inner = *d;
	inner->p = d->p + header;
	inner->end = d->p = inner->p + n;
	return 0;
}

static int take(struct der *d, int tag, const char *what, struct span *out)
{
	struct der inner;

	if (enter(d, tag, what, &inner) != 0)
		return -1;
	out->p = inner.p;
	out->n = inner.end - inner.p;
	return 0;
}

static int at_end(const struct der *d, const char *what)
{
	return d->p == d->end ? 0 : refuse(d, what, "more after it");
}

/* AlgorithmIdentifier: our algorithms have no parameters, or a NULL. */
static int algorithm(struct der *d, const char *what, struct span *oid)
{
	struct der in;
	struct span none;

	if (enter(d, SEQUENCE, what, &in) != 0 ||
		take(&in, OID, what, oid) != 0)
		return -1;
	if (same(*oid, pss))
		return refuse(d, "RSA PKCS#1 v1.5 or ECDSA", "RSA-PSS");
	if (in.p == in.end)
		return 0;
	if (take(&in, NULL_VALUE, "an algorithm without parameters", &none) !=
		0)
		return -1;
	return none.n ? refuse(d, "an empty NULL", "a full one")
		      : at_end(&in, what);
}

static int version(struct der *d, uint8_t *out)
{
	struct span v;

	if (take(d, INTEGER, "a version", &v) != 0)
		return -1;
	*out = v.n == 1 ? v.p[0] : 0;
	return 0;
}

static int find_algorithms(
	struct der *d, struct span hash, struct span kind, struct pkcs7 *s)
{
	size_t i;

	s->hash = MBEDTLS_MD_NONE;
	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (same(hashes[i].oid, hash))
			s->hash = hashes[i].hash;
	if (s->hash == MBEDTLS_MD_NONE)
		return refuse(d, "SHA-256, SHA-384 or SHA-512", "another hash");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (same(kinds[i].oid, kind) &&
			(kinds[i].hash == MBEDTLS_MD_NONE ||
				kinds[i].hash == s->hash)) {
			s->kind = kinds[i].kind;
			return 0;
		}
	return refuse(d, "RSA PKCS#1 v1.5 or ECDSA", "another algorithm");
}

/* SignerInfo; hash is what SignedData announced. */
static int signer(struct der *d, struct span announced, struct pkcs7 *s)
{
	struct der who, issuer;
	struct span hash, kind;
	uint8_t v;

	if (version(d, &v) != 0)
		return -1;
	if (next_tag(d) == CONTEXT_0_PRIMITIVE)
		return refuse(d, "a signer named by issuer and serial number",
			"one named by its subject key id");
	if (enter(d, SEQUENCE, "the issuer and serial number", &who) != 0)
		return -1;
	s->issuer.p = who.p;
	if (enter(&who, SEQUENCE, "an issuer", &issuer) != 0)
		return -1;
	s->issuer.n = who.p - s->issuer.p;
	if (take(&who, INTEGER, "a serial number", &s->serial) != 0 ||
		at_end(&who, "a serial number") != 0 ||
		algorithm(d, "the signer's hash algorithm", &hash) != 0)
		return -1;
	if (v != 1)
		return refuse(d, "a signer of version 1", "another version");
	if (!same(hash, announced))
		return refuse(d, "one hash algorithm", "two");
	if (next_tag(d) == CONTEXT_0)
		return refuse(d, "a signature over the digest itself (-noattr)",
			"one over signed attributes");
	if (algorithm(d, "the signature algorithm", &kind) != 0 ||
		take(d, OCTET_STRING, "the signature", &s->signature) != 0 ||
		at_end(d, "a signer without unsigned attributes") != 0)
		return -1;
	return find_algorithms(d, hash, kind, s);
}

/* SignedData, up to its signer. */
static int signed_content(struct der *d, struct pkcs7 *s)
{
	struct der algorithms, content, signers, one;
	struct span hash, type, skipped;
	uint8_t v;

	if (version(d, &v) != 0 ||
		enter(d, SET, "the hash algorithms", &algorithms) != 0 ||
		algorithm(&algorithms, "a hash algorithm", &hash) != 0 ||
		at_end(&algorithms, "one hash algorithm") != 0 ||
		enter(d, SEQUENCE, "the content", &content) != 0 ||
		take(&content, OID, "the content's type", &type) != 0)
		return -1;
	if (!same(type, data))
		return refuse(d, "content of type data", "another type");
	if (content.p != content.end)
		return refuse(d, "a detached signature", "attached content");
	if (next_tag(d) == CONTEXT_0 &&
		take(d, CONTEXT_0, "certificates", &skipped) != 0)
		return -1;
	if (enter(d, SET, "the signer", &signers) != 0 ||
		at_end(d, "the signer") != 0 ||
		enter(&signers, SEQUENCE, "one signer", &one) != 0)
		return -1;
	if (signers.p != signers.end)
		return refuse(d, "one signer", "several");
	if (signer(&one, hash, s) != 0)
		return -1;
	return v == 1 ? 0 : refuse(d, "PKCS#7 version 1", "another version");
}

int pkcs7_read(struct pkcs7 *s, const char *name, const uint8_t *bytes,
	size_t n, struct err *e)
{
	static const char pem[] = "-----BEGIN";
	struct der d = { bytes, bytes + n, name, e }, info, explicit, sd;
	struct span type;

	if (n == 0)
		return refuse(
			&d, "a detached PKCS#7 signature", "an empty file");
	if (n > SIGNATURE_MAX)
		return refuse(&d, "at most 16384 bytes", "more");
	if (n > sizeof(pem) && memcmp(bytes, pem, sizeof(pem) - 1) == 0)
		return refuse(&d, "DER", "PEM");
	if (enter(&d, SEQUENCE, "a detached PKCS#7 signature", &info) != 0 ||
		at_end(&d, "the signature alone") != 0 ||
		take(&info, OID, "a PKCS#7 type", &type) != 0)
		return -1;
	if (!same(type, signed_data))
		return refuse(&d, "PKCS#7 signed data", "another type");
	if (enter(&info, CONTEXT_0, "signed data", &explicit) != 0 ||
		at_end(&info, "signed data") != 0 ||
		enter(&explicit, SEQUENCE, "signed data", &sd) != 0 ||
		at_end(&explicit, "signed data") != 0)
		return -1;
	return signed_content(&sd, s);
}
