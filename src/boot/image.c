/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/verity.h"

static int open_image(const struct store *s, const char *path, struct err *e)
{
	int fd = open_regular_beneath(s->dirfd, path);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return err_set(e, REASON_IMAGE_MISSING,
			"image: %s: expected the image in the store on %s, found no such file",
			path, s->device.path);
	return err_sys(e, REASON_IMAGE_INVALID, errno,
		"image: %s: expected a regular file, found something else",
		path);
}

/* The kernel's measurement is the file's digest, or we do not go on. */
static int measure(struct verified_image *v, const char *path,
	const struct plan *p, struct err *e)
{
	char want[DIGEST_HEX_MAX], got[DIGEST_HEX_MAX];
	struct digest found;

	if (verity_measure(v->fd, &found) != 0) {
		/* Weakened on request, and never after a mismatch. */
		if (p->unverified && (errno == ENODATA || errno == EOPNOTSUPP ||
					     errno == ENOTTY))
			return 0;
		if (errno == EOPNOTSUPP || errno == ENOTTY)
			return err_set(e, REASON_IMAGE_UNSEALED,
				"image: %s: expected fs-verity, found a file system or kernel without it",
				path);
		return err_sys(e, REASON_IMAGE_UNSEALED, errno,
			"image: %s: expected fs-verity, found none", path);
	}
	v->measured = digest_equal(&found, &p->image);
	if (v->measured)
		return 0;
	digest_to_hex(&p->image, want);
	digest_to_hex(&found, got);
	return err_set(e, REASON_IMAGE_MISMATCH,
		"image: %s: expected fs-verity digest %s:%s, found %s:%s", path,
		hash_name(p->image.algorithm), want, hash_name(found.algorithm),
		got);
}

static int check_signature(struct verified_image *v, const struct store *s,
	const struct config *c, struct err *e)
{
	static uint8_t signature[SIGNATURE_MAX];
	uint8_t tbs[FORMATTED_MAX];
	char hex[DIGEST_HEX_MAX], path[DIGEST_HEX_MAX + 20];
	unsigned signer;
	size_t n;

	digest_to_hex(&v->digest, hex);
	snprintf(path, sizeof(path), "signatures/%s.p7s", hex);
	if (signature_load(s->dirfd, path, signature, &n, e) != 0 ||
		keyring_verify(&c->keys, path, signature, n, tbs,
			digest_formatted(&v->digest, tbs), &signer, e) != 0)
		return -1;
	v->signer = &c->keys.keys[signer];
	return 0;
}

/* Digest first, signature second, and only then does EROFS see the file. */
int image_verify(struct verified_image *v, const struct store *s,
	const struct config *c, struct err *e)
{
	char path[OBJECT_PATH_MAX];

	memset(v, 0, sizeof(*v));
	v->digest = c->plan.image;
	v->weakened = c->plan.unverified;
	digest_object_path(&v->digest, path);
	v->fd = open_image(s, path, e);
	if (v->fd < 0 || measure(v, path, &c->plan, e) != 0)
		return -1;
	if (c->plan.trust == TRUST_DIGEST)
		return 0;
	return check_signature(v, s, c, e);
}
