/* SPDX-License-Identifier: MIT */
/* Apart from the rest: boot.h has a struct store of its own. */
#include "boot/boot.h"
#include "tool/release_config.h"

int release_config_read(const char *dir, struct policy *p,
	const struct keyring **keys, struct err *e)
{
	static struct config config;

	if (config_read(&config, dir, e) != 0)
		return -1;
	if (config.policy.trust != TRUST_RELEASE)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s: expected trust=release, found trust=%s",
			dir, trust_names[config.policy.trust]);
	*p = config.policy;
	*keys = &config.keys;
	return 0;
}
