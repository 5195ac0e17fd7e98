/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

static int read_policy(
	struct policy *p, int dirfd, const char *dir, struct err *e)
{
	static char text[POLICY_MAX + 1]; /* a NUL stays at its end */
	ssize_t n = read_beneath(dirfd, "boot.conf", text, POLICY_MAX);
	char name[300];

	snprintf(name, sizeof(name), "%s/boot.conf", dir);
	if (n >= 0)
		return policy_parse(p, name, text, n, e);
	if (errno == ENOENT)
		return 0;
	return err_sys(e, REASON_POLICY_INVALID, errno,
		"policy: %s: expected a regular file of at most %d bytes", name,
		POLICY_MAX);
}

static int read_keys(struct keyring *k, int dirfd, const char *dir,
	const char *keys, struct err *e)
{
	AUTO_FD int fd =
		openat(dirfd, keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[300];

	snprintf(name, sizeof(name), "%s/%s", dir, keys);
	if (fd >= 0 || errno == ENOENT)
		return keyring_load(k, fd, name, e);
	return err_sys(e, REASON_KEYS_INVALID, errno,
		"keys: %s: cannot be opened", name);
}

static const char *role(const struct policy *p)
{
	return p->trust == TRUST_RELEASE ? "release-keys.d" : "keys.d";
}

int config_read(struct config *c, const char *dir, struct err *e)
{
	AUTO_FD int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	policy_defaults(&c->policy);
	keyring_init(&c->keys);
	keyring_init(&c->revoked);
	c->keys.revoked = &c->revoked;
	if (dirfd < 0 && errno != ENOENT)
		return err_sys(e, REASON_POLICY_INVALID, errno,
			"policy: %s: cannot be opened", dir);
	if (dirfd >= 0 && (read_policy(&c->policy, dirfd, dir, e) != 0 ||
				  read_keys(&c->keys, dirfd, dir,
					  role(&c->policy), e) != 0 ||
				  read_keys(&c->revoked, dirfd, dir,
					  "revoked.d", e) != 0))
		return -1;
	return policy_check(&c->policy, c->keys.n, e);
}

int config_decide(struct config *c, struct err *e)
{
	static char text[CMDLINE_MAX + 1];
	AUTO_FD int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_all(fd, text, CMDLINE_MAX);

	if (n < 0)
		return err_sys(e, REASON_CMDLINE_INVALID, errno,
			"command line: /proc/cmdline: cannot be read");
	strcpy(c->arguments, text);
	if (cmdline_parse(&c->cmdline, text, e) != 0)
		return -1;
	return plan_make(&c->plan, &c->policy, &c->cmdline, e);
}

const struct key *config_development_key(const struct config *c)
{
	for (unsigned i = 0; i < c->keys.n; i++)
		if (c->keys.keys[i].development)
			return &c->keys.keys[i];
	return NULL;
}

static void print_keys(const char *what, const struct keyring *k)
{
	for (const struct key *key = k->keys; key < k->keys + k->n; key++)
		dprintf(1, "%s %s \"%s\" %s\n", what, key->file, key->subject,
			key->id);
}

void config_print(const struct config *c, const char *dir)
{
	const struct key *development = config_development_key(c);
	const struct policy *p = &c->policy;

	dprintf(1, "trust=%s%s\non_failure=%s\n", trust_names[p->trust],
		p->present ? "" : " (no boot.conf: from the keys)",
		failure_action_names[p->on_failure]);
	if (p->trust == TRUST_RELEASE)
		dprintf(1, "release=%s\nthreshold=%u\nrollback_floor=%llu\n",
			p->release, p->threshold, U64(p->rollback_floor));
	print_keys("revoked", &c->revoked);
	print_keys("key", &c->keys);
	if (p->allow_unverified)
		dprintf(2,
			"rootwright-boot: WARNING: %s: allow_unverified=yes: never ship this\n",
			dir);
	if (development)
		dprintf(2,
			"rootwright-boot: WARNING: a DEVELOPMENT key is trusted: %s: never ship this\n",
			development->file);
}
