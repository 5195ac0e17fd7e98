/* SPDX-License-Identifier: MIT */
#include "core/keyring.h"

#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/file.h"

#define KEY_KINDS "an ECDSA P-256 or P-384 or an RSA key of 2048 to 4096 bits"

void keyring_init(struct keyring *k)
{
	memset(k, 0, sizeof(*k));
}

void keyring_free(struct keyring *k)
{
	while (k->n)
		mbedtls_x509_crt_free(&k->keys[--k->n].crt);
}

static void to_hex(char *out, const uint8_t *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (; n; n--, p++) {
		*out++ = hex[*p >> 4];
		*out++ = hex[*p & 15];
	}
	*out = '\0';
}

/* Why mbedtls did not take a certificate. */
static int parse_error(int r, const char *file, struct err *e)
{
	switch (-(-r & 0xff80)) {
	case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
	case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected " KEY_KINDS
			", found another type of key",
			file);
	case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected one signed by ECDSA or RSA PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512, found another algorithm",
			file);
	default:
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected one X.509 certificate in PEM or DER, found something else: mbedtls error -0x%04x",
			file, (unsigned)-r);
	}
}

static int parse(mbedtls_x509_crt *crt, const char *file, const uint8_t *bytes,
	size_t n, struct err *e)
{
	uint8_t text[CERTIFICATE_MAX + 1]; /* mbedtls wants PEM with a NUL */
	bool pem;
	int r;

	memcpy(text, bytes, n);
	text[n] = '\0';
	pem = strstr((char *)text, "-----BEGIN");
	if (pem && strstr((char *)text, "PRIVATE KEY-----"))
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected a certificate alone, found a private key: it must never be where certificates are",
			file);
	r = mbedtls_x509_crt_parse(crt, text, pem ? n + 1 : n);
	if (r < 0)
		return parse_error(r, file, e);
	if (r > 0 || crt->next || (!pem && crt->raw.len != n))
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected one certificate, found more after it",
			file);
	return 0;
}

static int check_key(
	const mbedtls_pk_context *pk, const char *file, struct err *e)
{
	size_t bits = mbedtls_pk_get_bitlen(pk);

	if (mbedtls_pk_get_type(pk) == MBEDTLS_PK_ECKEY)
		return 0; /* no other curve is compiled in */
	if (mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA && bits >= 2048 &&
		bits <= 4096)
		return 0;
	return err_set(e, REASON_KEYS_INVALID,
		"certificate: %s: expected " KEY_KINDS ", found %zu bits", file,
		bits);
}

/* What people and records call the key. */
static int describe(struct key *key, const char *file, struct err *e)
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	const mbedtls_x509_name *part;
	const char *base = strrchr(file, '/');
	uint8_t id[32];

	snprintf(key->file, sizeof(key->file), "%s", base ? base + 1 : file);
	if (mbedtls_x509_dn_gets(
		    key->subject, sizeof(key->subject), &key->crt.subject) < 0)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected a subject of at most 255 characters, found a longer one",
			file);
	if (mbedtls_md(sha256, key->crt.pk_raw.p, key->crt.pk_raw.len, id))
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: its key cannot be hashed", file);
	to_hex(key->id, id, sizeof(id));
	for (part = &key->crt.subject; part; part = part->next)
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0 &&
			part->val.len == strlen(DEVELOPMENT_NAME) &&
			memcmp(part->val.p, DEVELOPMENT_NAME, part->val.len) ==
				0)
			key->development = true;
	return 0;
}

int keyring_add(struct keyring *k, const char *file, const uint8_t *bytes,
	size_t n, struct err *e)
{
	struct key *key = &k->keys[k->n];

	if (k->n == KEYS_MAX)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected at most %d certificates, found more",
			file, KEYS_MAX);
	if (n > CERTIFICATE_MAX)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected at most %d bytes, found more",
			file, CERTIFICATE_MAX);
	memset(key, 0, sizeof(*key));
	mbedtls_x509_crt_init(&key->crt);
	if (parse(&key->crt, file, bytes, n, e) != 0 ||
		check_key(&key->crt.pk, file, e) != 0 ||
		describe(key, file, e) != 0) {
		mbedtls_x509_crt_free(&key->crt);
		return -1;
	}
	k->n++;
	return 0;
}

/* getdents64(2): readdir would bring a heap of its own. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

struct names {
	unsigned n;
	char name[KEYS_MAX][256]; /* sorted */
};

static bool is_certificate_name(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 4 && n < 256 &&
	       (!strcmp(name + n - 4, ".pem") || !strcmp(name + n - 4, ".der"));
}

static int insert(
	struct names *all, const char *name, const char *dir, struct err *e)
{
	unsigned i = all->n;

