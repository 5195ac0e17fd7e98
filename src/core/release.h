/* SPDX-License-Identifier: MIT */
/*
 * A release: the signed manifest that says which images belong together, and
 * which release is newer. rootwright-release(5) documents it. In a store:
 *
 *	releases/<name>/<version>/manifest	at most RELEASE_MAX bytes
 *	releases/<name>/<version>/(any).p7s	detached PKCS#7, SIGNATURE_MAX
 *
 * A signature covers the fs-verity digest (SHA-256) of the manifest's bytes
 * as they were read into memory, once; the file itself needs no fs-verity.
 * Nothing is parsed before it is verified: release_read, release_verify,
 * release_parse.
 */
#pragma once

#include "core/digest.h"
#include "core/fields.h"
#include "core/keyring.h"

#define RELEASE_FORMAT "format=rootwright-release-1"
#define RELEASE_MAX 65536 /* bytes of a manifest */
#define RELEASE_IMAGES_MAX IMAGES_MAX
#define RELEASE_PATHS_MAX 256	    /* paths of preflight= */
#define RELEASE_SIGNATURES_MAX 16   /* signature files that are looked at */
#define RELEASE_DESCRIPTION_MAX 255 /* bytes of description= */

/* Slices point into the text that was parsed; their lists are checked. */
struct release {
	char name[NAME_MAX_SIZE], version[NAME_MAX_SIZE];
	uint64_t sequence;	 /* 1 or more: the order of releases */
	uint64_t rollback_index; /* at most sequence */
	enum hash_algorithm algorithm;
	struct images images;	       /* one at least */
	struct slice preflight;	       /* absolute paths */
	struct slice kernel_arguments; /* "key=value" or "key", words */
	struct slice description;
};

/* Who signed: each key id once, in the order in which they were found. */
struct signers {
	unsigned n;
	const struct key *keys[RELEASE_SIGNATURES_MAX];
};

/*
 * Opens a release's directory below the store's and reads the manifest into
 * text (RELEASE_MAX bytes). name and version are the directories' names;
 * where (RELEASE_WHERE_MAX bytes) becomes the manifest's path, for messages.
 * Returns the directory's fd. RELEASE_INVALID: not what field_name() takes,
 * not there, not a regular file, too large.
 */
#define RELEASE_WHERE_MAX 160
must_check int release_read(int storefd, const char *name, const char *version,
	char *where, char *text, size_t *n, struct err *e);

/*
 * Are there signatures over these bytes, among the *.p7s of dirfd, by
 * threshold different keys of the ring that are not revoked? What else lies
 * there does no harm. SIGNATURE_THRESHOLD: fewer, but some; where there are
 * none, what was wrong with the first one, or SIGNATURE_MISSING.
 */
must_check int release_verify(struct signers *s, int dirfd, const char *where,
	const char *text, size_t n, const struct keyring *k, unsigned threshold,
	struct err *e);

/*
 * The same of signatures in memory, one after another; s begins empty, path
 * is for messages. -1: this one does not count.
 */
must_check int signers_add(struct signers *s, const char *path,
	const uint8_t *signature, size_t n, const struct digest *d,
	const struct keyring *k, struct err *e);

/* first is the error of the first that did not count; zero: there was none. */
must_check int signers_enough(const struct signers *s, const char *where,
	unsigned threshold, const struct err *first, struct err *e);

/*
 * Parses a manifest, which must have this name and version. RELEASE_INVALID,
 * with the line.
 */
must_check int release_parse(struct release *r, const char *name,
	const char *version, const char *where, const char *text, size_t n,
	struct err *e);

/* What a signature over the manifest's bytes covers: their digest. */
void release_digest(struct digest *d, const char *text, size_t n);
