/* SPDX-License-Identifier: MIT */
#include "tool/device_policy.h"

#include <stdio.h>
#include <string.h>

#include "boot/boot.h"
#include "core/release.h"
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

const char *device_policy_release(void)
{
	return config.policy.trust == TRUST_RELEASE ? config.policy.release
						    : NULL;
}

uint64_t device_policy_floor(void)
{
	return config.policy.rollback_floor;
}

static void name_signers(const struct signers *s, char *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < s->n && n < SIGNERS_MAX; i++)
		n += snprintf(out + n, SIGNERS_MAX - n, "%s\"%.80s\" (%.16s)",
			i ? ", " : "", s->keys[i]->subject, s->keys[i]->id);
}

int device_policy_manifest(const char *where, const char *manifest, size_t n,
	struct item_signature *signatures, unsigned n_signatures, char *signers,
	struct err *e)
{
	struct err first = { 0 };
	struct signers s = { 0 };
	char path[512];
	struct digest d;

	release_digest(&d, manifest, n);
	for (unsigned i = 0; i < n_signatures; i++) {
		struct item_signature *x = &signatures[i];

		snprintf(path, sizeof(path), "%.*s%s",
			(int)(strrchr(where, '/') + 1 - where), where, x->name);
		x->good = signers_add(&s, path, x->bytes, x->n, &d,
				  &config.keys, e) == 0;
		if (!x->good && !first.text[0])
			first = *e;
	}
	if (n_signatures == 0)
		err_set(&first, REASON_SIGNATURE_MISSING,
			"expected *.p7s beside it, found none");
	signers[0] = '\0';
	if (signers_enough(&s, where, config.policy.threshold, &first, e) != 0)
		return -1;
	name_signers(&s, signers);
	return 0;
}

static bool is_among(const struct images *images, const struct digest *d)
{
	for (unsigned i = 0; i < images->n; i++)
		if (digest_equal(&images->list[i], d))
			return true;
	return false;
}

int device_policy_image(const struct digest *d, const char *name,
	const uint8_t *signature, size_t n, char *signer, struct err *e)
{
	char hex[DIGEST_HEX_MAX], found[DIGEST_HEX_MAX];
	uint8_t tbs[FORMATTED_MAX];
	const struct key *key;

	signer[0] = '\0';
	if (config.policy.images.n && !is_among(&config.policy.images, d))
		return err_set(e, REASON_DIGEST_INVALID,
			"policy: expected its image %s, found %s",
			digest_to_hex(config.policy.images.list, hex),
			digest_to_hex(d, found));
	if (!device_policy_wants_signatures())
		return 0;
	if (n == 0)
		return err_set(e, REASON_SIGNATURE_MISSING,
			"%s: expected a signature, found none", name);
	if (keyring_verify(&config.keys, name, signature, n, tbs,
		    digest_formatted(d, tbs), &key, e) != 0)
		return -1;
	snprintf(
		signer, SIGNER_MAX, "\"%.80s\" (%.16s)", key->subject, key->id);
	return 0;
}
