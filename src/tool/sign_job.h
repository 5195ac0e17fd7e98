/* SPDX-License-Identifier: MIT */
/*
 * One signature: made or taken from a file, checked with the code of the boot
 * program, and only then put in its place. Shared by rootwright sign and
 * rootwright release sign.
 */
#ifndef RW_TOOL_SIGN_JOB_H
#define RW_TOOL_SIGN_JOB_H

#include <stdbool.h>

#include "tool/sign_key.h"
#include "tool/sign_subject.h"

/* Begin with zeros and a subject. */
struct sign_job {
	struct subject subject;
	size_t n;
	bool there; /* a good one by this key is in place already */
	uint8_t signature[SIGNATURE_MAX];
};

/*
 * Signs, or takes the signature in the file attach (unless it is NULL).
 * Refused: one in its place by another key or of other bytes, unless force.
 */
must_check int sign_job_make(struct sign_job *j, const struct signing_key *k,
	const char *attach, bool force, struct err *e);

/* Puts it in place, and says so. */
must_check int sign_job_put(struct sign_job *j, const struct signing_key *k,
	bool force, struct err *e);

/* --print-tbs: the bytes to be signed go to stdout. */
must_check int sign_print_tbs(const struct subject *s, struct err *e);

#endif
