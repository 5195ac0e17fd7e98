/* SPDX-License-Identifier: MIT */
/* Certificates that are and are not taken, and directories of them. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/keyring.h"
#include "make_keys.h"
#include "tap.h"

static struct keyring ring;
static struct err e;

static int add(const void *p, size_t n)
{
	uint8_t *copy = malloc(n + 1); /* so that ASan sees a read over */
	int r;

	memcpy(copy, p, n);
	copy[n] = 0;
	keyring_init(&ring);
	memset(&e, 0, sizeof(e));
	r = keyring_add(&ring, "keys.d/x.pem", copy, n, &e);
	if (ring.n != (r == 0))
		abort();
	free(copy);
	return r;
}

static void refused(const void *p, size_t n, const char *sentence)
{
	is_int(add(p, n), -1, "refused: %s", sentence);
	is_int(e.reason, REASON_KEYS_INVALID, "reason");
	is_str(e.text, sentence, "sentence");
}

static void test_fields(void)
{
	struct pair p = make_pair("P-384", 0, DEVELOPMENT_NAME, 5);
	uint8_t *spki = NULL, hash[32];
	struct bytes pem = make_pem(&p), text;
	size_t n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(p.crt), &spki);
	BIO *out = BIO_new(BIO_s_mem());
	char id[65];

	is_int(add(p.der, p.der_n), 0, "DER");
	EVP_Digest(spki, n, hash, NULL, EVP_sha256(), NULL);
	for (unsigned i = 0; i < 32; i++)
		sprintf(id + 2 * i, "%02x", hash[i]);
	is_str(ring.keys[0].id, id, "the id is the hash of the public key");
	is_str(ring.keys[0].subject, DEVELOPMENT_NAME, "the common name");
	is_str(ring.keys[0].file, "x.pem", "the file's own name");
	ok(ring.keys[0].development, "it is known as the development key");
	is_int(add(pem.p, pem.n), 0, "PEM");
	is_str(ring.keys[0].id, id, "the same id");
	X509_print(out, p.crt);
	BIO_write(out, pem.p, pem.n);
	text = bytes_of(out);
	is_int(add(text.p, text.n), 0, "PEM after text");
	free(text.p);
	free(pem.p);
	OPENSSL_free(spki);
	free_pair(&p);

	p = make_pair("P-256", 0, "rootwright DEVELOPMENT key 2", 5);
	is_int(add(p.der, p.der_n), 0, "another name");
	ok(!ring.keys[0].development,
		"a name that only begins so, or an organisation of that name, is not the development key's");
	free_pair(&p);
}

static void test_kinds(void)
{
	static const struct {
		const char *kind;
		size_t bits;
	} kinds[] = { { "P-521", 0 }, { "RSA", 1024 }, { "RSA", 2047 },
		{ "RSA", 4104 } };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pair p =
			make_pair(kinds[i].kind, kinds[i].bits, "a key", 1);

		refused(p.der, p.der_n,
			"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found a key that is not ECDSA P-256 or P-384 or RSA of 2048 to 4096 bits");
		free_pair(&p);
	}
}

/* A P-256 key in a certificate that another one signed, with an extension. */
static struct bytes make_signed(const char *by, const EVP_MD *md, bool critical)
{
	struct pair p = make_pair("P-256", 0, "a key", 1);
	struct pair ca = make_pair(by, 2048, "a CA", 1);
	ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x;
	struct bytes b = { 0 };

	ASN1_OCTET_STRING_set(value, (const uint8_t *)"\5", 2);
	x = X509_EXTENSION_create_by_OBJ(NULL, type, critical, value);
	X509_add_ext(p.crt, x, -1);
	X509_sign(p.crt, ca.key, md);
	b.n = i2d_X509(p.crt, &b.p);
	X509_EXTENSION_free(x);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(type);
	free_pair(&p);
	free_pair(&ca);
	return b;
}

