/* SPDX-License-Identifier: MIT */
/*
 * Keys, certificates and signatures of every kind that we take and of every
 * kind that we do not, made by OpenSSL; and mbedtls' own PKCS#7 reader beside
 * ours: what ours accepts, that one accepts.
 */
#include "core/keyring.h"

#include <mbedtls/pkcs7.h>

#include "make_keys.h"
#include "tap.h"

static const uint8_t tbs[] = "FSVerity: these bytes are signed";
#define TBS tbs, sizeof(tbs) - 1

static struct keyring ring;
static struct err e;

static void trust(const struct pair *p)
{
	keyring_init(&ring);
	ok(keyring_add(&ring, "dir/key.der", p->der, p->der_n, &e) == 0,
		"the certificate is taken");
}

static int check(const uint8_t *p, size_t n)
{
	const struct key *signer = NULL;
	int r;

	memset(&e, 0, sizeof(e));
	r = keyring_verify(&ring, "x.p7s", p, n, TBS, &signer, &e);
	if ((r == 0) != (signer != NULL))
		abort();
	return r;
}

static void refused(struct bytes s, enum reason reason, const char *sentence,
	const char *what)
{
	is_int(check(s.p, s.n), -1, "%s: refused", what);
	is_int(e.reason, reason, "%s: reason", what);
	is_str(e.text, sentence, "%s: sentence", what);
	free(s.p);
}

/* Would mbedtls' own reader, asked for this certificate, say yes? */
static bool mbedtls_takes(const struct pair *p, const uint8_t *s, size_t n)
{
	mbedtls_x509_crt crt;
	mbedtls_pkcs7 pkcs7;
	bool yes;

	mbedtls_x509_crt_init(&crt);
	mbedtls_pkcs7_init(&pkcs7);
	yes = mbedtls_x509_crt_parse_der(&crt, p->der, p->der_n) == 0 &&
	      mbedtls_pkcs7_parse_der(&pkcs7, s, n) ==
		      MBEDTLS_PKCS7_SIGNED_DATA &&
	      mbedtls_pkcs7_signed_data_verify(&pkcs7, &crt, TBS) == 0;
	mbedtls_pkcs7_free(&pkcs7);
	mbedtls_x509_crt_free(&crt);
	return yes;
}

static void test_accepted(void)
{
	static const struct {
		const char *kind;
		size_t bits;
	} kinds[] = { { "P-256", 0 }, { "P-384", 0 }, { "RSA", 2048 },
		{ "RSA", 3072 }, { "RSA", 4096 } };
	const EVP_MD *mds[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
	unsigned i, m;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pair p =
			make_pair(kinds[i].kind, kinds[i].bits, "a key", 4711);

		trust(&p);
		is_str(ring.keys[0].subject, "a key", "subject");
		is_str(ring.keys[0].file, "key.der", "file");
		for (m = 0; m < 3; m++) {
			struct bytes s = make_pkcs7(&p, mds[m], TBS,
				PKCS7_DETACHED | PKCS7_NOATTR | PKCS7_NOCERTS);

			is_int(check(s.p, s.n), 0, "%s %zu with %s",
				kinds[i].kind, kinds[i].bits,
				EVP_MD_get0_name(mds[m]));
			ok(mbedtls_takes(&p, s.p, s.n), "mbedtls says so too");
			free(s.p);
		}
		free_pair(&p);
	}
}

