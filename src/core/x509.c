/* SPDX-License-Identifier: MIT */
#include "core/x509.h"

#include <mbedtls/base64.h>
#include <mbedtls/oid.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

static const char what[] = "an X.509 certificate in PEM or DER";
static const struct span common_name = SPAN(MBEDTLS_OID_AT_CN);
static const struct span rsa = SPAN(MBEDTLS_OID_PKCS1_RSA);
static const struct span ec = SPAN(MBEDTLS_OID_EC_ALG_UNRESTRICTED);

/* The one certificate of a file, PEM or DER, into der; gives its size. */
static size_t decode(const struct der *d, uint8_t *der)
{
	size_t left = d->end - d->p, n = 0;
	const uint8_t *begin, *end;

	if (der_next(d) == DER_SEQUENCE) {
		der_check(d, left <= CERTIFICATE_DER_MAX, "at most 4096 bytes",
			"more");
		if (left > CERTIFICATE_DER_MAX)
			return 0;
		memcpy(der, d->p, left);
		return left;
	}
	der_check(d, !memmem(d->p, left, "PRIVATE KEY-----", 16),
		"a certificate alone",
		"a private key: it must never be where certificates are");
	begin = memmem(d->p, left, BEGIN, sizeof(BEGIN) - 1);
	der_check(d, begin, what, "something else");
	if (!begin)
		return 0;
	begin += sizeof(BEGIN) - 1;
	left = d->end - begin;
	end = memmem(begin, left, END, sizeof(END) - 1);
	der_check(d, end, "one certificate", "no end of it");
	der_check(d, !memmem(begin, left, BEGIN, sizeof(BEGIN) - 1),
		"one certificate", "several");
	der_check(d,
		end && mbedtls_base64_decode(der, CERTIFICATE_DER_MAX, &n,
			       begin, end - begin) == 0,
		"at most 4096 bytes in base64", "something else");
	return d->file->failed ? 0 : n;
}

/* The common name of a Name; the last one if there are several. */
static void read_subject(struct certificate *c, struct der *name)
{
	struct span value = SPAN("no common name");
	size_t i;

	while (der_next(name) >= 0) {
		struct der set = der_enter(name, DER_SET, "a subject");
		struct der pair = der_enter(&set, DER_SEQUENCE, "a subject");
		struct span type = der_take(&pair, DER_OID, "a subject");

		if (span_equal(type, common_name))
			value = der_take(
				&pair, der_next(&pair), "a common name");
	}
	der_check(name, value.n < sizeof(c->subject),
		"a common name of at most 127 bytes", "a longer one");
	for (i = 0; i < value.n && i < sizeof(c->subject) - 1; i++)
		c->subject[i] = value.p[i] >= 0x20 && value.p[i] < 0x7f
					? value.p[i]
					: '?';
}

/* INTEGER, positive: without the zero byte that keeps it so. */
static struct span read_number(struct der *d)
{
	struct span number = der_take(d, DER_INTEGER, "an RSA key");

	for (; number.n > 0 && number.p[0] == 0; number.n--)
		number.p++;
	return number;
}

static void read_rsa(struct certificate *c, struct der *bits)
{
	struct der key = der_enter(bits, DER_SEQUENCE, "an RSA key");

	der_end(bits, "an RSA key");
	c->modulus = read_number(&key);
	c->exponent = read_number(&key);
	der_end(&key, "an RSA key");
	/* 2048 bits are 256 bytes whose first is not below 0x80. */
	der_check(bits,
		c->modulus.n >= 256 && c->modulus.n <= 512 &&
			(c->modulus.n > 256 || c->modulus.p[0] >= 0x80),
		"an RSA key of 2048 to 4096 bits", "a shorter or longer one");
}

static void read_key(struct certificate *c, struct der *d)
{
	static const char wanted[] =
		"an ECDSA P-256 or P-384 or an RSA key of 2048 to 4096 bits";
	struct der spki = der_enter(d, DER_SEQUENCE, "a public key");
	struct der algorithm = der_enter(&spki, DER_SEQUENCE, "a public key");
	struct span type = der_take(&algorithm, DER_OID, "a public key");
	struct der bits = der_enter(&spki, DER_BIT_STRING, "a public key");
	mbedtls_asn1_buf oid; /* mbedtls knows the curves that we take */
	struct span curve;

	der_check(
		d, der_next(&bits) == 0, "whole bytes in a public key", "bits");
	bits.p += bits.p < bits.end;
	if (span_equal(type, rsa)) {
		read_rsa(c, &bits);
		return;
	}
	der_check(d, span_equal(type, ec), wanted, "another type of key");
	curve = der_take(&algorithm, DER_OID, "a named curve");
	oid = (mbedtls_asn1_buf){ DER_OID, curve.n, (uint8_t *)curve.p };
	der_check(d, mbedtls_oid_get_ec_grp(&oid, &c->curve) == 0, wanted,
		"another curve");
	c->point.p = bits.p;
	c->point.n = bits.end - bits.p;
}

int certificate_read(struct certificate *c, uint8_t *der, const char *file,
	const uint8_t *bytes, size_t n, struct err *e)
{
	struct der_file about = { "certificate", file, REASON_KEYS_INVALID,
		NULL, e, false };
	struct der d = { bytes, bytes + n, &about }, outer, tbs, name, key;

	memset(c, 0, sizeof(*c));
	d.end = der + decode(&d, der);
	d.p = der;
	outer = der_enter(&d, DER_SEQUENCE, what);
	der_end(&d, "one certificate");
	tbs = der_enter(&outer, DER_SEQUENCE, what);
	if (der_next(&tbs) == DER_CONTEXT_0)
		der_take(&tbs, DER_CONTEXT_0, "a version"); /* 1 has none */
	c->serial = der_take(&tbs, DER_INTEGER, what);
	der_take(&tbs, DER_SEQUENCE, what); /* how it is signed */
	c->issuer = der_whole(&tbs, DER_SEQUENCE, what);
	der_take(&tbs, DER_SEQUENCE, what); /* its dates */
	name = der_enter(&tbs, DER_SEQUENCE, what);
	read_subject(c, &name);
	key = tbs;
	c->spki = der_whole(&tbs, DER_SEQUENCE, what);
	read_key(c, &key);
	return about.failed ? -1 : 0;
}
