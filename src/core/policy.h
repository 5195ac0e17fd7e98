/* SPDX-License-Identifier: MIT */
/*
 * What decides a boot: the policy (boot.conf in the initramfs), the kernel
 * command line, and how many certificates are trusted. Policy comes from
 * the initramfs and the command line, never from the disk, and the command
 * line may only tighten it.
 *
 * Text in, structs out: nothing here opens a file, so that all of it can be
 * fuzzed. Unknown keys, duplicate keys and malformed values are errors.
 */
#ifndef RW_CORE_POLICY_H
#define RW_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/digest.h"
#include "core/err.h"
#include "core/kv.h"

#define POLICY_MAX 16384 /* bytes of boot.conf */
#define CMDLINE_MAX \
	16384 /* bytes of /proc/cmdline; kernels give 4096 at most */

enum trust {
	TRUST_UNSET,
	TRUST_DIGEST,
	TRUST_SIGNATURE,
	TRUST_DIGEST_AND_SIGNATURE,
};

enum failure_action {
	FAILURE_REBOOT,
	FAILURE_POWEROFF,
	FAILURE_HALT,
};

/* boot.conf, with the defaults for what it does not set. */
struct policy {
	bool present; /* there was a boot.conf */
	enum trust trust;
	char store[VALUE_MAX];	    /* empty: not set */
	char store_fstype[32];	    /* default "ext4" */
	char store_path[VALUE_MAX]; /* default "/composefs" */
	bool store_noreplay;
	bool has_image;
	struct digest image;
	char image_file[VALUE_MAX]; /* in the initramfs; empty: in the store */
	uint64_t image_max; /* bytes to verify in memory, default 256 MiB */
	bool allow_unverified;
	char init[VALUE_MAX]; /* default "/sbin/init" */
	unsigned timeout;     /* seconds to wait for the store, default 30 */
	enum failure_action on_failure;
	unsigned failure_delay; /* seconds, default 10 */
};

/* What the command line says to us. */
struct cmdline {
	bool has_digest;
	bool unverified; /* composefs=?digest */
	struct digest digest;
	char store[VALUE_MAX]; /* rootwright.store=, empty: not given */
	bool has_timeout;
	unsigned timeout;
	bool has_init; /* init= is there; we never follow it, we report it */
};

/* The decision: everything the boot needs to know, nothing it must ask. */
struct plan {
	enum trust trust;
	bool trust_implied; /* there was no boot.conf */
	bool unverified;    /* allow_unverified=yes and composefs=? */
	struct digest image;
	bool image_from_policy;
	char store[VALUE_MAX];
	unsigned timeout;
};

/* The defaults, as without a boot.conf. */
void policy_defaults(struct policy *p);

/*
 * Parses the n bytes of boot.conf; name is for messages
 * ("/etc/rootwright/boot.conf"). POLICY_INVALID with file:line.
 */
must_check int policy_parse(struct policy *p, const char *name,
	const char *text, size_t n, struct err *e);

/*
 * What is wrong with the policy and the number of trusted certificates
 * whatever the command line says; --check-config and the boot ask it both.
 * Also gives the effective trust.
 */
must_check int policy_check(const struct policy *p, unsigned n_keys,
	enum trust *effective, struct err *e);

/* Parses the n bytes of /proc/cmdline by the kernel's own quoting rules. */
must_check int cmdline_parse(
	struct cmdline *c, const char *text, size_t n, struct err *e);

/* Puts the three together, refusing whatever would loosen the policy. */
must_check int plan_make(struct plan *plan, const struct policy *p,
	const struct cmdline *c, unsigned n_keys, struct err *e);

/* "digest", "signature" or "digest+signature". */
const char *trust_name(enum trust t);

/* "reboot", "poweroff" or "halt". */
const char *failure_action_name(enum failure_action a);

#endif