static void test_other_shapes(void)
{
	struct pair p = make_pair("P-256", 0, "a key", 1);
	struct pair q = make_pair("P-256", 0, "another key", 2);
	struct pair r = make_pair("RSA", 2048, "an RSA key", 3);
	const int good = PKCS7_DETACHED | PKCS7_NOATTR | PKCS7_NOCERTS;
	const enum reason invalid = REASON_SIGNATURE_INVALID;
	struct bytes s;

	trust(&p);
	s = make_pkcs7(&p, EVP_sha256(), TBS, PKCS7_DETACHED | PKCS7_NOATTR);
	is_int(check(s.p, s.n), 0, "a certificate inside is skipped");
	free(s.p);
	refused(make_pkcs7(&p, EVP_sha256(), TBS, PKCS7_DETACHED), invalid,
		"signature: x.p7s: expected a signature over the digest itself (-noattr), found one over signed attributes",
		"signed attributes");
	is_str(e.hint,
		"sign with rootwright sign, or sign the bytes of rootwright sign --print-tbs with openssl smime -sign -binary -noattr -outform DER",
		"the hint says how");
	refused(make_pkcs7(&p, EVP_sha256(), TBS, PKCS7_NOATTR), invalid,
		"signature: x.p7s: expected a detached signature, found attached content",
		"attached content");
	refused(make_pkcs7(&p, EVP_sha1(), TBS, good), invalid,
		"signature: x.p7s: expected SHA-256, SHA-384 or SHA-512, found another hash",
		"SHA-1");
	refused(make_cms(&p, NULL, TBS, CMS_USE_KEYID, 0), invalid,
		"signature: x.p7s: expected a signer named by issuer and serial number, found one named by its subject key id",
		"a key id");
	refused(make_cms(&r, NULL, TBS, 0, 1), invalid,
		"signature: x.p7s: expected RSA PKCS#1 v1.5 or ECDSA, found RSA-PSS",
		"RSA-PSS");
	refused(make_cms(&p, &q, TBS, 0, 0), invalid,
		"signature: x.p7s: expected one signer, found several",
		"two signers");
	free_pair(&p);
	free_pair(&q);
	free_pair(&r);
}

/* The outermost header of s in another encoding of the same length. */
static struct bytes recoded(struct bytes s, const char *header, size_t header_n,
	const char *tail, size_t tail_n)
{
	size_t old = s.p[1] < 0x80 ? 2 : 2 + (s.p[1] & 0x7f);
	struct bytes b = { malloc(s.n + 16), header_n + s.n - old + tail_n };

	memcpy(b.p, header, header_n);
	memcpy(b.p + header_n, s.p + old, s.n - old);
	memcpy(b.p + header_n + s.n - old, tail, tail_n);
	return b;
}

static void test_encodings(void)
{
	struct pair p = make_pair("P-256", 0, "a key", 1);
	struct bytes s = make_pkcs7(&p, EVP_sha256(), TBS,
		PKCS7_DETACHED | PKCS7_NOATTR | PKCS7_NOCERTS);
	const enum reason invalid = REASON_SIGNATURE_INVALID;
	const char longer[] = { 0x30, (char)0x82, 0, (char)s.p[2] };
	struct bytes b;

	trust(&p);
	refused(recoded(s, "\x30\x80", 2, "\0\0", 2), invalid,
		"signature: x.p7s: expected DER, found BER with an indefinite length",
		"indefinite length");
	ok(s.p[1] == 0x81, "the good one has a length of two bytes");
	refused(recoded(s, longer, 4, "", 0), invalid,
		"signature: x.p7s: expected DER, found a length not in DER",
		"longer length");
	refused(recoded(s, (char *)s.p, 3, "x", 1), invalid,
		"signature: x.p7s: expected a detached PKCS#7 signature, found more after it",
		"a byte after it");
	b = (struct bytes){ malloc(1), 0 };
	refused(b, invalid,
		"signature: x.p7s: expected a detached PKCS#7 signature, found an empty file",
		"empty");
	b = (struct bytes){ calloc(1, 1 << 20), 1 << 20 };
	refused(b, invalid,
		"signature: x.p7s: expected at most 16384 bytes, found more",
		"1 MB");
	b = (struct bytes){ (uint8_t *)strdup("-----BEGIN PKCS7-----\n"), 22 };
	refused(b, invalid, "signature: x.p7s: expected DER, found PEM", "PEM");
	b = (struct bytes){ malloc(p.der_n), p.der_n };
	memcpy(b.p, p.der, p.der_n);
	refused(b, invalid,
		"signature: x.p7s: expected a PKCS#7 type, found something else",
		"a certificate");
	free(s.p);
	free_pair(&p);
}

