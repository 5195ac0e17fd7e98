/* SPDX-License-Identifier: MIT */
#include "tool/install.h"

#include "tool/item_put.h"
#include "tool/state_file.h"

/* Of all of them, before an image is looked at. */
int install_verify(struct install *x, struct err *e)
{
	for (unsigned i = 0; i < x->items.n; i++)
		if (install_verify_item(x, &x->items.list[i], e) != 0)
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