/* Who signed it is not asked, but mbedtls has to know how. */
static void test_signed(void)
{
	static const char how[] =
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found one signed by other means than ECDSA or RSA PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512";
	const struct {
		const char *by;
		const EVP_MD *md;
		bool critical;
		const char *sentence; /* NULL: taken */
	} cases[] = {
		{ "P-521", EVP_sha512(), false, NULL },
		{ "RSA", EVP_sha384(), false, NULL },
		{ "RSA", EVP_sha1(), false, how },
		{ "RSA-PSS", EVP_sha256(), false, how },
		{ "ED25519", NULL, false, how },
		{ "P-256", EVP_sha256(), true,
			"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found one with an extension that is damaged, or critical and not known" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = make_signed(
			cases[i].by, cases[i].md, cases[i].critical);

		if (cases[i].sentence)
			refused(b.p, b.n, cases[i].sentence);
		else
			is_int(add(b.p, b.n), 0, "signed by %s", cases[i].by);
		OPENSSL_free(b.p);
	}
}

static void test_files(void)
{
	struct pair p = make_pair("P-256", 0, "a key", 1);
	struct bytes pem = make_pem(&p), key, two;
	static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3,
		1, 7 };
	BIO *out = BIO_new(BIO_s_mem());
	unsigned taken = 0;
	uint8_t *copy;
	size_t i, point;

	refused("", 0,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found something else");
	refused("hello", 5,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found something else");
	PEM_write_bio_PrivateKey(out, p.key, NULL, NULL, 0, NULL, NULL);
	BIO_write(out, pem.p, pem.n);
	key = bytes_of(out);
	refused(key.p, key.n,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found a private key: it must never be where certificates are");
	free(key.p);
	two.p = calloc(pem.n + 20, 1); /* and what a search would not reach */
	memcpy(two.p, pem.p, pem.n);
	memcpy(two.p + pem.n + 1, "PRIVATE KEY-----", 16);
	refused(two.p, pem.n + 17,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found a NUL byte in PEM");
	free(two.p);
	two.n = 2 * pem.n;
	two.p = malloc(two.n);
	memcpy(two.p, pem.p, pem.n);
	memcpy(two.p + pem.n, pem.p, pem.n);
	refused(two.p, two.n,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found several");
	free(two.p);
	copy = malloc(p.der_n + 1);
	memcpy(copy, p.der, p.der_n);
	copy[p.der_n] = 'x';
	refused(copy, p.der_n + 1,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found more after it");
	is_int(add(p.der, p.der_n), 0, "the good one");
	/* Behind the curve's OID: two bytes, a zero and the point. */
	point = (uint8_t *)memmem(p.der, p.der_n, p256, sizeof(p256)) - p.der;
	point += sizeof(p256) + 3;
	memcpy(copy, p.der, p.der_n);
	copy[point + 5] ^= 1;
	refused(copy, p.der_n,
		"certificate: keys.d/x.pem: expected an X.509 certificate in PEM or DER, found one whose public key is none");
	free(copy);
	for (i = 0; i < p.der_n; i++)
		taken += add(p.der, i) == 0;
	for (i = 0; i + 1 < pem.n; i++)
		taken += add(pem.p, i) == 0;
	is_int(taken, 0, "cut at no byte is it taken");
	free(pem.p);
	free_pair(&p);
}

static void put(const char *name, const void *p, size_t n)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	close(fd);
}

static int load(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY), r;

	keyring_init(&ring);
	r = keyring_load(&ring, fd, "/etc/keys.d", &e);
	close(fd);
	return r;
}

static void test_directory(void)
{
	struct pair p = make_pair("P-256", 0, "p", 1);
	struct pair q = make_pair("P-256", 0, "q", 1);
	struct bytes pem = make_pem(&q);
	char dir[] = "/tmp/keyring-XXXXXX", name[32];
	unsigned i;

	keyring_init(&ring);
	is_int(keyring_load(&ring, -1, "none", &e), 0, "no directory");
	if (!mkdtemp(dir) || chdir(dir) != 0)
		abort();
	is_int(load(), 0, "an empty directory");
	is_int(ring.n, 0, "has no keys");
	put("b.der", p.der, p.der_n);
	put("a.pem", pem.p, pem.n);
	put(".hidden.pem", "x", 1);
	put("README", "x", 1);
	is_int(load(), 0, "two certificates and other files");
	is_int(ring.n, 2, "are two keys");
	i = strcmp(ring.keys[0].file, "b.der") == 0;
	is_str(ring.keys[i].file, "a.pem", "one");
	is_str(ring.keys[i].subject, "q", "of this name");
	is_str(ring.keys[!i].subject, "p", "and the other one");
	for (i = 0; i < KEYS_MAX - 2; i++) {
		sprintf(name, "c%02u.der", i);
		put(name, p.der, p.der_n);
	}
	is_int(load(), 0, "16 certificates");
	is_int(ring.n, 16, "all of them");
	put("d.der", p.der, p.der_n);
	is_int(load(), -1, "17 certificates");
	ok(strstr(e.text, "expected at most 16 certificates, found more"),
		"sentence");
	unlink("d.der");
	unlink("c00.der");
	is_int(symlink("b.der", "c00.der"), 0, "a symbolic link");
	is_int(load(), -1, "is refused");
	is_str(e.text,
		"certificate: /etc/keys.d/c00.der: expected a regular file of at most 16384 bytes: Too many levels of symbolic links",
		"sentence");
	unlink("c00.der");
	put("c00.der", dir, sizeof(dir));
	is_int(load(), -1, "one that is none");
	is_str(e.text,
		"certificate: /etc/keys.d/c00.der: expected an X.509 certificate in PEM or DER, found something else",
		"sentence");
	if (system("rm -rf \"$PWD\"") != 0)
		abort();
	free(pem.p);
	free_pair(&p);
	free_pair(&q);
}

int main(void)
{
	test_fields();
	test_kinds();
	test_signed();
	test_files();
	test_directory();
	return tap_done();
}
