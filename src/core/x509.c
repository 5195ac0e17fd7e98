/* SPDX-License-Identifier: MIT */
#include "core/x509.h"

#include <mbedtls/base64.h>
#include <mbedtls/oid.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

static const struct span common_name = SPAN(MBEDTLS_OID_AT_CN);
static const struct span rsa = SPAN(MBEDTLS_OID_PKCS1_RSA);
static const struct span ec = SPAN(MBEDTLS_OID_EC_ALG_UNRESTRICTED);
static const struct span p256 = SPAN(MBEDTLS_OID_EC_GRP_SECP256R1);
static const struct span p384 = SPAN(MBEDTLS_OID_EC_GRP_SECP384R1);

static int refuse(const char *file, const char *expected, const char *found,
	struct err *e)
{
	return err_set(e, REASON_KEYS_INVALID,
		"certificate: %s: expected %s, found %s", file, expected,
		found);
}

int certificate_decode(uint8_t *der, size_t *der_n, const char *file,
	const uint8_t *bytes, size_t n, struct err *e)
{
	const uint8_t *begin, *end;

	if (n > 0 && bytes[0] == DER_SEQUENCE) {
		if (n > CERTIFICATE_DER_MAX)
			return refuse(file, "at most 4096 bytes", "more", e);
		memcpy(der, bytes, n);
		*der_n = n;
		return 0;
	}
	if (memmem(bytes, n, "PRIVATE KEY-----", 16))
		return refuse(file, "a certificate alone",
			"a private key: it must never be where certificates are",
			e);
	begin = memmem(bytes, n, BEGIN, sizeof(BEGIN) - 1);
	if (!begin)
		return refuse(file, "an X.509 certificate in PEM or DER",
			"something else", e);
	begin += sizeof(BEGIN) - 1;
	n -= begin - bytes;
	end = memmem(begin, n, END, sizeof(END) - 1);
	if (!end || memmem(end, n - (end - begin), BEGIN, sizeof(BEGIN) - 1))
		return refuse(file, "one certificate",
			end ? "several" : "no end of it", e);
	if (mbedtls_base64_decode(
		    der, CERTIFICATE_DER_MAX, der_n, begin, end - begin) != 0)
		return refuse(file, "at most 4096 bytes in base64",
			"something else", e);
	return 0;
}

/* The common name of a Name; the last one if there are several. */
static int read_subject(struct certificate *c, struct der *name)
{
	struct der set, pair;
	struct span type, value = SPAN("no common name");
	size_t i;

	while (name->p != name->end) {
		if (der_enter(name, DER_SET, "a subject", &set) != 0 ||
			der_enter(&set, DER_SEQUENCE, "a subject", &pair) !=
				0 ||
			der_take(&pair, DER_OID, "a subject", &type) != 0)
			return -1;
		if (span_equal(type, common_name) &&
			der_take(&pair, der_next(&pair), "a common name",
				&value) != 0)
			return -1;
	}
	if (value.n >= sizeof(c->subject))
		return der_refuse(name, "a common name of at most 127 bytes",
			"a longer one");
	for (i = 0; i < value.n; i++)
		c->subject[i] = value.p[i] >= 0x20 && value.p[i] < 0x7f
					? value.p[i]
					: '?';
	c->subject[i] = '\0';
	return 0;
}

/* INTEGER, positive: without the zero byte that keeps it so. */
static int read_number(struct der *d, struct span *out)
{
	if (der_take(d, DER_INTEGER, "an RSA key", out) != 0)
		return -1;
	while (out->n > 0 && out->p[0] == 0) {
		out->p++;
		out->n--;
	}
	return 0;
}

static int read_rsa(struct certificate *c, struct der *bits)
{
	struct der key;

	if (der_enter(bits, DER_SEQUENCE, "an RSA key", &key) != 0 ||
		der_end(bits, "an RSA key") != 0 ||
		read_number(&key, &c->modulus) != 0 ||
		read_number(&key, &c->exponent) != 0 ||
		der_end(&key, "an RSA key") != 0)
		return -1;
	/* 2048 bits are 256 bytes whose first is not below 0x80. */
	if (c->modulus.n < 256 || c->modulus.n > 512 ||
		(c->modulus.n == 256 && c->modulus.p[0] < 0x80))
		return der_refuse(bits, "an RSA key of 2048 to 4096 bits",
			"a shorter or longer one");
	c->kind = KEY_RSA;
	return 0;
}

static int read_key(struct certificate *c, struct der *d)
{
	static const char wanted[] =
		"an ECDSA P-256 or P-384 or an RSA key of 2048 to 4096 bits";
	struct der spki, algorithm, bits;
	struct span type, curve;

	if (der_enter(d, DER_SEQUENCE, "a public key", &spki) != 0 ||
		der_enter(&spki, DER_SEQUENCE, "a public key", &algorithm) !=
			0 ||
		der_take(&algorithm, DER_OID, "a public key", &type) != 0 ||
		der_enter(&spki, DER_BIT_STRING, "a public key", &bits) != 0)
		return -1;
	if (bits.p == bits.end || *bits.p++ != 0)
		return der_refuse(d, "whole bytes in a public key", "bits");
	if (span_equal(type, rsa))
		return read_rsa(c, &bits);
	if (!span_equal(type, ec))
		return der_refuse(d, wanted, "another type of key");
	if (der_take(&algorithm, DER_OID, "a named curve", &curve) != 0)
		return -1;
	if (span_equal(curve, p256))
		c->kind = KEY_P256;
	else if (span_equal(curve, p384))
		c->kind = KEY_P384;
	else
		return der_refuse(d, wanted, "another curve");
	c->point.p = bits.p;
	c->point.n = bits.end - bits.p;
	return 0;
}

int certificate_read(struct certificate *c, const char *file,
	const uint8_t *der, size_t n, struct err *e)
{
	const struct der_file about = { "certificate", file,
		REASON_KEYS_INVALID, NULL, e };
	struct der d = { der, der + n, &about }, outer, tbs, name, key;
	static const char what[] = "an X.509 certificate in PEM or DER";
	struct span skipped;

	memset(c, 0, sizeof(*c));
	if (der_enter(&d, DER_SEQUENCE, what, &outer) != 0 ||
		der_end(&d, "one certificate") != 0 ||
		der_enter(&outer, DER_SEQUENCE, what, &tbs) != 0)
		return -1;
	if (der_next(&tbs) == DER_CONTEXT_0 &&
		der_take(&tbs, DER_CONTEXT_0, what, &skipped) != 0)
		return -1; /* its version; version 1 has none */
	if (der_take(&tbs, DER_INTEGER, what, &c->serial) != 0 ||
		der_take(&tbs, DER_SEQUENCE, what, &skipped) != 0 ||
		der_whole(&tbs, DER_SEQUENCE, what, &c->issuer) != 0 ||
		der_take(&tbs, DER_SEQUENCE, what, &skipped) != 0 ||
		der_enter(&tbs, DER_SEQUENCE, what, &name) != 0 ||
		read_subject(c, &name) != 0)
		return -1;
	key = tbs;
	if (der_whole(&tbs, DER_SEQUENCE, what, &c->spki) != 0)
		return -1;
	return read_key(c, &key);
}
