/* SPDX-License-Identifier: MIT */
#include "tool/device_policy.h"

#include <stdio.h>

#include "boot/boot.h"
#include "tool/tool.h"

static struct config config;

int device_policy_read(const char *dir, struct err *e)
{
	const struct key *development;

	if (config_read(&config, dir, e) != 0)
		return -1;
	if (!config.policy.present) {
		err_set(e, REASON_POLICY_INVALID,
			"policy: %s: expected boot.conf, found none", dir);
		return err_hint(e,
			"say with --config where the policy of the device is, or --unverified: the device will check what it boots");
	}
	development = config_development_key(&config);
	if (development)
		tool_say(
			"WARNING: a DEVELOPMENT key is trusted: %s: never ship this",
			development->file);
	return 0;
}

const char *device_policy_trust(void)
{
	return trust_names[config.policy.trust];
}

bool device_policy_wants_signatures(void)
{
	return config.policy.trust == TRUST_SIGNATURE ||
	       config.policy.trust == TRUST_DIGEST_AND_SIGNATURE;
}

int device_policy_image(const struct digest *d, const char *name,
	const uint8_t *signature, size_t n, char *signer, struct err *e)
{
	char hex[DIGEST_HEX_MAX], found[DIGEST_HEX_MAX];
	uint8_t tbs[FORMATTED_MAX];
	unsigned index;

	signer[0] = '\0';
	if (config.policy.image.size && !digest_equal(&config.policy.image, d))
		return err_set(e, REASON_DIGEST_INVALID,
			"policy: expected its image %s, found %s",
			digest_to_hex(&config.policy.image, hex),
			digest_to_hex(d, found));
	if (!device_policy_wants_signatures())
		return 0;
	if (n == 0)
		return err_set(e, REASON_SIGNATURE_MISSING,
			"%s: expected a signature, found none", name);
	if (keyring_verify(&config.keys, name, signature, n, tbs,
		    digest_formatted(d, tbs), &index, e) != 0)
		return -1;
	snprintf(signer, SIGNER_MAX, "\"%.80s\" (%.16s)",
		config.keys.keys[index].subject, config.keys.keys[index].id);
	return 0;
}
