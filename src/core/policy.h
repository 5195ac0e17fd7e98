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
#pragma once

#include "core/digest.h"
#include "core/fields.h"

#define SECONDS_MAX 3600
#define STORES_MAX 3
#define POLICY_MAX 16384 /* bytes of boot.conf */
#define CMDLINE_MAX \
	16384 /* bytes of /proc/cmdline; kernels give 4096 at most */

enum trust {
	TRUST_UNSET,
	TRUST_DIGEST,
	TRUST_SIGNATURE,
	TRUST_DIGEST_AND_SIGNATURE,
	TRUST_RELEASE,
};

enum failure_action {
	FAILURE_REBOOT,
	FAILURE_POWEROFF,
	FAILURE_HALT,
};

/* How much of the image's objects is looked at before the hand-off. */
enum objects {
	OBJECTS_LAZY,
	OBJECTS_PREFLIGHT,
	OBJECTS_MEASURE,
	OBJECTS_READ
};

/* What may be written: the root itself, /etc, /var. */
enum tree {
	TREE_ROOT,
	TREE_ETC,
	TREE_VAR,
	TREES
};

/* Where what is written there goes. */
enum keep {
	KEEP_NONE,	/* it is read-only */
	KEEP_TRANSIENT, /* an overlay in memory */
	KEEP_BIND,	/* a directory of the state in its place */
	KEEP_OVERLAY,	/* an overlay in the state */
};

/* boot.conf, with the defaults for what it does not set. */
struct policy {
	bool present; /* there was a boot.conf */
	enum trust trust;
	char store[VALUE_MAX]; /* empty: not set */
	/* Those that are asked after it, from the second one; empty: none */
	char stores[STORES_MAX][VALUE_MAX];
	char store_fstype[32];	    /* default "ext4" */
	char store_path[VALUE_MAX]; /* default "/composefs" */
	unsigned store_noreplay;    /* yes or no */
	struct images images;	    /* n 0: not set */
	char image_file[VALUE_MAX]; /* in the initramfs; empty: in the store */
	uint64_t image_max; /* bytes to verify in memory, default 256 MiB */
	unsigned allow_unverified; /* yes or no */
	char init[VALUE_MAX];	   /* default "/sbin/init" */
	unsigned timeout; /* seconds to wait for the store, default 30 */
	enum failure_action on_failure;
	unsigned failure_delay;	    /* seconds, default 10 */
	enum objects objects;	    /* default preflight */
	unsigned lockdown;	    /* yes or no */
	unsigned watchdog;	    /* yes or no */
	unsigned objects_timeout;   /* seconds to check them in, default 300 */
	enum keep keep[TREES];	    /* default none, transient, transient */
	char state[VALUE_MAX];	    /* "store" or as store; empty: not set */
	char state_path[VALUE_MAX]; /* default "/state" */
	char state_fstype[32];	    /* empty: as store_fstype */
	unsigned state_trusted;	    /* yes or no */
	unsigned state_transient;   /* on failure, which is else a refusal */
	unsigned factory_reset;	    /* may the command line ask for one */
	unsigned var_restrict;	    /* no devices, no setuid; default yes */
	/* Under trust=release: */
	char release[NAME_MAX_SIZE]; /* the name; empty: not set */
	char version[NAME_MAX_SIZE]; /* the command line's alone */
	unsigned threshold;	 /* different keys that must sign, default 1 */
	unsigned tries;		 /* boots of a new release, default 3, 0: any */
	uint64_t rollback_floor; /* the baked one, default 0 */
};

/* What the command line says to us. */
struct cmdline {
	/* images, store, timeout and version; zero: not given */
	struct policy said;
	unsigned seen;	 /* a bit for each of cmdline_fields */
	bool unverified; /* composefs=?digest */
};

/* The decision, where the policy alone does not make it. */
struct plan {
	bool unverified;      /* allow_unverified=yes and composefs=? */
	struct images images; /* n 0: whatever the releases name */
	const char *store;    /* the policy's or the command line's */
	unsigned timeout;
};

/* What can name the store's device. */
enum naming {
	BY_PATH,
	BY_LABEL,
	BY_UUID,
	BY_PARTLABEL,
	BY_PARTUUID,
};

/*
 * How v names it, and what stands after "/dev/", "LABEL=", "UUID=",
 * "PARTLABEL=" or "PARTUUID="; NULL: none of them.
 */
const char *store_naming(const char *v, enum naming *by);

/* What the command line may say, into the same struct. */
extern const struct fields cmdline_fields;

/* field_read() of 1 to 255 characters of printable ASCII, which then end. */
const char *setting_read(
	const struct field *x, void *out, const char *v, size_t n);

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
 * Without a boot.conf the keys decide the policy's trust.
 */
must_check int policy_check(struct policy *p, unsigned n_keys, struct err *e);

/*
 * Parses the text of /proc/cmdline in place, by the kernel's own quoting rules.
 */
must_check int cmdline_parse(struct cmdline *c, char *text, struct err *e);

/*
 * Puts the command line and a policy that policy_check() took together,
 * refusing whatever would loosen the policy.
 */
must_check int plan_make(struct plan *plan, const struct policy *p,
	const struct cmdline *c, struct err *e);

/* "digest" and so on, "reboot" and so on; NULL ends them. */
extern const char *const trust_names[], *const failure_action_names[],
						*const objects_names[];
