/* SPDX-License-Identifier: MIT */
/*
 * The trusted program, in the order in which it works: read the policy, find
 * the store, open the image, verify it, mount the root, read what the boot
 * depends on, hand over. Each step fills its own struct and looks only at
 * those before it.
 *
 * Two invariants make this one-directional: only image_verify() returns a
 * struct verified_image and only root_mount() takes one; and store, image
 * and root are mounted in a private mount namespace until one final move,
 * so that rolling back is exiting.
 */
#pragma once

#include "core/file.h"
#include "core/policy.h"
#include "core/release.h"
#include "core/state.h"

#define CONFIG_DIR "/etc/rootwright"
#define RUN_DIR "/run/rootwright"
#define SYSROOT "/sysroot"

/* config.c: what the initramfs and the kernel command line say. */
struct config {
	struct policy policy;
	struct keyring keys; /* of keys.d, or release-keys.d: trust= says */
	struct keyring revoked;
	struct cmdline cmdline;
	struct plan plan;
	char arguments[CMDLINE_MAX + 1]; /* the kernel command line */
};

/*
 * Reads boot.conf and the keys of dir, and checks them against each other. A
 * key counts in one role only: of keys.d and release-keys.d the one is read
 * that the policy's trust asks for.
 */
must_check int config_read(struct config *c, const char *dir, struct err *e);

/* Reads the kernel command line and decides: fills cmdline and plan. */
must_check int config_decide(struct config *c, struct err *e);

/* --check-config: says on stdout what would be trusted. */
void config_print(const struct config *c, const char *dir);

/* The first development key that is trusted, or NULL. */
const struct key *config_development_key(const struct config *c);

/* device.c: the block device that the plan names. */
struct device {
	int fd; /* open for reading; what was looked at is what is mounted */
	char path[300];
	bool needs_recovery; /* ext4: the journal has something to replay */
};

/*
 * Waits up to timeout seconds for what spec names, which the policy took. Two
 * that match are an error. what is it for: "store" or "state".
 */
must_check int device_find(struct device *d, const char *what, const char *spec,
	unsigned timeout, struct err *e);

/*
 * store.c: a store, mounted read-only in our namespace. What is looked for is
 * in the first one that has it.
 */
struct store {
	const char *named; /* by the policy or the command line; NULL: none */
	struct device device;
	int dirfd;	   /* the directory store_path= */
	int objects_fd;	   /* its objects/, O_PATH; -1: it cannot be had */
	bool replayed;	   /* the kernel replayed the journal */
	char trouble[512]; /* why it cannot be had; empty: it can */
	bool writable; /* its file system is, for the state; this mount is not
			*/
};

/*
 * Finds and mounts the STORES_MAX stores of the plan. Of several, those that
 * cannot be had are left out, and the sentence why is kept, as long as there is
 * one: what it has is verified. The first one, which alone is ever written,
 * comes to lie on top at SPACE_STORE.
 */
must_check int stores_mount(
	struct store *stores, const struct config *c, struct err *e);

/*
 * Mounts a device, with MOUNT_ATTR_ flags, at SPACE_STORE read-only or at
 * SPACE_STATE. noreplay: an ext4 journal is left alone.
 */
must_check int device_mount(const struct device *d, const char *at,
	const char *fstype, uint64_t attr, bool noreplay, struct err *e);

/* release.c: trust=release: what may boot, the newest first. */
#define CANDIDATES_MAX 16

struct candidate {
	char version[NAME_MAX_SIZE]; /* its directory's name */
	const struct store *store;   /* which has that */
	uint64_t sequence;	     /* 0: not a valid release */
	bool skipped;
	enum reason reason; /* why */
	char sentence[512];
};

struct releases {
	struct config *config;
	const struct store *stores; /* the first has the state */
	unsigned n, at;		    /* at: the one whose turn it is */
	struct candidate list[CANDIDATES_MAX + 1]; /* and one to push out */
	struct release release; /* the last that was loaded, verified */
	struct signers signers;
	uint64_t highest;	/* rollback_index of all valid ones */
	uint64_t stored, floor; /* the stored one if believed, the active */
	struct state state;
	int record;	   /* the state's record that counts, or -1 */
	bool uses_try;	   /* the one whose turn it is has to */
	char trouble[512]; /* with the state; empty: none */
};

