/* SPDX-License-Identifier: MIT */
/*
 * Trusted certificates, and the one question asked of them: did one of
 * these keys sign these bytes? Detached PKCS#7 DER without signed
 * attributes, as fsverity-utils writes it and as a kernel's .fs-verity
 * keyring takes it (core/pkcs7.h says exactly what).
 *
 * A certificate in keys.d is itself the trusted key: it is a container for
 * a public key, and the issuer and serial number by which a signature names
 * it. No chain is built, so trusting a CA's certificate trusts what the CA's
 * own key signed and nothing that it certified. The certificate's own
 * signature, its dates (there is no clock at boot), its key usage and its
 * extensions are not judged: being in the initramfs is what counts. mbedtls
 * has to know them all the same: it reads no certificate that is signed by
 * other means than ECDSA or RSA PKCS#1 v1.5 with SHA-2, or that has a critical
 * extension which it does not know.
 *
 * Bytes in, structs out: only keyring_load and signature_load read files.
 * The heap is mbedtls' own, 64 KiB in .bss, and empty between two calls.
 */
#pragma once

#include "core/pkcs7.h"

#define CERTIFICATE_MAX 16384	 /* bytes of a certificate's file */
#define CERTIFICATE_DER_MAX 4096 /* bytes of the certificate in it */
#define COMMON_NAME_MAX 128	 /* bytes, with a NUL; X.520 says 64 */
#define KEYS_MAX 16		 /* certificates in one keys.d */
#define DEVELOPMENT_NAME "rootwright DEVELOPMENT key"

struct key {
	char file[256];		       /* its name in keys.d */
	char subject[COMMON_NAME_MAX]; /* the common name, text_printable() */
	char id[65];	  /* SHA-256 of the SubjectPublicKeyInfo, hex */
	bool development; /* the common name is DEVELOPMENT_NAME */
	uint8_t der[CERTIFICATE_DER_MAX];
	size_t der_n;
};

struct keyring {
	unsigned n;
	/* NULL, or certificates whose keys count nowhere (revoked.d) */
	const struct keyring *revoked;
	struct key keys[KEYS_MAX];
};

void keyring_init(struct keyring *k);

/*
 * Adds the one certificate (PEM or DER) in the n bytes, after which a NUL has
 * to be; file is for messages, and its last part is kept. KEYS_INVALID: not a
 * certificate, more than one, a private key beside it, a key that is not P-256,
 * P-384 or RSA of 2048 to 4096 bits, too many.
 */
must_check int keyring_add(struct keyring *k, const char *file,
	const uint8_t *bytes, size_t n, struct err *e);

/*
 * Adds every *.pem and *.der of a directory, from where dirfd is; names that
 * begin with a dot and other names are not looked at. dir is for messages. A
 * directory that does not exist (dirfd < 0) is an empty keyring.
 */
must_check int keyring_load(
	struct keyring *k, int dirfd, const char *dir, struct err *e);

/*
 * Checks the signature (name is for messages) over tbs. On success *signer
 * is the key that made it. SIGNATURE_INVALID: not a detached
 * PKCS#7 that we take, with the sentence that says how to sign instead; or
 * it names a key of the ring which did not make it over these bytes.
 * SIGNATURE_UNTRUSTED: well formed, and it names no key of the ring.
 * SIGNATURE_REVOKED: good, but the same key, by its id, is among the revoked.
 */
must_check int keyring_verify(const struct keyring *k, const char *name,
	const uint8_t *signature, size_t n, const uint8_t *tbs, size_t tbs_n,
	const struct key **signer, struct err *e);

/*
 * Reads the signature file at path below dirfd into buf (SIGNATURE_MAX
 * bytes), following no symbolic link. SIGNATURE_MISSING: there is none.
 * SIGNATURE_INVALID: not a regular file, or larger than SIGNATURE_MAX.
 */
must_check int signature_load(
	int dirfd, const char *path, uint8_t *buf, size_t *n, struct err *e);
