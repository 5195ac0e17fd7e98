/* SPDX-License-Identifier: MIT */
/* Keys, certificates and signatures of every kind, made by OpenSSL. */
#ifndef RW_MAKE_KEYS_H
#define RW_MAKE_KEYS_H

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	EVP_PKEY *key;
	X509 *crt;
	uint8_t *der;
	size_t der_n;
};

struct bytes {
	uint8_t *p;
	size_t n;
};

static EVP_PKEY *make_rsa(const char *kind, size_t bits)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	EVP_PKEY_keygen_init(ctx);
	EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits);
	EVP_PKEY_keygen(ctx, &key);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* For signatures that name it so. */
static void add_key_id(X509 *crt)
{
	X509_EXTENSION *x;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, crt, crt, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");
	X509_add_ext(crt, x, -1);
	X509_EXTENSION_free(x);
}

/* Its certificate, and a NUL after it, as keyring_add() wants. */
static void encode_pair(struct pair *p)
{
	uint8_t *end;

	OPENSSL_free(p->der);
	p->der_n = i2d_X509(p->crt, NULL);
	p->der = end = OPENSSL_zalloc(p->der_n + 1);
	i2d_X509(p->crt, &end);
}

/* "P-256", "P-384", "P-521", "RSA" with bits, "RSA-PSS", "ED25519". */
__attribute__((unused)) static struct pair make_pair(
	const char *kind, size_t bits, const char *name, long serial)
{
	struct pair p = { 0 };
	X509_NAME *n;

	if (kind[0] == 'P')
		p.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
	else if (!strncmp(kind, "RSA", 3))
		p.key = make_rsa(kind, bits);
	else
		p.key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	p.crt = X509_new();
	X509_set_version(p.crt, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p.crt), serial);
	X509_gmtime_adj(X509_getm_notBefore(p.crt), -2000);
	X509_gmtime_adj(X509_getm_notAfter(p.crt), -1000); /* long past */
	X509_set_pubkey(p.crt, p.key);
	n = X509_get_subject_name(p.crt);
	X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8,
		(const unsigned char *)"rootwright DEVELOPMENT key", -1, -1, 0);
	X509_NAME_add_entry_by_txt(
		n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(p.crt, n);
	add_key_id(p.crt);
	X509_sign(p.crt, p.key, *kind == 'E' ? NULL : EVP_sha256());
	encode_pair(&p);
	return p;
}

__attribute__((unused)) static void free_pair(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->crt);
	OPENSSL_free(p->der);
}

__attribute__((unused)) static struct bytes bytes_of(BIO *bio)
{
	struct bytes b = { 0 };
	char *p;

	b.n = BIO_get_mem_data(bio, &p);
	b.p = malloc(b.n + 1);
	memcpy(b.p, p, b.n);
	b.p[b.n] = 0;
	BIO_free(bio);
	return b;
}

__attribute__((unused)) static struct bytes make_pem(const struct pair *p)
{
	BIO *out = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(out, p->crt);
	return bytes_of(out);
}

/* PKCS7_sign's flags, plus what is needed for a detached DER file. */
__attribute__((unused)) static struct bytes make_pkcs7(const struct pair *p,
	const EVP_MD *md, const void *data, size_t n, int flags)
{
	BIO *in = BIO_new_mem_buf(data, n), *out = BIO_new(BIO_s_mem());
	PKCS7 *s = PKCS7_sign(
		NULL, NULL, NULL, in, flags | PKCS7_BINARY | PKCS7_PARTIAL);

	PKCS7_sign_add_signer(s, p->crt, p->key, md, flags);
	PKCS7_final(s, in, flags | PKCS7_BINARY);
	i2d_PKCS7_bio(out, s);
	PKCS7_free(s);
	BIO_free(in);
	return bytes_of(out);
}

/* CMS, for what PKCS7_sign cannot make: key ids, PSS, several signers. */
__attribute__((unused)) static struct bytes make_cms(const struct pair *a,
	const struct pair *b, const void *data, size_t n, unsigned flags,
	int pss)
{
	BIO *in = BIO_new_mem_buf(data, n), *out = BIO_new(BIO_s_mem());
	unsigned all = flags | CMS_BINARY | CMS_NOCERTS | CMS_NOATTR |
		       CMS_DETACHED | CMS_PARTIAL;
	CMS_ContentInfo *s = CMS_sign(NULL, NULL, NULL, in, all);
	CMS_SignerInfo *si;

	si = CMS_add1_signer(s, a->crt, a->key, EVP_sha256(),
		pss ? all | CMS_KEY_PARAM : all);
	if (pss)
		EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(si),
			RSA_PKCS1_PSS_PADDING);
	if (b)
		CMS_add1_signer(s, b->crt, b->key, EVP_sha256(), all);
	CMS_final(s, in, NULL, all);
	i2d_CMS_bio(out, s);
	CMS_ContentInfo_free(s);
	BIO_free(in);
	return bytes_of(out);
}

#endif
