/* SPDX-License-Identifier: MIT */
/*
 * Who may sign a release, and how many have to: what the boot program takes
 * from the initramfs, for the host program.
 */
#ifndef RW_TOOL_RELEASE_TRUST_H
#define RW_TOOL_RELEASE_TRUST_H

#include "tool/releases.h"

struct release_trust {
	struct keyring keys, revoked;
	unsigned threshold;
};

/* No key, a threshold of one. */
void release_trust_init(struct release_trust *t);

/* Adds the certificates of a directory. Refused: one without any. */
must_check int release_trust_keys(
	struct keyring *k, const char *dir, struct err *e);

/*
 * Asks of a release that was loaded what the boot asks: signatures over these
 * bytes, and a manifest that parses.
 */
must_check int release_trust_verify(const struct release_trust *t,
	const struct store *s, const struct store_release *x,
	struct signers *signers, struct err *e);

#endif
