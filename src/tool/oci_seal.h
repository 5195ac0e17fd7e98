/* SPDX-License-Identifier: MIT */
/*
 * The digests of an OCI image's composefs images, kept in the image itself:
 * that of the whole in its config, as a label, and that of each layer
 * (layer_stack.h) on the layer's descriptor, as an annotation. Whoever signs
 * the manifest signs all of it, and tools that know nothing of it carry it
 * along.
 *
 * Names: composefs-rs' OCI sealing specification of 2025. The value is the
 * hex digits of the fs-verity digest, as composefs-rs writes the label and
 * mounts it by; the document has "sha256:" or "sha512:" before them, which is
 * read as well.
 */
#ifndef RW_TOOL_OCI_SEAL_H
#define RW_TOOL_OCI_SEAL_H

#include "tool/image_file.h"
#include "tool/oci_json.h"

#define OCI_SEAL_LABEL "containers.composefs.fsverity"
#define OCI_SEAL_LAYER "containers.composefs.layer.fsverity"

struct oci_digests {
	struct digest whole;
	struct digest *layers; /* the undermost first */
	unsigned n;
};

/*
 * Writes a new config and a new manifest as blobs, and puts the manifest in
 * the place of the image's in index.json, by one renaming; the blobs that
 * were there stay. manifest: its digest (OCI_DIGEST bytes). Refused: an image
 * that is in another index than index.json, whose names would not be those of
 * their content any more.
 */
must_check int oci_seal(const struct oci *o, struct oci_image *i,
	const struct oci_digests *d, char *manifest, struct err *e);

/* The algorithm of the label. Refused: no label, or no digest in it. */
must_check int oci_seal_algorithm(const struct oci *o,
	const struct oci_image *i, enum hash_algorithm *a, struct err *e);

/*
 * Are the digests those of the label and of the annotations? A layer without
 * an annotation is none the worse. *annotated: how many have one.
 */
must_check int oci_seal_check(const struct oci *o, const struct oci_image *i,
	const struct oci_digests *d, unsigned *annotated, struct err *e);

#endif
