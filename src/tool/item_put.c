/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tool/item_put.h"
#include "tool/releases.h"

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

/* One that is there, with this manifest, gets the signatures that it lacks. */
static int add_signatures(
	struct transfer *t, const struct item *i, struct err *e)
{
	char path[2 * RELEASE_WHERE_MAX];

	for (unsigned n = 0; n < i->n_signatures; n++) {
		const struct item_signature *s = &i->signatures[n];

		if (!s->good)
			continue;
		snprintf(path, sizeof(path), "releases/%s/%s/%s", i->name,
			i->version, s->name);
		if (transfer_put(t, path, s->bytes, s->n, true, e) != 0)
			return -1;
	}
	return 0;
}

int item_put_release(struct transfer *t, const struct item *i, struct err *e)
{
	struct release_file files[RELEASE_SIGNATURES_MAX + 1];
	unsigned n = 0;
	int r;

	if (releases_lock(&t->to, e) != 0)
		return -1;
	r = transfer_has(t, i->where, i->manifest, i->manifest_n, e);
	if (r != 0)
		return r < 0 ? -1 : add_signatures(t, i, e);
	for (unsigned j = 0; j < i->n_signatures; j++)
		if (i->signatures[j].good)
			files[n++] =
				(struct release_file){ i->signatures[j].name,
					i->signatures[j].bytes,
					i->signatures[j].n };
	files[n++] =
		(struct release_file){ "manifest", i->manifest, i->manifest_n };
	return releases_put(&t->to, i->name, i->version, files, n, e);
}
