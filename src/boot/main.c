/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <linux/magic.h>
#include <sys/vfs.h>

static const char usage[] =
	"usage: rootwright-boot                     in an initramfs: boot\n"
	"       rootwright-boot --check-config DIR  check boot.conf and keys.d\n"
	"       rootwright-boot --version\n"
	"\nSee rootwright-boot(8).\n";

/* Assembles the root of the planned image. */
static int assemble(struct boot *b, struct err *e)
{
	const struct release *release = &b->releases.release;
	const struct config *c = &b->config;
	struct root *root = &b->root;

	*root = (struct root){ .fd = -1, .weakened = c->plan.unverified };
	if (lockdown_check(c, release->kernel_arguments, e) != 0)
		return -1;
	for (; root->n < c->plan.images.n; root->n++)
		if (image_verify(&root->images[root->n], root->n, b->stores, c,
			    e) != 0)
			return -1;
	record_stage(&b->record, "image");
	if (root_mount(root, b->stores, e) != 0)
		return -1;
	record_stage(&b->record, "mount");
	if (c->policy.trust == TRUST_RELEASE &&
		release_modules(root->fd, release->version, e) != 0)
		return -1;
	if (preflight_run(&root->preflight, root->fd, &c->policy,
		    release->preflight, e) != 0)
		return -1;
	record_stage(&b->record, "preflight");
	if (c->policy.objects >= OBJECTS_MEASURE &&
		objects_check(&root->objects, &c->policy, root->fd, e) != 0)
		return -1;
	record_stage(&b->record, "objects");
	return 0;
}

/* The newest release of which all is well. */
static int choose(struct boot *b, struct err *e)
{
	struct releases *releases = &b->releases;
	struct err why;

	releases_find(releases, &b->config, b->stores);
	record_stage(&b->record, "releases");
	while (releases_next(releases)) {
		if (assemble(b, &why) == 0)
			return 0;
		releases_failed(releases, &why);
		close(b->root.fd);
		for (unsigned i = 0; i < b->root.n; i++)
			close(b->root.images[i].fd);
		root_undo(&b->root);
	}
	return releases_none(releases, e);
}

/* The boot, top to bottom. Returns only on failure, or when not PID 1. */
static int boot(struct boot *b, bool pid1, struct err *e)
{
	struct config *c = &b->config;
	int outer;

	record_start(&b->record);
	if (pid1 && early_mounts(e) != 0)
		return -1;
	if (config_read(c, CONFIG_DIR, e) != 0 || config_decide(c, e) != 0 ||
		root_probe_kernel(e) != 0)
		return -1;
	record_stage(&b->record, "config");

	if (c->policy.watchdog && watchdog_open() != 0)
		say(LEVEL_WARNING,
			"watchdog: /dev/watchdog: cannot be opened: %s",
			strerror(errno));
	if (space_enter(&outer, e) != 0 || stores_mount(b->stores, c, e) != 0)
		return -1;
	record_stage(&b->record, "store");

	if ((c->policy.trust == TRUST_RELEASE ? choose : assemble)(b, e) != 0)
		return -1;

	if (writable_mount(b, e) != 0)
		return -1;
	tries_use(&b->releases);
	record_stage(&b->record, "writable");

	if (record_write(b, e) != 0 || space_leave(outer, e) != 0)
		return -1;
	record_say(b);
	return pid1 ? handoff(c->policy.init, e) : 0;
}

/* Whoever types our name on a running system must not reboot it. */
static bool in_initramfs(void)
{
	struct statfs fs;

	return statfs("/", &fs) == 0 &&
	       (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC);
}

static int complain(const struct err *e)
{
	const char *hint = err_hint_text(e);

	dprintf(2, "rootwright-boot: refused [%s]: %s\n",
		reason_name(e->reason), e->text);
	if (hint[0])
		dprintf(2, "rootwright-boot: hint: %s\n", hint);
	return 1;
}

static int command(struct config *c, int argc, char **argv, struct err *e)
{
	if (argc == 3 && !strcmp(argv[1], "--check-config")) {
		if (config_read(c, argv[2], e) != 0)
			return complain(e);
		config_print(c, argv[2]);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		dprintf(1, "rootwright-boot " RW_VERSION "\n");
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		dprintf(1, "%s", usage);
		return 0;
	}
	dprintf(2, "%s", usage);
	return 2;
}

int main(int argc, char **argv)
{
	static struct boot b;
	static struct err err;
	bool pid1 = getpid() == 1;

	policy_defaults(&b.config.policy);
	/* The arguments of PID 1 are words of the kernel command line. */
	if (!pid1 && argc > 1)
		return command(&b.config, argc, argv, &err);
	if (!in_initramfs()) {
		err_set(&err, REASON_NOT_INITRAMFS,
			"rootwright-boot: /: expected the root of an initramfs, found a running system");
		return complain(&err);
	}
	if (boot(&b, pid1, &err) != 0)
		refuse(&b.config.policy, &err);
	return 0;
}
