/* SPDX-License-Identifier: MIT */
#include "tool/sign_key.h"

#include <errno.h>
#include <fcntl.h>
#include <libfsverity.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/file.h"
#include "tool/sign_subject.h"

/* libfsverity tells its reasons only to a callback. */
static char reason[256];

static void keep_reason(const char *text)
{
	snprintf(
		reason, sizeof(reason), "%.*s", (int)strcspn(text, "\n"), text);
}

/* OpenSSL would ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static int not_a_key(const char *path, bool encrypted, struct err *e)
{
	if (!encrypted)
		return err_set(e, REASON_FAILED,
			"key: %s: expected a private key in PEM, found something else",
			path);
	err_set(e, REASON_FAILED,
		"key: %s: expected a private key without a passphrase, found an encrypted one",
		path);
	return err_hint(e,
		"openssl pkey -in %s | rootwright sign --key /dev/stdin ... keeps the plain key out of every file",
		path);
}

/* Does the key belong to the certificate? Both go to memfds. */
static int match(struct signing_key *k, const char *path,
	const char *certificate, BIO *key, struct err *e)
{
	const struct key *trusted = &k->ring.keys[0];
	const uint8_t *der = trusted->der;
	bool encrypted = false;
	EVP_PKEY *pkey;
	BIO *out;
	X509 *x;
	int r = -1;

	pkey = PEM_read_bio_PrivateKey(key, NULL, no_passphrase, &encrypted);
	x = d2i_X509(NULL, &der, trusted->der_n);
	out = BIO_new_fd(k->certificate, BIO_NOCLOSE);
	if (!pkey)
		not_a_key(path, encrypted, e);
	else if (!x || !out || PEM_write_bio_X509(out, x) != 1)
		err_set(e, REASON_FAILED,
			"certificate: %s: expected one that OpenSSL reads, found another",
			certificate);
	else if (X509_check_private_key(x, pkey) != 1)
		err_set(e, REASON_FAILED,
			"key: %s: expected the private key of %s, found another key",
			path, certificate);
	else
		r = 0;
	ERR_clear_error();
	BIO_free(out);
	X509_free(x);
	EVP_PKEY_free(pkey);
	return r;
}

static int load_key(struct signing_key *k, const char *path,
	const char *certificate, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t pem[PRIVATE_KEY_MAX];
	ssize_t n = fd < 0 ? -1 : read_all(fd, pem, sizeof(pem));
	BIO *bio;
	int r;

	if (n < 0)
		return err_sys(e, REASON_FAILED, errno,
			"key: %s: cannot be read", path);
	bio = BIO_new_mem_buf(pem, n);
	r = !bio || write(k->key, pem, n) != n
		    ? err_set(e, REASON_FAILED, "key: %s: no memory", path)
		    : match(k, path, certificate, bio, e);
	BIO_free(bio);
	OPENSSL_cleanse(pem, sizeof(pem));
	return r;
}

int signing_key_open(struct signing_key *k, const char *key,
	const char *certificate, struct err *e)
{
	keyring_init(&k->ring);
	k->key = memfd_create("key", MFD_CLOEXEC);
	k->certificate = memfd_create("certificate", MFD_CLOEXEC);
	if (k->key < 0 || k->certificate < 0)
		err_sys(e, REASON_FAILED, errno, "key: %s: no memory", key);
	else if (load_certificate(&k->ring, certificate, e) == 0 &&
		 load_key(k, key, certificate, e) == 0)
		return 0;
	signing_key_close(k);
	return -1;
}

void signing_key_close(struct signing_key *k)
{
	if (k->key >= 0)
		close(k->key);
	if (k->certificate >= 0)
		close(k->certificate);
	k->key = k->certificate = -1;
}

static int make(const struct signing_key *k, const struct digest *d,
	uint8_t **out, size_t *n)
{
	_Alignas(struct libfsverity_digest)
		uint8_t bytes[sizeof(struct libfsverity_digest) + DIGEST_MAX];
	struct libfsverity_digest *digest = (void *)bytes;
	char key[32], certificate[32];
	struct libfsverity_signature_params params = {
		.keyfile = key,
		.certfile = certificate,
	};

	digest->digest_algorithm = d->algorithm;
	digest->digest_size = d->size;
	memcpy(bytes + sizeof(*digest), d->bytes, d->size);
	snprintf(key, sizeof(key), "/proc/self/fd/%d", k->key);
	snprintf(certificate, sizeof(certificate), "/proc/self/fd/%d",
		k->certificate);
	reason[0] = '\0';
	libfsverity_set_error_callback(keep_reason);
	return libfsverity_sign_digest(digest, &params, out, n);
}

int signing_key_sign(const struct signing_key *k, const char *name,
	const struct digest *d, uint8_t *out, size_t *n, struct err *e)
{
	uint8_t tbs[FORMATTED_MAX], *made = NULL;
	size_t tbs_n = digest_formatted(d, tbs);
	const struct key *signer;
	int r;

	if (make(k, d, &made, n) != 0)
		return err_set(e, REASON_FAILED,
			"%s: cannot be signed: libfsverity: %s", name, reason);
	r = keyring_verify(&k->ring, name, made, *n, tbs, tbs_n, &signer, e);
	if (r == 0)
		memcpy(out, made, *n);
	free(made);
	return r;
}
