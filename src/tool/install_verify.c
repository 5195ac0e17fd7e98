/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tool/install.h"
#include "tool/releases.h"
#include "tool/state_file.h"
#include "tool/tool.h"

/* Its signature, where the policy has a use for it. */
static int verify_image(
	struct install *x, const struct digest *d, struct err *e)
{
	static uint8_t signature[SIGNATURE_MAX];
	char path[RELEASE_WHERE_MAX], hex[DIGEST_HEX_MAX], signer[SIGNER_MAX];
	size_t n = 0;

	snprintf(
		path, sizeof(path), "signatures/%s.p7s", digest_to_hex(d, hex));
	if (device_policy_wants_signatures() &&
		origin_read(&x->t.from, path, signature, sizeof(signature), &n,
			e) < 0)
		return -1;
	if (device_policy_image(d, path, signature, n, signer, e) != 0)
		return -1;
	if (signer[0])
		tool_say("%s: image %s: signed by %s", x->t.from.name, hex,
			signer);
	return 0;
}

/* The manifest's name and signatures, where the policy boots releases. */
static int verify_manifest(struct install *x, struct item *i, struct err *e)
{
	const char *name = x->config ? device_policy_release() : NULL;
	char signers[SIGNERS_MAX], words[ITEM_WORDS_MAX];

	if (!name)
		return 0;
	if (!i->is_release || strcmp(i->name, name) != 0)
		return err_set(e, REASON_RELEASE_INVALID,
			"policy: expected a release of %s, which is all that it boots, found %s",
			name, item_words(i, words));
	if (device_policy_manifest(i->where, i->manifest, i->manifest_n,
		    i->signatures, i->n_signatures, signers, e) != 0)
		return -1;
	tool_say("%s: %s: signed by %s", x->t.from.name, item_words(i, words),
		signers);
	return 0;
}

/* What the store remembers, unless no release there could have raised it. */
static uint64_t stored_floor(
	struct install *x, const char *name, const struct release_list *l)
{
	struct state state;
	struct err e;

	if (x->t.to.fd < 0 || state_file_read(x->t.to.fd, name, &state, &e))
		return 0;
	for (size_t i = 0; i < l->n; i++)
		if (!l->list[i].fault &&
			l->list[i].release.rollback_index >= state.floor)
			return state.floor;
	if (state.floor)
		tool_say(
			"%s: the stored floor %llu is above every release there: ignored",
			x->t.dir, (unsigned long long)state.floor);
	return 0;
}

static int check_floor(struct install *x, const struct item *i,
	const struct release_list *l, struct err *e)
{
	uint64_t floor, stored;

	if (!x->config || !device_policy_release())
		return 0;
	floor = device_policy_floor();
	stored = stored_floor(x, i->name, l);
	if (stored > floor)
		floor = stored;
	if (i->release.rollback_index >= floor)
		return 0;
	return err_set(e, REASON_ROLLBACK,
		"release: %s: expected a rollback_index of %llu or more, found %llu",
		i->where, (unsigned long long)floor,
		(unsigned long long)i->release.rollback_index);
}

/* Of two releases of one sequence, the boot would take only one. */
static int check_sequence(struct install *x, const struct item *i,
	const struct release_list *l, struct err *e)
{
	for (size_t n = 0; n < l->n; n++) {
		const struct store_release *other = &l->list[n];

		if (!other->fault && strcmp(other->version, i->version) != 0 &&
			other->release.sequence == i->release.sequence)
			return err_set(e, REASON_RELEASE_INVALID,
				"%s/%s: expected a sequence that no release of %s has, found %llu, which %s has",
				x->t.from.name, i->where, i->name,
				(unsigned long long)i->release.sequence,
				other->version);
	}
	return 0;
}

/* Beside the releases that the store has. */
static int compare(struct install *x, const struct item *i, struct err *e)
{
	struct release_list l = { 0 };
	int r = 0;

	if (!i->is_release)
		return 0;
	if (x->t.to.fd >= 0)
		r = releases_load(&l, &x->t.to, i->name, NULL, e);
	if (r == 0)
		r = check_floor(x, i, &l, e);
	if (r == 0)
		r = check_sequence(x, i, &l, e);
	releases_free(&l);
	return r;
}

int install_verify_item(struct install *x, struct item *i, struct err *e)
{
	if (i->verified)
		return 0;
	if (item_read(i, &x->t.from, e) != 0 || verify_manifest(x, i, e) != 0 ||
		item_parse(i, e) != 0 || compare(x, i, e) != 0)
		return -1;
	for (unsigned n = 0; n < i->n_images; n++)
		if (x->config && verify_image(x, &i->images[n], e) != 0)
			return -1;
	i->verified = true;
	return 0;
}

/* Leaves only the newest of what the policy would boot. */
static int choose_newest(struct install *x, const char *name, struct err *e)
{
	struct item *best = NULL, keep;
	struct err why;

	for (unsigned n = 0; n < x->items.n; n++) {
		struct item *i = &x->items.list[n];

		if (!i->is_release || strcmp(i->name, name) != 0)
			continue;
		if (install_verify_item(x, i, &why) != 0)
			tool_say("%s: %s %s is not taken: %s", x->t.from.name,
				i->name, i->version, why.text);
		else if (!best || i->release.sequence > best->release.sequence)
			best = i;
	}
	if (!best)
		return err_set(e, REASON_RELEASE_INVALID,
			"%s: expected a release of %s that the policy boots, found none",
			x->t.from.name, name);
	keep = *best;
	*best = x->items.list[0];
	x->items.list[0] = keep;
	return 0;
}

static int is_one(struct install *x, struct err *e)
{
	char words[ITEM_WORDS_MAX];

	if (x->items.n == 1)
		return 0;
	if (x->items.n == 0)
		return err_set(e, REASON_FAILED,
			"%s: expected a release or an image, found none",
			x->t.from.name);
	err_set(e, REASON_FAILED,
		"%s: expected one release or image, or to be told which, found %u",
		x->t.from.name, x->items.n);
	return err_hint(e, "say --%s for one of them",
		item_words(&x->items.list[0], words));
}

int install_choose(struct install *x, struct err *e)
{
	const char *name = x->config ? device_policy_release() : NULL;

	if (x->items.n)
		return 0;
	if (items_find(&x->items, &x->t.from, e) != 0)
		return -1;
	if (!name)
		return is_one(x, e);
	if (choose_newest(x, name, e) != 0)
		return -1;
	items_keep(&x->items, 1);
	return 0;
}
