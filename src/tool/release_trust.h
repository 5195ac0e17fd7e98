/* SPDX-License-Identifier: MIT */
/*
 * Who may sign a release, and how many have to: what the boot program takes
 * from the initramfs, for the host program.
 */
#ifndef RW_TOOL_RELEASE_TRUST_H
#define RW_TOOL_RELEASE_TRUST_H

#include "core/policy.h"
#include "tool/releases.h"

/* Points into itself: not to be copied. */
struct release_trust {
	struct keyring own, revoked; /* to be filled */
	const struct keyring *keys;  /* which count: these, or a policy's */
	struct policy
		policy; /* release (empty: any), threshold, rollback_floor */
};

/* No key, a threshold of one, no floor. */
void release_trust_init(struct release_trust *t);

/* Adds the certificates of a directory. Refused: one without any. */
must_check int release_trust_keys(
	struct keyring *k, const char *dir, struct err *e);

/*
 * Asks of a release that was loaded what the boot asks: signatures over these
 * bytes, a manifest that parses, the floor in the policy.
 */
must_check int release_trust_verify(const struct release_trust *t,
	const struct store *s, const struct store_release *x,
	struct signers *signers, struct err *e);

#endif
