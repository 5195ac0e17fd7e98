/* SPDX-License-Identifier: MIT */
#include "core/keyring.h"

#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#include "core/file.h"
#include "core/text.h"

static const char other_key[] =
	"a key that is not ECDSA P-256 or P-384 or RSA of 2048 to 4096 bits";

void keyring_init(struct keyring *k)
{
#ifdef MBEDTLS_MEMORY_BUFFER_ALLOC_C
	/*
	 * mbedtls has one certificate and one signature at a time in its heap,
	 * and nothing in between: 12 KiB with RSA of 4096 bits, 16 with a
	 * public exponent as long, and twice what a PEM file has in it.
	 */
	static _Alignas(16) uint8_t heap[65536];

	mbedtls_memory_buffer_alloc_init(heap, sizeof(heap));
#endif
	k->n = 0;
	k->revoked = NULL;
}

/* mbedtls' codes for people; the low bits say where it stumbled. */
static const char *explain(int code)
{
	switch (-(-code & 0xff80)) {
	case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
	case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
		return other_key;
	case MBEDTLS_ERR_PK_INVALID_PUBKEY:
	case MBEDTLS_ERR_ECP_INVALID_KEY:
		return "one whose public key is none";
	case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
	case MBEDTLS_ERR_X509_INVALID_ALG:
		return "one signed by other means than ECDSA or RSA PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512";
	case MBEDTLS_ERR_X509_INVALID_EXTENSIONS:
		return "one with an extension that is damaged, or critical and not known";
	default:
		return "something else";
	}
}

/* Parses the one certificate of a file. NULL, or what was found instead. */
static const char *read_certificate(
	mbedtls_x509_crt *crt, const uint8_t *bytes, size_t n)
{
	bool pem = strstr((const char *)bytes, "-----BEGIN");
	mbedtls_pk_type_t type;
	size_t bits;
	int r;

	if (pem && strlen((const char *)bytes) < n)
		return "a NUL byte in PEM";
	if (strstr((const char *)bytes, "PRIVATE KEY-----"))
		return "a private key: it must never be where certificates are";
	r = mbedtls_x509_crt_parse(crt, bytes, n + pem); /* and the NUL */
	if (r < 0)
		return explain(r);
	if (r > 0 || crt->next)
		return "several";
	if (!pem && crt->raw.len < n)
		return "more after it";
	if (crt->raw.len > CERTIFICATE_DER_MAX)
		return "more than 4096 bytes of DER";
	type = mbedtls_pk_get_type(&crt->pk);
	bits = mbedtls_pk_get_bitlen(&crt->pk);
	return type == MBEDTLS_PK_ECKEY || (type == MBEDTLS_PK_RSA &&
						   bits >= 2048 && bits <= 4096)
		       ? NULL
		       : other_key;
}

/* The last one, if there are several. */
static void read_common_name(struct key *key, const mbedtls_x509_name *name)
{
	strcpy(key->subject, "no common name");
	for (; name; name = name->next)
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
			snprintf(key->subject, sizeof(key->subject), "%.*s",
				(int)name->val.len, (char *)name->val.p);
	text_printable(key->subject);
}

int keyring_add(struct keyring *k, const char *file, const uint8_t *bytes,
	size_t n, struct err *e)
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	struct key *key = &k->keys[k->n];
	const char *base = strrchr(file, '/'), *found;
	mbedtls_x509_crt crt;
	uint8_t id[32];

	if (k->n == KEYS_MAX)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected at most %d certificates, found more",
			file, KEYS_MAX);
	mbedtls_x509_crt_init(&crt);
	found = read_certificate(&crt, bytes, n);
	if (!found) {
		key->der_n = crt.raw.len;
		memcpy(key->der, crt.raw.p, crt.raw.len);
		read_common_name(key, &crt.subject);
		if (mbedtls_md(sha256, crt.pk_raw.p, crt.pk_raw.len, id) != 0)
			found = other_key;
	}
	mbedtls_x509_crt_free(&crt);
	if (found)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected an X.509 certificate in PEM or DER, found %s",
			file, found);
	text_hex(key->id, id, sizeof(id));
	snprintf(key->file, sizeof(key->file), "%s", base ? base + 1 : file);
	key->development = strcmp(key->subject, DEVELOPMENT_NAME) == 0;
	k->n++;
	return 0;
}

static bool is_certificate_name(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 4 &&
	       (!strcmp(name + n - 4, ".pem") || !strcmp(name + n - 4, ".der"));
}

