/* SPDX-License-Identifier: MIT */
/*
 * Trusted certificates, and the one question asked of them: did one of
 * these keys sign these bytes? Detached PKCS#7 DER without signed
 * attributes, as fsverity-utils writes it and as a kernel's .fs-verity
 * keyring takes it. Dates are not judged: there is no clock at boot.
 *
 * Bytes in, structs out: nothing here opens a file except keyring_load.
 */
#ifndef RW_CORE_KEYRING_H
#define RW_CORE_KEYRING_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define KEYS_MAX 16	      /* certificates in one keys.d */
#define CERTIFICATE_MAX 16384 /* bytes of one certificate file */
#define SIGNATURE_MAX 16384   /* bytes of one signature */
#define DEVELOPMENT_NAME "rootwright DEVELOPMENT key"

struct key {
	char file[256];	   /* its name in keys.d */
	char subject[256]; /* the certificate's subject, printable */
	char id[65];	   /* SHA-256 of the SubjectPublicKeyInfo, hex */
	bool development;  /* common name is DEVELOPMENT_NAME */
	mbedtls_x509_crt crt;
};

struct keyring {
	unsigned n;
	struct key keys[KEYS_MAX];
};

void keyring_init(struct keyring *k);
void keyring_free(struct keyring *k);

/*
 * Adds the one certificate (PEM or DER) in the n bytes; file is for
 * messages. KEYS_INVALID: not a certificate, more than one, a key type or
 * size that is not accepted, too many.
 */
must_check int keyring_add(struct keyring *k, const char *file,
	const uint8_t *bytes, size_t n, struct err *e);

/*
 * Adds every *.pem and *.der of a directory, in byte order of their names.
 * dir is for messages. A directory that does not exist (dirfd < 0) is an
 * empty keyring.
 */
must_check int keyring_load(
	struct keyring *k, int dirfd, const char *dir, struct err *e);

/*
 * Checks the signature (name is for messages) over tbs. On success *signer
 * is the index of the key that made it. SIGNATURE_INVALID: not a detached
 * PKCS#7 that we take, with the sentence that says how to sign instead.
 * SIGNATURE_UNTRUSTED: well formed, but no key of the ring made it.
 */
must_check int keyring_verify(const struct keyring *k, const char *name,
	const uint8_t *signature, size_t n, const uint8_t *tbs, size_t tbs_n,
	unsigned *signer, struct err *e);

#endif