/* Finds the releases that are signed, and reads the state. */
void releases_find(
	struct releases *r, struct config *c, const struct store *stores);

/*
 * Loads the next that may boot, and plans its image. False: none is left.
 * What is skipped is said and kept, with the reason.
 */
bool releases_next(struct releases *r);

/* The one whose turn it was does not boot. */
void releases_failed(struct releases *r, const struct err *e);

/* The sentence when none was left; returns -1. */
int releases_none(const struct releases *r, struct err *e);

/* A tree with kernel modules needs those of the running kernel. */
must_check int release_modules(int root_fd, const char *version, struct err *e);

/*
 * tries.c: uses one of the tries of a release that is not blessed yet. What
 * goes wrong with that is kept in r->trouble, and is no reason to stop.
 */
void tries_use(struct releases *r);

/* image.c: an image that passed everything the plan asks. */
struct verified_image {
	int fd;
	int dir; /* its root directory, once it is mounted */
	struct digest digest;
	bool memory;		  /* a sealed copy, not the store's file */
	const struct key *signer; /* NULL: no signature was asked for */
};

/* The i-th of the plan's images. */
must_check int image_verify(struct verified_image *v, unsigned i,
	const struct store *stores, const struct config *c, struct err *e);

/*
 * What that does with the image once it is open: v->fd is, v->digest is the
 * one that it has to have, v->memory says whether to copy it in any case, and
 * the rest of *v is 0. path is its name, for messages; one of keys has to have
 * made the signature below dirfd; NULL: there need not be one.
 */
must_check int image_check(struct verified_image *v, const char *path,
	int dirfd, const char *signature, const struct keyring *keys,
	const struct config *c, struct err *e);

/*
 * memory.c: copies fd into a sealed memfd and gives the digest of the copy.
 * IMAGE_UNSEALED where it has more than image_max bytes or a quarter of the
 * free memory.
 */
must_check int memory_load(int *memfd, int fd, const char *name,
	uint64_t image_max, enum hash_algorithm a, struct digest *found,
	struct err *e);

/* Returns an fd of a read-only loop device over the file fd. */
must_check int loop_attach(int fd, struct err *e);

/* space.c: the private mount namespace, and its directories. */
#define SPACE_STORE SYSROOT "/store"
#define SPACE_IMAGE SYSROOT "/image"
#define SPACE_ROOT SYSROOT "/root"
#define SPACE_STATE SYSROOT "/state"
#define SPACE_MEMORY SYSROOT "/memory"

/* Enters it from the namespace *outer. */
must_check int space_enter(int *outer, struct err *e);

/* Leaves it again, and attaches the root and what is on it at /sysroot. */
must_check int space_leave(int outer, struct err *e);

/* A root, with all that is asked of it before it is handed over. */
struct root {
	int fd;
	unsigned n;
	struct verified_image images[IMAGES_MAX]; /* the topmost first */
	bool loop;     /* they are behind loop devices */
	bool weakened; /* composefs=?: objects are not verified */
	struct preflight {
		uint64_t files, bytes;
	} preflight, objects;
};

/* root.c: refuses a kernel that cannot do what root_mount() needs. */
must_check int root_probe_kernel(struct err *e);

/*
 * Can another overlay (over /etc, for a container) be mounted on top of the
 * overlay at root? other is any directory. Some kernels count an EROFS that
 * reads from a file as one more layer, and then that would fail in the
 * running system.
 */
bool root_can_stack(const char *root, const char *other, struct err *e);

/*
 * Mounts the images, asks layers_check(), and over them the overlay with the
 * stores as data-only layers. Fills fd and loop.
 */
must_check int root_mount(
	struct root *r, const struct store *stores, struct err *e);

/* Takes the images' and the overlay's mounts away again. */
void root_undo(struct root *r);

