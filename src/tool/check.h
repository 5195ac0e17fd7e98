/* SPDX-License-Identifier: MIT */
/*
 * What `rootwright check` finds, and how it says it: one line a fault on
 * stdout, or one JSON document; the totals on stderr. The walkers are
 * check_store() here and disk_check() for a disk image.
 */
#ifndef RW_TOOL_CHECK_H
#define RW_TOOL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/err.h"

/* The kinds of fault, as --json names them. */
enum fault {
	FAULT_NAME,	  /* a file that does not belong there */
	FAULT_TYPE,	  /* not a regular file, not a directory, not a link */
	FAULT_CONTENT,	  /* other bytes than its name says */
	FAULT_SEAL,	  /* another fs-verity digest than its name says */
	FAULT_UNSEALED,	  /* no fs-verity where the store promises it */
	FAULT_UNREADABLE, /* an I/O error, or no permission */
	FAULT_LINK,	  /* a symbolic link that leads elsewhere or nowhere */
	FAULT_MISSING,	  /* an object that an image needs and nobody has */
	FAULT_SIZE,	  /* another size than the image says */
	FAULT_CONFLICT,	  /* other bytes than in another store */
	FAULT_CAPTURE,	  /* an image below others that harms them */
	FAULT_RELEASE,	  /* a manifest that is none, or a sequence twice */
	FAULT_SIGNATURE,  /* a file that is no signature */
};

struct check {
	/* NULL, or who is told of a fault in place of printing it. */
	void (*tell)(
		void *ctx, enum fault kind, const char *path, const char *text);
	void *ctx;
	bool json;
	bool begun;
	uint64_t objects, bytes, faults;
	uint64_t unsealed;  /* objects without fs-verity */
	uint64_t temporary; /* files of a builder that runs or was killed */
	struct check_entry *waiting; /* check_add */
	unsigned n_waiting;
	/* Of several stores: */
	const char *prefix; /* of paths: the store that is looked at, or NULL */
	char (*damaged)[OBJECT_PATH_MAX]; /* in any of them */
	size_t n_damaged, cap_damaged;
};

void check_begin(struct check *c);

/* path is relative to the store: "objects/ab/cdef...". */
void check_fault(struct check *c, enum fault kind, const char *path,
	const char *fmt, ...) printf_like(4, 5);

/* The fault of an object whose content hashes to found. */
void check_content(
	struct check *c, const char *path, const struct digest *found);

/* Counts one object, good or not. */
void check_object(struct check *c, uint64_t bytes);

/* How far it is, where somebody looks. */
void check_show(const struct check *c);

/* Prints the totals; returns the program's exit code. name: the store's. */
int check_end(struct check *c, const char *name);

/* The same for a check that could not be finished; prints the error too. */
int check_abort(struct check *c, const struct err *e);

struct store;
struct view;
struct view_names;

/* Checks all objects of a store that is open: each is read and hashed. */
void check_objects(struct check *c, struct store *s);

/* Is it what a builder uses until it is done? Then it is counted. */
bool check_temporary(struct check *c, const char *name);

/* A directory that cannot be listed is a fault; then there are no names. */
void check_list(struct check *c, const struct view *v, const char *path,
	struct view_names *names);

/* Follows each link in images/. */
void check_links(struct check *c, const struct view *v);

/*
 * Checks the manifests of releases, that their images are there, and that
 * what is called a signature is one, of images too. Nothing is verified.
 */
void check_releases(struct check *c, const struct view *v);

#define SIZE_ANY UINT64_MAX

/*
 * Checks an object: its path, which is one of digest_object_path; its
 * digest; and the size that an image says. What is wrong is told, in the
 * order of these calls, by check_flush at the latest.
 */
void check_add(struct check *c, const struct store *s, const char *path,
	const struct digest *want, uint64_t size);
void check_flush(struct check *c, const struct store *s);

/*
 * Checks the objects that these images name, each once in the first store
 * that has it, and the images themselves where they are named by a digest:
 * every one is there, with the right content and size, and sealed where the
 * store promises it. -1 when an image cannot be read.
 */
must_check int check_images(struct check *c, const struct store *stores,
	unsigned n_stores, char *const *images, int n, struct err *e);

/* The images are a stack, the topmost first: can it be mounted (capture.h)? */
must_check int check_stack(struct check *c, const struct store *stores,
	unsigned n_stores, char *const *images, int n, struct err *e);

/*
 * Of several stores, after all have been checked: objects that were damaged
 * in one and have other bytes in another, of which the kernel takes those of
 * the first store that has a regular file by the name.
 */
void check_conflicts(
	struct check *c, const struct store *stores, unsigned n_stores);

/*
 * The first store that has an object of this digest, which may be an image;
 * the first store if none has it; NULL for what is no digest.
 */
const struct store *check_store_of(
	const struct store *stores, unsigned n, const char *name);

#endif
