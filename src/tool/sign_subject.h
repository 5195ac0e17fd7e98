/* SPDX-License-Identifier: MIT */
/*
 * What is signed: a file or an image of a store, its fs-verity digest (always
 * computed again from its bytes), the bytes that a signature covers, and the
 * place of that signature:
 *
 *	FILE			FILE.p7s
 *	image of a store	signatures/<digest>.p7s in the store
 *
 * Refused: what is not a composefs image (raw is not set), an object whose
 * bytes do not give the digest that it is named by.
 */
#ifndef RW_TOOL_SIGN_SUBJECT_H
#define RW_TOOL_SIGN_SUBJECT_H

#include <limits.h>

#include "core/digest.h"
#include "core/keyring.h"
#include "tool/certificate.h"
#include "tool/store.h"

struct subject {
	char name[PATH_MAX + OBJECT_PATH_MAX]; /* for messages */
	struct digest digest;
	uint8_t tbs[FORMATTED_MAX];
	size_t tbs_n;
	int dirfd;		  /* where signature is below */
	char dir[PATH_MAX];	  /* its name, for messages */
	const char *subdirectory; /* NULL, or made for the signature */
	char signature[PATH_MAX];
	char place[2 * PATH_MAX]; /* the whole of it, for messages */
};

must_check int subject_of_file(
	struct subject *s, const char *path, bool raw, struct err *e);

/* hex is the digest as it was given. */
must_check int subject_of_store(struct subject *s, const struct store *store,
	const char *hex, bool raw, struct err *e);

/* Harmless on one that was not opened and is zero. */
void subject_close(struct subject *s);

/*
 * Loads the signature from its place, or from path if it is not NULL, into
 * buf (SIGNATURE_MAX bytes).
 */
must_check int subject_load(const struct subject *s, const char *path,
	uint8_t *buf, size_t *n, struct err *e);

/* Puts a signature in its place: the whole of it or nothing, durably. */
must_check int subject_store(const struct subject *s, const uint8_t *bytes,
	size_t n, bool replace, struct err *e);

#endif