/*
 * layers.c: refuses mounted images of which a lower one would capture what an
 * upper one names.
 */
must_check int layers_check(const struct root *r, struct err *e);

/* writable.c: what of the root may be written. */
extern const char *const tree_names[TREES];

struct writable {
	struct device device;
	enum keep keep[TREES]; /* what became of what the policy asks */
	char trouble[1024];    /* why it is in memory; empty: it is not */
	char reset[VALUE_MAX]; /* a factory reset's new name; empty: none */
};

/* Is it without devices and setuid programs? */
#define TREE_RESTRICTED(t, p) \
	((t) == TREE_ETC || ((t) == TREE_VAR && (p)->var_restrict))

/* preflight.c: read through the root what the boot depends on. */
/* paths is a release's preflight=, or empty. objects=lazy reads nothing. */
must_check int preflight_run(struct preflight *p, int root_fd,
	const struct policy *policy, struct slice paths, struct err *e);

/*
 * A regular file, whose path of the root is for messages and ends in its name
 * in dirfd: is its object there, with the fs-verity digest and the size that
 * the image says? With read also: do its data match?
 */
must_check int preflight_entry(struct preflight *p, int dirfd, const char *path,
	bool read, struct err *e);

/*
 * objects.c: the same of every file, in objects_timeout= seconds. The reasons
 * are those of preflight, and OBJECTS_UNCHECKED where it did not come to an
 * end. Adds to *sum.
 */
must_check int objects_check(struct preflight *sum, const struct policy *p,
	int root_fd, struct err *e);

/*
 * lockdown.c: the next argument, after *a, that weakens the system: what it
 * does, up to a colon; NULL: none. Begin with { config->arguments, 0 }.
 * allowed is a release's kernel_arguments=; where there is one, nothing else
 * may be there.
 */
const char *lockdown_next(struct slice *a, struct slice allowed);

/* Refuses such arguments where the policy says lockdown=yes. */
must_check int lockdown_check(
	const struct config *c, struct slice allowed, struct err *e);

/* watchdog.c: /dev/watchdog, whose time begins. -1 with errno. */
must_check int watchdog_open(void);

/* For whatever takes long; once a second it does something. */
void watchdog_pet(void);

/* handoff.c: being PID 1. */

/* Mounts proc, sys, devtmpfs and /run, as the first thing. */
must_check int early_mounts(struct err *e);

/* Makes /sysroot the root and executes init. Returns only on failure. */
int handoff(const char *init, struct err *e);

/* record.c: what was done, for people and programs. */

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t now(void);

#define STAGES_MAX 8

struct record {
	uint64_t start, last; /* now() */
	unsigned n;
	struct {
		const char *name;
		uint64_t microseconds;
	} stages[STAGES_MAX];
};

void record_start(struct record *r);

/* A stage of this name ends now. */
void record_stage(struct record *r, const char *name);

/* A boot: what its steps fill, one after the other. */
struct boot {
	struct config config;
	struct store stores[STORES_MAX];
	struct releases releases; /* trust=release */
	struct root root;
	struct writable writable;
	struct record record;
};

/*
 * writable.c again: mounts over the root at SPACE_ROOT what the policy says.
 * A tree that is not in the image is left alone.
 */
must_check int writable_mount(struct boot *b, struct err *e);

/* record.c again: writes /run/rootwright/boot.json and init there. */
must_check int record_write(const struct boot *b, struct err *e);

/* The one line of success. */
void record_say(const struct boot *b);

/* say.c: the kernel log and the console. */

/* Levels of the kernel log. */
enum level {
	LEVEL_REFUSED = 2, /* critical: shown whatever quiet says */
	LEVEL_WARNING = 4,
	LEVEL_INFO = 6,
};

/*
 * One line to the kernel log, from where the kernel shows it on the console.
 * What is refused is written to the console also where the kernel would not.
 */
void say(enum level level, const char *fmt, ...) printf_like(2, 3);

/* Says why, waits, and reboots, powers off or halts. */
_Noreturn void refuse(const struct policy *p, const struct err *e);