/* The bytes lie at the end of their own allocation: ASan sees a read over. */
static int check_cut(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	int r;

	memcpy(copy, p, n);
	r = check(copy, n);
	free(copy);
	return r;
}

static void test_damage(const char *kind, size_t bits)
{
	struct pair p = make_pair(kind, bits, "a key", 1);
	struct bytes s = make_pkcs7(&p, EVP_sha256(), TBS,
		PKCS7_DETACHED | PKCS7_NOATTR | PKCS7_NOCERTS);
	unsigned cut = 0, changed = 0, looser = 0, bit;
	size_t i;

	trust(&p);
	for (i = 0; i < s.n; i++)
		cut += check_cut(s.p, i) == 0;
	is_int(cut, 0, "%s: cut at no byte is it accepted", kind);
	for (i = 0; i < s.n; i++)
		for (bit = 0; bit < 8; bit++) {
			s.p[i] ^= 1 << bit;
			if (check(s.p, s.n) == 0) {
				changed++;
				looser += !mbedtls_takes(&p, s.p, s.n);
			}
			s.p[i] ^= 1 << bit;
		}
	/*
	 * rsaEncryption and sha256WithRSAEncryption differ in one byte by
	 * four bits, so no flip leads from one good signature to another.
	 */
	is_int(changed, 0, "%s: with no bit flipped is it accepted", kind);
	is_int(looser, 0, "%s: nor more readily than by mbedtls", kind);
	free(s.p);
	free_pair(&p);
}

static void test_keys(void)
{
	struct pair p = make_pair("P-256", 0, "a key", 0x123456);
	struct pair q = make_pair("P-256", 0, "another key", 2);
	struct pair twin = make_pair("P-256", 0, "a key", 0x123456);
	const int flags = PKCS7_DETACHED | PKCS7_NOATTR | PKCS7_NOCERTS;
	struct bytes s = make_pkcs7(&p, EVP_sha256(), TBS, flags);
	const struct key *signer;

	trust(&q);
	is_int(check(s.p, s.n), -1, "a key that is not in the ring");
	is_int(e.reason, REASON_SIGNATURE_UNTRUSTED, "reason");
	is_str(e.text,
		"signature: x.p7s: expected one by a trusted key, found one by the certificate with serial number 123456: none of the 1 trusted certificates has this issuer and number",
		"sentence");
	ok(keyring_add(&ring, "p.der", p.der, p.der_n, &e) == 0, "added");
	ok(keyring_verify(&ring, "x", s.p, s.n, TBS, &signer, &e) == 0 &&
			signer == &ring.keys[1],
		"it is the second key of the ring");
	ok(strcmp(ring.keys[0].id, ring.keys[1].id) != 0, "ids differ");
	is_int(keyring_verify(&ring, "x.p7s", s.p, s.n, tbs, 5, &signer, &e),
		-1, "over other bytes");
	is_int(e.reason, REASON_SIGNATURE_INVALID, "reason");
	is_str(e.text,
		"signature: x.p7s: expected one over this digest by key \"a key\", found one that does not verify: it is for something else or damaged",
		"sentence");
	trust(&twin);
	is_int(check(s.p, s.n), -1, "another key under the same name");
	is_int(e.reason, REASON_SIGNATURE_INVALID, "reason");
	ok(keyring_add(&ring, "p.der", p.der, p.der_n, &e) == 0, "added");
	is_int(check(s.p, s.n), 0, "both under the same name: the right one");
	free(s.p);
	free_pair(&p);
	free_pair(&q);
	free_pair(&twin);
}

int main(void)
{
	test_accepted();
	test_other_shapes();
	test_encodings();
	test_damage("P-256", 0);
	test_damage("RSA", 2048);
	test_keys();
	return tap_done();
}
