/* SPDX-License-Identifier: MIT */
/*
 * The image of a mount, verified by the code of the boot program
 * (image_check() of src/boot): the kernel's measurement of it, or where it
 * has no fs-verity that of a copy in sealed memory, is the digest expected;
 * then one of the certificates signed that digest. Refused is what does not
 * match, is not signed, is too large for memory; and nothing is tried again
 * with less.
 */
#ifndef RW_TOOL_MOUNT_IMAGE_H
#define RW_TOOL_MOUNT_IMAGE_H

#include <stdbool.h>

#include "core/digest.h"
#include "core/keyring.h"

struct mount_trust {
	const char *digest; /* hex; NULL: that which name is, if it is one */
	const char *certificates[KEYS_MAX]; /* one of them signed it */
	unsigned n_certificates;
	const char *signature;	       /* NULL: where rootwright sign puts it */
	enum hash_algorithm algorithm; /* of the store */
	bool insecure; /* without digest and certificate, take any image */
};

struct mount_image {
	int fd;
	bool memory;	      /* a copy: mount it through a loop device */
	struct digest digest; /* size 0: nothing was verified */
};

/* Is this how an image of a store is named? */
bool mount_is_digest(const char *name);

/*
 * Opens the image: name is its digest in the store, or a file. Close fd.
 * Says on standard error that a development key signed it.
 */
must_check int mount_image_open(struct mount_image *i, const char *store,
	const char *name, const struct mount_trust *t, struct err *e);

/*
 * Refuses a directory of objects whose file system has no fs-verity:
 * everything could be mounted, and no file could be read.
 */
must_check int mount_check_objects(const char *objects, struct err *e);

#endif
