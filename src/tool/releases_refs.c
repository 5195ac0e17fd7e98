/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/releases.h"

static bool names(const struct store_release *r, const struct digest *d)
{
	for (unsigned i = 0; !r->fault && i < r->release.images.n; i++)
		if (digest_equal(&r->release.images.list[i], d))
			return true;
	return false;
}

static bool is_needed(const struct release_list *l,
	const struct store_release *but, const struct digest *d)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].where, but->where) != 0 &&
			names(&l->list[i], d))
			return true;
	return false;
}

static int forget(const struct store *s, const struct digest *d, struct err *e)
{
	char name[sizeof(STORE_REFS) + DIGEST_HEX_MAX + 1], hex[DIGEST_HEX_MAX];

	snprintf(name, sizeof(name), STORE_REFS "/%s", digest_to_hex(d, hex));
	if (unlinkat(s->fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, REASON_FAILED, errno, "%s/%s: cannot be removed",
		s->name, name);
}

int releases_forget_images(
	const struct store *s, const struct store_release *r, struct err *e)
{
	struct release_list l = { 0 };
	int result = releases_load(&l, s, NULL, NULL, e);

	for (unsigned i = 0;
		result == 0 && !r->fault && i < r->release.images.n; i++)
		if (!is_needed(&l, r, &r->release.images.list[i]))
			result = forget(s, &r->release.images.list[i], e);
	releases_free(&l);
	if (result == 0 && syncfs(s->fd) != 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be written",
			s->name);
	return result;
}
