/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include "core/verity.h"

static int open_image(
	int dirfd, const char *path, const char *where, struct err *e)
{
	int fd = open_regular_beneath(dirfd, path);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return err_set(e, REASON_IMAGE_MISSING,
			"image: %s: expected the image on %s, found no such file",
			path, where);
	return err_sys(e, REASON_IMAGE_INVALID, errno,
		"image: %s: expected a regular file that the kernel opens, found something else",
		path);
}

/*
 * The file's digest: the kernel's measurement of it, or where there is no
 * fs-verity to measure, our own of a copy in memory, which takes its place.
 */
static int measure(struct verified_image *v, const struct config *c,
	const char *path, struct digest *found, struct err *e)
{
	char feature[64];
	int memfd;

	snprintf(feature, sizeof(feature), "/sys/fs/%s/features/verity",
		c->policy.store_fstype);
	if (!v->memory) {
		if (verity_measure(v->fd, found) == 0)
			return 0;
		/* Of the kernel's file systems, not of this one. */
		if (errno == EOPNOTSUPP && access(feature, F_OK) != 0)
			return err_set(e, REASON_KERNEL_FEATURE,
				"kernel: expected fs-verity for %s, found none: no %s",
				c->policy.store_fstype, feature);
		if (errno != ENODATA && errno != EOPNOTSUPP && errno != ENOTTY)
			return err_sys(e, REASON_IMAGE_MISMATCH, errno,
				"image: %s: expected an fs-verity digest, found none that can be compared",
				path);
	}
	if (memory_load(&memfd, v->fd, path, c->policy.image_max,
		    v->digest.algorithm, found, e) != 0)
		return -1;
	close(v->fd);
	v->fd = memfd;
	v->memory = true;
	return 0;
}

static int check_signature(struct verified_image *v, int dirfd,
	const char *path, const struct keyring *keys, struct err *e)
{
	static uint8_t signature[SIGNATURE_MAX];
	uint8_t tbs[FORMATTED_MAX];
	size_t n;

	if (signature_load(dirfd, path, signature, &n, e) != 0)
		return -1;
	return keyring_verify(keys, path, signature, n, tbs,
		digest_formatted(&v->digest, tbs), &v->signer, e);
}

/* Digest first, signature second, and only then does EROFS see the file. */
int image_check(struct verified_image *v, const char *path, int dirfd,
	const char *signature, const struct keyring *keys,
	const struct config *c, struct err *e)
{
	char want[DIGEST_HEX_MAX], found_hex[DIGEST_HEX_MAX];
	struct digest found;
	off_t at;

	if (measure(v, c, path, &found, e) != 0)
		return -1;
	if (!digest_equal(&v->digest, &found))
		return err_set(e, REASON_IMAGE_MISMATCH,
			"image: %s: expected fs-verity digest %s:%s, found %s:%s",
			path, hash_name(v->digest.algorithm),
			digest_to_hex(&v->digest, want),
			hash_name(found.algorithm),
			digest_to_hex(&found, found_hex));
	if (keys && check_signature(v, dirfd, signature, keys, e) != 0)
		return -1;
	/*
	 * To its end, through fs-verity. Measuring reads no data, so that a
	 * damaged block would be found by whoever needs it, after the
	 * hand-off; the image is small, and all of it is about to be needed.
	 */
	if (v->memory || read_through(v->fd, &at, watchdog_pet) == 0)
		return 0;
	return err_sys(e, REASON_IMAGE_MISMATCH, errno,
		"image: %s: expected data that match its fs-verity digest, found others at byte %lld or after it",
		path, (long long)at);
}

/* The first that has the path, or else any that is there. */
static const struct store *store_of(
	const struct store *stores, const char *path)
{
	unsigned found = 0;

	for (unsigned i = STORES_MAX; i-- > 0;)
		if (stores[i].objects_fd >= 0 &&
			(stores[found].objects_fd < 0 ||
				faccessat(stores[i].dirfd, path, F_OK, 0) == 0))
			found = i;
	return &stores[found];
}

int image_verify(struct verified_image *v, unsigned i,
	const struct store *stores, const struct config *c, struct err *e)
{
	const char *file = c->policy.image_file;
	char path[VALUE_MAX], signature[VALUE_MAX + 16], hex[DIGEST_HEX_MAX];
	AUTO_FD int initramfs = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct store *s;
	int dirfd = initramfs;
	enum trust trust = c->policy.trust;
	const struct keyring *keys =
		trust == TRUST_DIGEST || trust == TRUST_RELEASE ? NULL
								: &c->keys;

	*v = (struct verified_image){ .dir = -1 };
	v->digest = c->plan.images.list[i];
	v->memory = file[0];
	if (file[0])
		strcpy(path, file + 1);
	else
		digest_object_path(&v->digest, path);
	s = store_of(stores, path);
	if (!file[0])
		dirfd = s->dirfd;
	snprintf(signature, sizeof(signature), "%s%s.p7s",
		file[0] ? "" : "signatures/",
		file[0] ? path : digest_to_hex(&v->digest, hex));
	v->fd = open_image(
		dirfd, path, file[0] ? "the initramfs" : s->device.path, e);
	return v->fd < 0 ? -1
			 : image_check(v, path, dirfd, signature, keys, c, e);
}