	if (all->n == KEYS_MAX)
		return err_set(e, REASON_KEYS_INVALID,
			"keys: %s: expected at most %d certificates, found more",
			dir, KEYS_MAX);
	for (; i > 0 && strcmp(all->name[i - 1], name) > 0; i--)
		memcpy(all->name[i], all->name[i - 1], sizeof(all->name[0]));
	strcpy(all->name[i], name);
	all->n++;
	return 0;
}

static int list(struct names *all, int dirfd, const char *dir, struct err *e)
{
	_Alignas(struct entry) char buf[4096];
	const struct entry *entry;
	long n, at;

	all->n = 0;
	if (lseek(dirfd, 0, SEEK_SET) != 0)
		return err_sys(e, REASON_KEYS_INVALID, errno,
			"keys: %s: cannot be read", dir);
	while ((n = syscall(SYS_getdents64, dirfd, buf, sizeof(buf))) > 0)
		for (at = 0; at < n; at += entry->size) {
			entry = (const struct entry *)(buf + at);
			if (is_certificate_name(entry->name) &&
				insert(all, entry->name, dir, e) != 0)
				return -1;
		}
	return n == 0 ? 0
		      : err_sys(e, REASON_KEYS_INVALID, errno,
				"keys: %s: cannot be read", dir);
}

int keyring_load(struct keyring *k, int dirfd, const char *dir, struct err *e)
{
	uint8_t buf[CERTIFICATE_MAX];
	struct names all;
	char path[512];
	unsigned i;

	if (dirfd < 0)
		return 0;
	if (list(&all, dirfd, dir, e) != 0)
		return -1;
	for (i = 0; i < all.n; i++) {
		AUTO_FD int fd = open_regular_beneath(dirfd, all.name[i]);
		ssize_t n = fd < 0 ? -1 : read_all(fd, buf, sizeof(buf));

		snprintf(path, sizeof(path), "%.250s/%s", dir, all.name[i]);
		if (n < 0)
			return err_sys(e, REASON_KEYS_INVALID, errno,
				"certificate: %s: expected a regular file of at most %d bytes",
				path, CERTIFICATE_MAX);
		if (keyring_add(k, path, buf, n, e) != 0)
			return -1;
	}
	return 0;
}

int signature_load(
	int dirfd, const char *path, uint8_t *buf, size_t *n, struct err *e)
{
	AUTO_FD int fd = open_regular_beneath(dirfd, path);
	ssize_t r = fd < 0 ? -1 : read_all(fd, buf, SIGNATURE_MAX);

	if (r >= 0) {
		*n = r;
		return 0;
	}
	if (errno == ENOENT)
		return err_set(e, REASON_SIGNATURE_MISSING,
			"signature: %s: expected a signature, found no file",
			path);
	return err_sys(e, REASON_SIGNATURE_INVALID, errno,
		"signature: %s: expected a regular file of at most %d bytes",
		path, SIGNATURE_MAX);
}

static bool names_it(const struct pkcs7 *s, const mbedtls_x509_crt *crt)
{
	return crt->issuer_raw.len == s->issuer.n &&
	       memcmp(crt->issuer_raw.p, s->issuer.p, s->issuer.n) == 0 &&
	       crt->serial.len == s->serial.n &&
	       memcmp(crt->serial.p, s->serial.p, s->serial.n) == 0;
}

static bool made_it(const struct pkcs7 *s, const mbedtls_x509_crt *crt,
	const uint8_t *tbs, size_t n)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(s->hash);
	mbedtls_pk_context pk = crt->pk; /* mbedtls wants it writable */
	uint8_t hash[MBEDTLS_MD_MAX_SIZE];

	return mbedtls_pk_get_type(&pk) == s->kind && md &&
	       mbedtls_md(md, tbs, n, hash) == 0 &&
	       mbedtls_pk_verify(&pk, s->hash, hash, mbedtls_md_get_size(md),
		       s->signature.p, s->signature.n) == 0;
}

int keyring_verify(const struct keyring *k, const char *name,
	const uint8_t *signature, size_t n, const uint8_t *tbs, size_t tbs_n,
	unsigned *signer, struct err *e)
{
	const struct key *named = NULL;
	char serial[65];
	struct pkcs7 s;
	unsigned i;

	if (pkcs7_read(&s, name, signature, n, e) != 0)
		return -1;
	for (i = 0; i < k->n; i++) {
		if (!names_it(&s, &k->keys[i].crt))
			continue;
		if (made_it(&s, &k->keys[i].crt, tbs, tbs_n)) {
			*signer = i;
			return 0;
		}
		named = &k->keys[i];
	}
	if (named)
		return err_set(e, REASON_SIGNATURE_INVALID,
			"signature: %s: expected one over this digest by key \"%s\", found one that does not verify: it is for something else or damaged",
			name, named->subject);
	to_hex(serial, s.serial.p, s.serial.n < 32 ? s.serial.n : 32);
	return err_set(e, REASON_SIGNATURE_UNTRUSTED,
		"signature: %s: expected one by a trusted key, found one by the certificate with serial number %s: none of the %u trusted certificates has this issuer and number",
		name, serial, k->n);
}
