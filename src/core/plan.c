/* SPDX-License-Identifier: MIT */
/*
 * Policy, command line and keys become one decision. The policy is the
 * limit: the command line chooses inside of it, and a choice outside is an
 * error, never silently cut down to what is allowed.
 */

#include "core/policy.h"

static must_check int check_release(
	const struct policy *p, unsigned n_keys, struct err *e)
{
	const char *other = p->images.n		  ? "image="
			    : p->image_file[0]	  ? "image_file="
			    : p->allow_unverified ? "allow_unverified=yes"
						  : NULL;

	if (!p->release[0])
		return err_set(e, REASON_POLICY_INVALID,
			"policy: trust=release: expected release=<name> beside it, found none");
	if (p->threshold > n_keys)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: threshold=%u: expected as many certificates in release-keys.d, found %u",
			p->threshold, n_keys);
	if (!other)
		return 0;
	return err_set(e, REASON_POLICY_INVALID,
		"policy: trust=release: expected no %s beside it, found one",
		other);
}

/* What is kept, and where. */
static must_check int check_state(const struct policy *p, struct err *e)
{
	bool kept = p->keep[TREE_ETC] > KEEP_TRANSIENT ||
		    p->keep[TREE_VAR] > KEEP_TRANSIENT;

	if (kept != (p->state[0] != '\0'))
		return err_set(e, REASON_POLICY_INVALID,
			"policy: state=: expected it beside etc=overlay, etc=bind or var=bind, found one without the other");
	if (!p->state[0] || !p->lockdown || p->state_trusted)
		return 0;
	return err_set(e, REASON_STATE_UNVERIFIED,
		"policy: lockdown=yes: expected state_trusted=yes beside state=, found a state that nothing verifies");
}

int policy_check(struct policy *p, unsigned n_keys, struct err *e)
{
	if (!p->present)
		p->trust = n_keys ? TRUST_DIGEST_AND_SIGNATURE : TRUST_DIGEST;
	if (p->trust == TRUST_UNSET)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: boot.conf: expected a line trust=, found none");
	if (p->trust != TRUST_DIGEST && n_keys == 0)
		return err_set(e, REASON_KEYS_EMPTY,
			"policy: trust=%s: expected a certificate in %s, found none",
			trust_names[p->trust],
			p->trust == TRUST_RELEASE ? "release-keys.d"
						  : "keys.d");
	if (check_state(p, e) != 0)
		return -1;
	if (p->trust == TRUST_RELEASE)
		return check_release(p, n_keys, e);
	if (p->release[0] || p->rollback_floor || p->threshold > 1)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: release=, threshold= and rollback_floor=: expected trust=release beside them, found trust=%s",
			trust_names[p->trust]);
	if (p->allow_unverified && p->trust != TRUST_DIGEST)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: allow_unverified=yes: expected trust=digest beside it, found trust=%s",
			trust_names[p->trust]);
	if (p->allow_unverified && p->images.n)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: allow_unverified=yes: expected no image= beside it, found one");
	return 0;
}

static must_check int plan_image(struct plan *plan, const struct policy *p,
	const struct cmdline *c, struct err *e)
{
	const struct images *ours = &p->images, *theirs = &c->said.images;
	char want[DIGEST_HEX_MAX], found[DIGEST_HEX_MAX];
	unsigned same = images_common(ours, theirs);

	if (!ours->n && !theirs->n && p->trust != TRUST_RELEASE)
		return err_set(e, REASON_DIGEST_MISSING,
			"cmdline: expected composefs=<digest>, found none, and the policy has no image=");
	if (c->unverified && !p->allow_unverified)
		return err_set(e, REASON_DIGEST_UNVERIFIED,
			"cmdline: composefs=: expected a digest to verify, found '?' in front of it: the policy does not say allow_unverified=yes");
	if (ours->n && same < theirs->n) {
		err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: composefs=: expected the policy's image %s, found %s",
			same < ours->n ? digest_to_hex(&ours->list[same], want)
				       : "alone",
			digest_to_hex(&theirs->list[same], found));
		return err_hint(
			e, "remove composefs= from the kernel command line");
	}
	plan->images = ours->n ? *ours : *theirs;
	plan->unverified = c->unverified;
	if (theirs->n > 1 && !ours->n && p->trust != TRUST_RELEASE &&
		(p->trust == TRUST_SIGNATURE || p->lockdown))
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: composefs=: expected one image under trust=signature or lockdown=yes, found more, of which nobody else says that they go together");
	return 0;
}

static must_check int plan_store(struct plan *plan, const struct policy *p,
	const struct cmdline *c, struct err *e)
{
	if (!p->store[0] && !c->said.store[0])
		return err_set(e, REASON_STORE_UNNAMED,
			"store: expected store= in the policy or rootwright.store= on the command line, found neither");
	if (p->store[0] && c->said.store[0] && strcmp(p->store, c->said.store))
		return err_set(e, REASON_STORE_CONFLICT,
			"cmdline: rootwright.store=: expected the policy's store '%s', found '%s'",
			p->store, c->said.store);
	plan->store = p->store[0] ? p->store : c->said.store;
	return 0;
}

int plan_make(struct plan *plan, const struct policy *p,
	const struct cmdline *c, struct err *e)
{
	if (plan_image(plan, p, c, e) || plan_store(plan, p, c, e))
		return -1;
	if (c->said.version[0] && p->trust != TRUST_RELEASE)
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: rootwright.release=: expected trust=release in the policy, found trust=%s",
			trust_names[p->trust]);
	if (c->said.factory_reset && !p->factory_reset)
		return err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: rootwright.factory_reset: expected factory_reset=yes in the policy, found none");
	if (c->said.timeout > p->timeout) {
		err_set(e, REASON_CMDLINE_INVALID,
			"cmdline: rootwright.timeout=: expected at most the policy's %u seconds, found %u",
			p->timeout, c->said.timeout);
		return err_hint(
			e, "set timeout=%u in boot.conf", c->said.timeout);
	}
	plan->timeout = c->said.timeout ? c->said.timeout : p->timeout;
	return 0;
}
