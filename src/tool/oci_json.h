/* SPDX-License-Identifier: MIT */
/*
 * The documents of an OCI layout: JSON objects of at most OCI_JSON_MAX bytes,
 * no name in them twice. A blob is one only if its digest, its size and its
 * media type are those of its descriptor, and it is no manifest and index at
 * once.
 */
#ifndef RW_TOOL_OCI_JSON_H
#define RW_TOOL_OCI_JSON_H

#include <jansson.h>

#include "tool/oci_blob.h"

/* A file that no digest protects: index.json, oci-layout. NULL: *e. */
must_check json_t *oci_load_file(
	const struct oci *o, const char *file, struct err *e);

/* The one that a descriptor names. NULL: *e. */
must_check json_t *oci_load_blob(
	const struct oci *o, const struct oci_descriptor *d, struct err *e);

/* Reads a descriptor. */
must_check int oci_describe(const struct oci *o, const json_t *j,
	struct oci_descriptor *d, struct err *e);

/* The documents of one image. Begin with zeros. */
struct oci_image {
	json_t *index;		  /* index.json */
	struct oci_descriptor at; /* in it, or in an index that it names */
	json_t *manifest;
	struct oci_descriptor config_at;
	json_t *config;
};

/* Loads those of the image that o names; oci_image_free() in any case. */
must_check int oci_image_load(
	const struct oci *o, struct oci_image *i, struct err *e);
void oci_image_free(struct oci_image *i);

/* A string of an object; NULL: it has no such string. */
const char *oci_string(const json_t *j, const char *key);

/*
 * The manifest of the one image that is asked for, in index.json or in
 * indexes that are named there, up to OCI_DEPTH_MAX deep and OCI_INDEXES_MAX
 * of them. Without a reference, what says that it is an attestation is no
 * image. Platforms are not guessed: of several the one to take must be named.
 */
#define OCI_DEPTH_MAX 4
#define OCI_INDEXES_MAX 64
must_check int oci_choose(const struct oci *o, const json_t *index,
	struct oci_descriptor *d, struct err *e);

#endif
