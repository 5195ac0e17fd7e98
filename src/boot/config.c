/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/file.h"

static int read_policy(
	struct policy *p, int dirfd, const char *dir, struct err *e)
{
	static char text[POLICY_MAX];
	AUTO_FD int fd = -1;
	char name[300];
	ssize_t n;

	snprintf(name, sizeof(name), "%s/boot.conf", dir);
	policy_defaults(p);
	fd = dirfd < 0 ? -1 : open_regular_beneath(dirfd, "boot.conf");
	if (fd < 0 && (dirfd < 0 || errno == ENOENT))
		return 0;
	if (fd < 0)
		return err_sys(e, REASON_POLICY_INVALID, errno,
			"policy: %s: cannot be opened as a regular file", name);
	n = read_all(fd, text, sizeof(text));
	if (n < 0 && errno == EFBIG)
		return err_set(e, REASON_POLICY_INVALID,
			"policy: %s: expected at most %d bytes, found more",
			name, POLICY_MAX);
	if (n < 0)
		return err_sys(e, REASON_POLICY_INVALID, errno,
			"policy: %s: cannot be read", name);
	return policy_parse(p, name, text, n, e);
}

int config_read(struct config *c, const char *dir, struct err *e)
{
	AUTO_FD int dirfd = -1;
	AUTO_FD int keysfd = -1;
	enum trust trust;
	char name[300];

	keyring_init(&c->keys);
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0 && errno != ENOENT)
		return err_sys(e, REASON_POLICY_INVALID, errno,
			"policy: %s: cannot be opened", dir);
	if (read_policy(&c->policy, dirfd, dir, e) != 0)
		return -1;
	snprintf(name, sizeof(name), "%s/keys.d", dir);
	keysfd = dirfd < 0 ? -1
			   : openat(dirfd, "keys.d",
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0 && keysfd < 0 && errno != ENOENT)
		return err_sys(e, REASON_KEYS_INVALID, errno,
			"keys: %s: cannot be opened", name);
	if (keyring_load(&c->keys, keysfd, name, e) != 0)
		return -1;
	return policy_check(&c->policy, c->keys.n, &trust, e);
}

int config_decide(struct config *c, struct err *e)
{
	static char text[CMDLINE_MAX];
	AUTO_FD int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_all(fd, text, sizeof(text));

	if (n < 0)
		return err_sys(e, REASON_CMDLINE_INVALID, errno,
			"command line: /proc/cmdline: cannot be read");
	if (cmdline_parse(&c->cmdline, text, n, e) != 0)
		return -1;
	return plan_make(&c->plan, &c->policy, &c->cmdline, c->keys.n, e);
}

const struct key *config_development_key(const struct config *c)
{
	for (unsigned i = 0; i < c->keys.n; i++)
		if (c->keys.keys[i].development)
			return &c->keys.keys[i];
	return NULL;
}

int config_print(struct config *c, const char *dir, struct err *e)
{
	const struct key *development = config_development_key(c);
	enum trust trust;

	if (policy_check(&c->policy, c->keys.n, &trust, e) != 0)
		return -1;
	dprintf(1, "trust=%s%s\n", trust_name(trust),
		c->policy.present ? "" : " (no boot.conf: from the keys)");
	dprintf(1, "on_failure=%s\n",
		failure_action_name(c->policy.on_failure));
	for (unsigned i = 0; i < c->keys.n; i++)
		dprintf(1, "key %s \"%s\" %s\n", c->keys.keys[i].file,
			c->keys.keys[i].subject, c->keys.keys[i].id);
	if (c->policy.allow_unverified)
		dprintf(2,
			"rootwright-boot: WARNING: %s: allow_unverified=yes: never ship this\n",
			dir);
	if (development)
		dprintf(2,
			"rootwright-boot: WARNING: a DEVELOPMENT key is trusted: %s: never ship this\n",
			development->file);
	return 0;
}
