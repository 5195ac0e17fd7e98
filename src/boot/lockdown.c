/* SPDX-License-Identifier: MIT */
/*
 * Which arguments of the kernel weaken a verified root after the hand-off:
 * data, and what all on one line have in common. rootwright-boot.conf(5)
 * tells of them.
 */
#include "boot/boot.h"

/* What such an argument does, and which do: '_' is as '-', a star is any end.
 */
static const char *const weak[] = {
	"starts another program: init rdinit rd.* systemd.unit systemd.wants systemd.run* systemd.pull systemd.early-core-pattern",
	"opens a shell or asks a person: emergency rescue single s S 1 -b -s systemd.debug* systemd.default-debug-tty systemd.break* systemd.crash-shell systemd.confirm-spawn",
	"changes what services do: systemd.mask systemd.setenv systemd.set-credential* systemd.factory-reset",
	"changes what is mounted: systemd.volatile systemd.mount-extra systemd.swap-extra systemd.verity* systemd.image-policy mount.usr* usrhash",
	"sets a variable of the kernel: sysctl.*",
	"changes what the kernel is protected by: lsm security selinux enforcing apparmor audit ima* evm* module.sig-enforce modprobe.blacklist module-blacklist initcall-blacklist modules-load",
	"takes a protection of memory away: mitigations nosmep nosmap nopti pti nokaslr nospec* spec* iommu intel-iommu amd-iommu init-on-alloc init-on-free hardened-usercopy iomem proc-mem.force-override",
	"lets a debugger in: kgdb* kdb* ekgdboc debugfs sysrq-always-enabled ftrace* trace* kprobe-event",
};

/* A word without '=' stands for any value, too. */
static bool is_among(struct slice a, struct slice words, bool stars)
{
	struct slice w;
	size_t i;

	while (words_next(&words, &w)) {
		for (i = 0; i < w.n && i < a.n; i++)
			if (a.s[i] != w.s[i] &&
				(!stars || a.s[i] != '_' || w.s[i] != '-'))
				break;
		if (i < w.n ? stars && w.s[i] == '*'
			    : i == a.n || (a.s[i] == '=' &&
						  !memchr(w.s, '=', w.n)))
			return true;
	}
	return false;
}

static const char *what_of(struct slice a, struct slice allowed)
{
	/* systemd, shells and the kernel each read these in their own way. */
	if (strcspn(a.s, "\"'\\") < a.n)
		return "has a quote or a backslash";
	if (!strncmp(a.s, "composefs=", 10) || !strncmp(a.s, "rootwright.", 11))
		return NULL;
	if (allowed.s)
		return is_among(a, allowed, false)
			       ? NULL
			       : "is not in the release's kernel_arguments=";
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		const char *words = strchr(weak[i], ':') + 2;

		if (is_among(a, (struct slice){ words, strlen(words) }, true))
			return weak[i];
	}
	return NULL;
}

const char *lockdown_next(struct slice *a, struct slice allowed)
{
	static const char space[] = " \t\n\v\f\r\xa0";
	const char *what = NULL;

	while (!what && *(a->s += a->n + strspn(a->s + a->n, space))) {
		a->n = strcspn(a->s, space);
		what = what_of(*a, allowed);
	}
	return what;
}

int lockdown_check(const struct config *c, struct slice allowed, struct err *e)
{
	struct slice a = { c->arguments, 0 };
	const char *what = lockdown_next(&a, allowed);

	if (!c->policy.lockdown || !what)
		return 0;
	return err_set(e, REASON_LOCKDOWN,
		"cmdline: expected nothing that weakens the system under lockdown=yes, found '%.*s', which %.*s",
		a.n < 80 ? (int)a.n : 80, a.s, (int)strcspn(what, ":"), what);
}