int keyring_load(struct keyring *k, int dirfd, const char *dir, struct err *e)
{
	struct dir names = { .fd = dirfd };
	uint8_t buf[CERTIFICATE_MAX + 1];
	const char *name;
	char path[512];
	ssize_t n;

	if (dirfd < 0)
		return 0;
	while ((name = dir_next(&names))) {
		if (!is_certificate_name(name))
			continue;
		snprintf(path, sizeof(path), "%.250s/%s", dir, name);
		n = read_beneath(dirfd, name, buf, CERTIFICATE_MAX);
		if (n < 0)
			return err_sys(e, REASON_KEYS_INVALID, errno,
				"certificate: %s: expected a regular file of at most %d bytes",
				path, CERTIFICATE_MAX);
		buf[n] = '\0';
		if (keyring_add(k, path, buf, n, e) != 0)
			return -1;
	}
	if (!names.error)
		return 0;
	return err_sys(e, REASON_KEYS_INVALID, names.error,
		"keys: %s: cannot be read", dir);
}

int signature_load(
	int dirfd, const char *path, uint8_t *buf, size_t *n, struct err *e)
{
	ssize_t r = read_beneath(dirfd, path, buf, SIGNATURE_MAX);

	*n = r;
	if (r >= 0)
		return 0;
	if (errno == ENOENT)
		return err_set(e, REASON_SIGNATURE_MISSING,
			"signature: %s: expected a signature, found no file",
			path);
	return err_sys(e, REASON_SIGNATURE_INVALID, errno,
		"signature: %s: expected a regular file of at most %d bytes",
		path, SIGNATURE_MAX);
}

static bool same(struct span a, const mbedtls_x509_buf *b)
{
	return a.n == b->len && memcmp(a.p, b->p, a.n) == 0;
}

/* Is it the one that the signature names, and did it make it? */
static bool made_it(const struct key *key, const struct pkcs7 *s,
	const uint8_t *tbs, size_t n, bool *named)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(s->hash);
	uint8_t hash[MBEDTLS_MD_MAX_SIZE];
	mbedtls_x509_crt crt;
	bool yes;

	mbedtls_x509_crt_init(&crt);
	*named = mbedtls_x509_crt_parse_der_nocopy(
			 &crt, key->der, key->der_n) == 0 &&
		 same(s->issuer, &crt.issuer_raw) &&
		 same(s->serial, &crt.serial);
	yes = *named &&
	      s->rsa == (mbedtls_pk_get_type(&crt.pk) == MBEDTLS_PK_RSA) &&
	      mbedtls_md(md, tbs, n, hash) == 0 &&
	      mbedtls_pk_verify(&crt.pk, s->hash, hash, mbedtls_md_get_size(md),
		      s->signature.p, s->signature.n) == 0;
	mbedtls_x509_crt_free(&crt);
	return yes;
}

/* By whatever certificate. */
static bool is_revoked(const struct keyring *k, const struct key *key)
{
	for (unsigned i = 0; k->revoked && i < k->revoked->n; i++)
		if (strcmp(k->revoked->keys[i].id, key->id) == 0)
			return true;
	return false;
}

int keyring_verify(const struct keyring *k, const char *name,
	const uint8_t *signature, size_t n, const uint8_t *tbs, size_t tbs_n,
	const struct key **signer, struct err *e)
{
	const struct key *last = NULL, *key;
	char serial[65];
	bool named;
	struct pkcs7 s;

	if (pkcs7_read(&s, name, signature, n, e) != 0)
		return -1;
	for (key = k->keys; key < k->keys + k->n; key++) {
		if (!made_it(key, &s, tbs, tbs_n, &named)) {
			last = named ? key : last;
			continue;
		}
		if (is_revoked(k, key))
			return err_set(e, REASON_SIGNATURE_REVOKED,
				"signature: %s: expected one by a key that is not revoked, found one by \"%s\" (%.16s)",
				name, key->subject, key->id);
		*signer = key;
		return 0;
	}
	if (last)
		return err_set(e, REASON_SIGNATURE_INVALID,
			"signature: %s: expected one over this digest by key \"%s\", found one that does not verify: it is for something else or damaged",
			name, last->subject);
	text_hex(serial, s.serial.p, s.serial.n < 32 ? s.serial.n : 32);
	return err_set(e, REASON_SIGNATURE_UNTRUSTED,
		"signature: %s: expected one by a trusted key, found one by the certificate with serial number %s: none of the %u trusted certificates has this issuer and number",
		name, serial, k->n);
}
