/* SPDX-License-Identifier: MIT */
#include "tool/release_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "core/file.h"

void release_trust_init(struct release_trust *t)
{
	policy_defaults(&t->policy);
	keyring_init(&t->own);
	keyring_init(&t->revoked);
	t->own.revoked = &t->revoked;
	t->keys = &t->own;
}

int release_trust_keys(struct keyring *k, const char *dir, struct err *e)
{
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned before = k->n;

	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"keys: %s: cannot be opened", dir);
	if (keyring_load(k, fd, dir, e) != 0)
		return -1;
	if (k->n > before)
		return 0;
	err_set(e, REASON_KEYS_EMPTY,
		"keys: %s: expected a certificate (*.pem, *.der), found none",
		dir);
	return err_hint(e, "put a certificate there");
}

int release_trust_verify(const struct release_trust *t, const struct store *s,
	const struct store_release *x, struct signers *signers, struct err *e)
{
	const struct policy *p = &t->policy;
	char path[RELEASE_WHERE_MAX];
	AUTO_FD int fd = -1;

	if (!x->text)
		return err_set(e, REASON_RELEASE_INVALID, "%s", x->fault);
	snprintf(path, sizeof(path), "releases/%.64s/%.64s", x->name,
		x->version);
	fd = open_how(s->fd, path, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	if (fd < 0)
		return err_sys(e, REASON_RELEASE_INVALID, errno,
			"release: %s: cannot be opened", x->where);
	if (release_verify(signers, fd, x->where, x->text, x->n, t->keys,
		    p->threshold, e) != 0)
		return -1;
	if (x->fault)
		return err_set(e, REASON_RELEASE_INVALID, "%s", x->fault);
	if (x->release.rollback_index >= p->rollback_floor)
		return 0;
	return err_set(e, REASON_ROLLBACK,
		"release: %s: expected a rollback_index of %llu or more, found %llu",
		x->where, (unsigned long long)p->rollback_floor,
		(unsigned long long)x->release.rollback_index);
}
