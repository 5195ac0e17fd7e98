/* SPDX-License-Identifier: MIT */
/*
 * The policy that a device boots by, asked before anything is put into its
 * store: with the files and the code of the boot program (boot/config.c), so
 * that what is installed is what will boot. One policy in a program.
 */
#ifndef RW_TOOL_DEVICE_POLICY_H
#define RW_TOOL_DEVICE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/err.h"

#define DEVICE_POLICY_DIR "/etc/rootwright"

/*
 * Reads boot.conf and the keys of a directory. Refused: whatever the boot
 * would refuse, and a directory without boot.conf.
 */
must_check int device_policy_read(const char *dir, struct err *e);

/* "digest" and so on. */
const char *device_policy_trust(void);

/* Do image signatures count? */
bool device_policy_wants_signatures(void);

/* The name of the releases that it boots; NULL: it boots images. */
const char *device_policy_release(void);

/* The floor that the policy has, whatever a store says. */
uint64_t device_policy_floor(void);

/* A signature file of a release. */
struct item_signature {
	char *name; /* "abc.p7s": letters, digits and ._- */
	uint8_t *bytes;
	size_t n;
	bool good; /* by a key that counts */
};

/*
 * Would the boot take this manifest, of n bytes? It is not parsed. where is
 * its path, for messages; good is set in the signatures that count. The words
 * of *signer (SIGNERS_MAX) say who signed it.
 */
#define SIGNERS_MAX 1024
must_check int device_policy_manifest(const char *where, const char *manifest,
	size_t n, struct item_signature *signatures, unsigned n_signatures,
	char *signers, struct err *e);

/*
 * Would this image boot? The bytes are its signature's, of the file name; 0
 * bytes: there is none. The words of *signer (SIGNER_MAX) say who signed it.
 */
#define SIGNER_MAX 128
must_check int device_policy_image(const struct digest *d, const char *name,
	const uint8_t *signature, size_t n, char *signer, struct err *e);

#endif
