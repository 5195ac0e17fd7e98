/* SPDX-License-Identifier: MIT */
/* A blob of an OCI layout: a file that must have the digest it is named by. */
#ifndef RW_TOOL_OCI_BLOB_H
#define RW_TOOL_OCI_BLOB_H

#include <sys/types.h>

#include "tool/oci.h"

#define OCI_DIGEST 72 /* "sha256:", 64 hex digits, a NUL */

/* What a descriptor says. */
struct oci_descriptor {
	char media_type[128];
	char digest[OCI_DIGEST];
	uint64_t size;
};

/* The digest of a stream, as OCI writes it. 0, or -1 if OpenSSL fails. */
struct sha256 {
	void *md; /* OpenSSL's */
};

must_check int sha256_begin(struct sha256 *s);
must_check int sha256_add(struct sha256 *s, const void *p, size_t n);
must_check int sha256_end(struct sha256 *s, char out[static OCI_DIGEST]);
void sha256_free(struct sha256 *s);

/* Is it one? */
bool is_sha256(const char *s);

struct blob {
	char name[PATH_MAX + 96]; /* for messages */
	char digest[OCI_DIGEST];  /* as it ought to be */
	uint64_t size, seen;
	int fd;
	struct sha256 hash;
};

must_check int blob_open(struct blob *b, const struct oci *o,
	const struct oci_descriptor *d, struct err *e);
void blob_close(struct blob *b);

/* unpack.h's read. More bytes than the descriptor says are an error. */
ssize_t blob_read(void *blob, void *buf, size_t n, struct err *e);

/* Reads what is left, and compares size and digest. */
must_check int blob_end(struct blob *b, struct err *e);

/* A whole blob of at most OCI_JSON_MAX bytes with a NUL behind; free() it. */
must_check char *blob_text(const struct oci *o, const struct oci_descriptor *d,
	size_t *n, struct err *e);

#endif
