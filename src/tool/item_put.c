/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tool/item_put.h"

int item_put_image_signature(struct transfer *t, const struct digest *d,
	bool replace, uint64_t *size, struct err *e)
{
	char path[RELEASE_WHERE_MAX], hex[DIGEST_HEX_MAX];
	static uint8_t bytes[SIGNATURE_MAX];
	size_t n;
	int r;

	snprintf(
		path, sizeof(path), "signatures/%s.p7s", digest_to_hex(d, hex));
	r = origin_read(&t->from, path, bytes, sizeof(bytes), &n, e);
	*size = r == 1 ? n : 0;
	return r == 1 ? transfer_put(t, path, bytes, n, replace, e) : r;
}

int item_put_release(struct transfer *t, const struct item *i, struct err *e)
{
	char path[2 * RELEASE_WHERE_MAX];

	for (unsigned n = 0; n < i->n_signatures; n++) {
		const struct item_signature *s = &i->signatures[n];

		snprintf(path, sizeof(path), "releases/%s/%s/%s", i->name,
			i->version, s->name);
		if (transfer_put(t, path, s->bytes, s->n, true, e) != 0)
			return -1;
	}
	return transfer_put(t, i->where, i->manifest, i->manifest_n, false, e);
}
