/* SPDX-License-Identifier: MIT */
/*
 * A private key and its certificate, and signing with them. libfsverity makes
 * the signature; before anybody gets it, it is checked with the code that the
 * boot program uses.
 *
 * Refused: a key with a passphrase, a key that is not the certificate's, and
 * every certificate that the boot program refuses.
 */
#ifndef RW_TOOL_SIGN_KEY_H
#define RW_TOOL_SIGN_KEY_H

#include "core/digest.h"
#include "core/keyring.h"

#define PRIVATE_KEY_MAX 16384 /* bytes of a private key's file */

struct signing_key {
	struct keyring ring;  /* the certificate alone */
	int key, certificate; /* memfds with both in PEM, for libfsverity */
};

/* key and certificate are paths; the key may be a pipe. */
must_check int signing_key_open(struct signing_key *k, const char *key,
	const char *certificate, struct err *e);
void signing_key_close(struct signing_key *k);

/* Signs the digest of the file name; out has SIGNATURE_MAX bytes. */
must_check int signing_key_sign(const struct signing_key *k, const char *name,
	const struct digest *d, uint8_t *out, size_t *n, struct err *e);

#endif
