/* SPDX-License-Identifier: MIT */
#include "tool/install.h"

#include <stdio.h>
#include <string.h>

#include "tool/device_policy.h"
#include "tool/item_put.h"
#include "tool/releases.h"
#include "tool/state_file.h"
#include "tool/tool.h"

int install_choose(struct install *x, struct err *e)
{
	char words[ITEM_WORDS_MAX];

	if (x->items.n)
		return 0;
	if (items_find(&x->items, &x->t.from, e) != 0)
		return -1;
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

/* Of two releases of one sequence, the boot would take only one. */
static int check_sequence(
	struct install *x, const struct item *i, struct err *e)
{
	struct release_list l = { 0 };
	int r = 0;

	if (!i->is_release || x->t.to.fd < 0)
		return 0;
	r = releases_load(&l, &x->t.to, i->name, NULL, e);
	for (size_t n = 0; r == 0 && n < l.n; n++) {
		const struct store_release *other = &l.list[n];

		if (!other->fault && strcmp(other->version, i->version) != 0 &&
			other->release.sequence == i->release.sequence)
			r = err_set(e, REASON_RELEASE_INVALID,
				"%s/%s: expected a sequence that no release of %s has, found %llu, which %s has",
				x->t.from.name, i->where, i->name,
				(unsigned long long)i->release.sequence,
				other->version);
	}
	releases_free(&l);
	return r;
}

static int verify_item(struct install *x, struct item *i, struct err *e)
{
	if (item_read(i, &x->t.from, e) != 0 || item_parse(i, e) != 0 ||
		check_sequence(x, i, e) != 0)
		return -1;
	for (unsigned n = 0; n < i->n_images; n++)
		if (x->config && verify_image(x, &i->images[n], e) != 0)
			return -1;
	return 0;
}

int install_verify(struct install *x, struct err *e)
{
	/* Of all of them, before an image is looked at. */
	for (unsigned i = 0; i < x->items.n; i++)
		if (verify_item(x, &x->items.list[i], e) != 0)
			return -1;
	for (unsigned i = 0; i < x->items.n; i++)
		for (unsigned n = 0; n < x->items.list[i].n_images; n++)
			if (transfer_image(
				    &x->t, &x->items.list[i].images[n], e) != 0)
				return -1;
	return 0;
}

static int publish_images(
	struct install *x, const struct item *i, struct err *e)
{
	uint64_t size;

	for (unsigned n = 0; n < i->n_images; n++)
		if (store_add_image(&x->t.to, &i->images[n], e) != 0)
			return -1;
	for (unsigned n = 0; n < i->n_images; n++)
		if (item_put_image_signature(
			    &x->t, &i->images[n], true, &size, e) != 0)
			return -1;
	return 0;
}

int install_publish(struct install *x, struct err *e)
{
	for (unsigned i = 0; i < x->items.n; i++) {
		const struct item *item = &x->items.list[i];

		if (publish_images(x, item, e) != 0)
			return -1;
		if (!item->is_release)
			continue;
		/* Where the boot writes what it tried; it makes no files. */
		if (state_file_create(
			    x->t.to.fd, x->t.to.name, item->name, e) != 0 ||
			item_put_release(&x->t, item, e) != 0)
			return -1;
	}
	return 0;
}
