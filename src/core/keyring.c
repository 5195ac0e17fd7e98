/* SPDX-License-Identifier: MIT */
#include "core/keyring.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/rsa.h>

#include "core/file.h"
#include "core/text.h"

void keyring_init(struct keyring *k)
{
#ifdef MBEDTLS_MEMORY_BUFFER_ALLOC_C
	/*
	 * mbedtls has one key and one signature at a time in its heap, and
	 * nothing in between: 12 KiB with RSA of 4096 bits, 16 with a public
	 * exponent as long.
	 */
	static _Alignas(16) uint8_t heap[32768];

	mbedtls_memory_buffer_alloc_init(heap, sizeof(heap));
#endif
	k->n = 0;
	k->revoked = NULL;
}

/* Did the key make the signature? Without one: is it a key at all? */
static bool ask_ecdsa(const struct certificate *c, const struct pkcs7 *s,
	const uint8_t *hash, unsigned hash_n)
{
	mbedtls_ecdsa_context key;
	mbedtls_ecp_group group;
	mbedtls_ecp_point point;
	bool yes;

	mbedtls_ecdsa_init(&key);
	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&point);
	yes = mbedtls_ecp_group_load(&group, c->curve) == 0 &&
	      mbedtls_ecp_point_read_binary(
		      &group, &point, c->point.p, c->point.n) == 0 &&
	      mbedtls_ecp_check_pubkey(&group, &point) == 0 &&
	      mbedtls_ecp_set_public_key(c->curve, &key, &point) == 0 &&
	      (!s || mbedtls_ecdsa_read_signature(&key, hash, hash_n,
			     s->signature.p, s->signature.n) == 0);
	mbedtls_ecp_point_free(&point);
	mbedtls_ecp_group_free(&group);
	mbedtls_ecdsa_free(&key);
	return yes;
}

/*
 * mbedtls_rsa_complete is left out: it derives what a private key needs, and
 * for a public one it only checks what mbedtls_rsa_check_pubkey checks.
 */
static bool ask_rsa(const struct certificate *c, const struct pkcs7 *s,
	const uint8_t *hash, unsigned hash_n)
{
	mbedtls_rsa_context key;
	bool yes;

	mbedtls_rsa_init(&key);
	yes = mbedtls_rsa_import_raw(&key, c->modulus.p, c->modulus.n, NULL, 0,
		      NULL, 0, NULL, 0, c->exponent.p, c->exponent.n) == 0 &&
	      mbedtls_rsa_check_pubkey(&key) == 0 &&
	      (!s || (s->signature.n == c->modulus.n &&
			     mbedtls_rsa_pkcs1_verify(&key, s->hash, hash_n,
				     hash, s->signature.p) == 0));
	mbedtls_rsa_free(&key);
	return yes;
}

int keyring_add(struct keyring *k, const char *file, const uint8_t *bytes,
	size_t n, struct err *e)
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	struct key *key = &k->keys[k->n];
	struct certificate *c = &key->certificate;
	const char *base = strrchr(file, '/');
	uint8_t id[32];

	if (k->n == KEYS_MAX)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected at most %d certificates, found more",
			file, KEYS_MAX);
	if (certificate_read(c, key->der, file, bytes, n, e) != 0)
		return -1;
	if (!(c->curve ? ask_ecdsa : ask_rsa)(c, NULL, NULL, 0) ||
		mbedtls_md(sha256, c->spki.p, c->spki.n, id) != 0)
		return err_set(e, REASON_KEYS_INVALID,
			"certificate: %s: expected a public key, found numbers that are none",
			file);
	text_hex(key->id, id, sizeof(id));
	snprintf(key->file, sizeof(key->file), "%s", base ? base + 1 : file);
	strcpy(key->subject, c->subject);
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
	uint8_t buf[CERTIFICATE_MAX];
	const char *name;
	char path[512];
	ssize_t n;

	if (dirfd < 0)
		return 0;
	while ((name = dir_next(&names))) {
		if (!is_certificate_name(name))
			continue;
		snprintf(path, sizeof(path), "%.250s/%s", dir, name);
		n = read_beneath(dirfd, name, buf, sizeof(buf));
		if (n < 0)
			return err_sys(e, REASON_KEYS_INVALID, errno,
				"certificate: %s: expected a regular file of at most %d bytes",
				path, CERTIFICATE_MAX);
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

static bool made_it(const struct pkcs7 *s, const struct certificate *c,
	const uint8_t *tbs, size_t n)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(s->hash);
	uint8_t hash[MBEDTLS_MD_MAX_SIZE];

	return s->rsa == !c->curve && mbedtls_md(md, tbs, n, hash) == 0 &&
	       (s->rsa ? ask_rsa : ask_ecdsa)(
		       c, s, hash, mbedtls_md_get_size(md));
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
	const struct key *named = NULL, *key;
	char serial[65];
	struct pkcs7 s;

	if (pkcs7_read(&s, name, signature, n, e) != 0)
		return -1;
	for (key = k->keys; key < k->keys + k->n; key++) {
		const struct certificate *c = &key->certificate;

		if (!span_equal(c->issuer, s.issuer) ||
			!span_equal(c->serial, s.serial))
			continue;
		named = key;
		if (!made_it(&s, c, tbs, tbs_n))
			continue;
		if (is_revoked(k, key))
			return err_set(e, REASON_SIGNATURE_REVOKED,
				"signature: %s: expected one by a key that is not revoked, found one by \"%s\" (%.16s)",
				name, key->subject, key->id);
		*signer = key;
		return 0;
	}
	if (named)
		return err_set(e, REASON_SIGNATURE_INVALID,
			"signature: %s: expected one over this digest by key \"%s\", found one that does not verify: it is for something else or damaged",
			name, named->subject);
	text_hex(serial, s.serial.p, s.serial.n < 32 ? s.serial.n : 32);
	return err_set(e, REASON_SIGNATURE_UNTRUSTED,
		"signature: %s: expected one by a trusted key, found one by the certificate with serial number %s: none of the %u trusted certificates has this issuer and number",
		name, serial, k->n);
}
