/* SPDX-License-Identifier: MIT */
/* The policy of a device that boots releases, by the code of the boot program.
 */
#ifndef RW_TOOL_RELEASE_CONFIG_H
#define RW_TOOL_RELEASE_CONFIG_H

#include "core/keyring.h"
#include "core/policy.h"

/*
 * Reads boot.conf, release-keys.d and revoked.d of a directory; the keys stay.
 * Refused: what the boot would refuse, and another trust than release.
 */
must_check int release_config_read(const char *dir, struct policy *p,
	const struct keyring **keys, struct err *e);

#endif
