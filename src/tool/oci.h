/* SPDX-License-Identifier: MIT */
/*
 * An OCI image layout, as skopeo writes it, becomes a tree: its layers in
 * order, with whiteouts (layer.h).
 *
 *	DIR		the only image in the layout
 *	DIR:TAG		the one of that org.opencontainers.image.ref.name
 *	DIR:sha256:HEX	the one of that manifest, or in that index
 *
 * Every blob is compared with its digest and size while it is read, and the
 * tar in each layer with its diff_id; JSON is read whole, up to OCI_JSON_MAX,
 * before it is parsed. Indexes may hold indexes. Refused: another layout
 * version, media types that are not OCI's or Docker's images, a reference
 * that names none or several (platforms are not guessed), digests other than
 * sha256.
 *
 * Format: the OCI image specification, v1.1
 * (https://github.com/opencontainers/image-spec).
 */
#ifndef RW_TOOL_OCI_H
#define RW_TOOL_OCI_H

#include <limits.h>

#include "tool/layer.h"

#define OCI_JSON_MAX (4 << 20)

struct oci {
	char name[PATH_MAX]; /* of the layout's directory */
	const char *ref;     /* tag or digest; NULL: the only image */
	int dir;
	uint64_t done, all; /* bytes of layers, for progress */
	char chosen[72];    /* the digest of the manifest that was read */
};

/* where is what follows "oci:", and must outlive o. */
must_check int oci_open(struct oci *o, const char *where, struct err *e);
void oci_close(struct oci *o);

/* Applies the image's layers; l->oci is set. */
must_check int oci_read(struct oci *o, struct layers *l, struct err *e);

#endif
