/* SPDX-License-Identifier: MIT */
#include "tool/mount_image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "boot/boot.h"
#include "core/file.h"
#include "core/verity.h"
#include "tool/certificate.h"
#include "tool/compute.h"

/* An image, and below a directory the place of its signature. */
struct place {
	char path[PATH_MAX + OBJECT_PATH_MAX]; /* for messages */
	int dirfd;
	char signature[PATH_MAX];
};

bool mount_is_digest(const char *name)
{
	struct digest d;

	return digest_from_hex(&d, name, strlen(name));
}

/* The directory of a path, opened, and the last name in it. */
static int open_parent(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	*name = slash ? slash + 1 : path;
	if (slash && slash - path >= PATH_MAX - 1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		slash ? path : ".");
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_in_store(struct place *p, int *fd, const char *store,
	const char *hex, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	struct digest d;

	if (!digest_from_hex(&d, hex, strlen(hex)))
		return err_set(e, REASON_FAILED,
			"%s: expected a digest of 64 or 128 lower-case hex digits, found something else",
			hex);
	digest_object_path(&d, path);
	snprintf(p->path, sizeof(p->path), "%s/%s", store, path);
	snprintf(p->signature, sizeof(p->signature), "signatures/%s.p7s", hex);
	p->dirfd = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*fd = open_regular_beneath(p->dirfd, path);
	if (*fd >= 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(e, REASON_IMAGE_INVALID, errno,
			"image: %s: expected a regular file that the kernel opens, found something else",
			p->path);
	err_set(e, REASON_IMAGE_MISSING,
		"image: %s: expected the image in the store, found no such file",
		p->path);
	return err_hint(e,
		"install the image into the store, or name one that is there");
}

static int open_file(struct place *p, int *fd, const char *name, struct err *e)
{
	const char *last;
	struct stat st;

	*fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"image: %s: cannot be opened", name);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, REASON_IMAGE_INVALID,
			"image: %s: expected a regular file, found something else",
			name);
	p->dirfd = open_parent(name, &last);
	snprintf(p->path, sizeof(p->path), "%s", name);
	snprintf(p->signature, sizeof(p->signature), "%s.p7s", last);
	return 0;
}

/* A signature that lies elsewhere. */
static int move_signature(struct place *p, const char *path, struct err *e)
{
	const char *last;

	fd_cleanup(&p->dirfd);
	p->dirfd = open_parent(path, &last);
	if (p->dirfd < 0)
		return err_sys(e, REASON_SIGNATURE_MISSING, errno,
			"signature: %s: cannot be opened", path);
	snprintf(p->signature, sizeof(p->signature), "%s", last);
	return 0;
}

/* The file systems that have fs-verity, as the kernel names them. */
static const char *file_system(int fd)
{
	struct statfs s;

	if (fstatfs(fd, &s) == 0 && (unsigned)s.f_type == BTRFS_SUPER_MAGIC)
		return "btrfs";
	return fstatfs(fd, &s) == 0 && (unsigned)s.f_type == F2FS_SUPER_MAGIC
		       ? "f2fs"
		       : "ext4";
}

/* What is expected of an image without a digest: that it has its own. */
static int own_digest(struct digest *d, int fd, const char *name,
	enum hash_algorithm algorithm, struct err *e)
{
	struct stat st;

	if (verity_measure(fd, d) == 0)
		return 0;
	if (fstat(fd, &st) != 0 ||
		compute_fd(fd, name, st.st_size, algorithm, d, e) != 0)
		return -1;
	return lseek(fd, 0, SEEK_SET) == 0
		       ? 0
		       : err_sys(e, REASON_FAILED, errno,
				 "image: %s: cannot be read", name);
}

static int make_plan(struct config *c, struct digest *d, int fd,
	const char *name, const char *hex, const struct mount_trust *t,
	struct err *e)
{
	policy_defaults(&c->policy);
	c->policy.trust =
		t->n_certificates ? TRUST_DIGEST_AND_SIGNATURE : TRUST_DIGEST;
	strcpy(c->policy.store_fstype, file_system(fd));
	keyring_init(&c->keys);
	for (unsigned i = 0; i < t->n_certificates; i++)
		if (load_certificate(&c->keys, t->certificates[i], e) != 0)
			return -1;
	if (!hex)
		return own_digest(d, fd, name, t->algorithm, e);
	if (digest_from_hex(d, hex, strlen(hex)))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected a digest of 64 or 128 lower-case hex digits, found something else",
		hex);
}

static int check(struct mount_image *i, const struct place *p, const char *hex,
	const struct mount_trust *t, struct err *e)
{
	static struct config config;
	/* The kernel need not have fs-verity when no file is verified. */
	struct verified_image v = { .fd = i->fd, .memory = t->insecure };
	int r;

	if (make_plan(&config, &v.digest, i->fd, p->path, hex, t, e) != 0)
		return -1;
	r = image_check(&v, p->path, p->dirfd, p->signature,
		t->n_certificates ? &config.keys : NULL, &config, e);
	i->fd = v.fd; /* the copy in memory, where there is one */
	i->memory = v.memory;
	if (r != 0)
		return -1;
	i->digest = v.digest;
	if (v.signer)
		warn_development(v.signer);
	return 0;
}

int mount_image_open(struct mount_image *i, const char *store, const char *name,
	const struct mount_trust *t, struct err *e)
{
	const char *hex = mount_is_digest(name) ? name : t->digest;
	static struct place p;
	int r;

	*i = (struct mount_image){ .fd = -1 };
	p.dirfd = -1;
	r = mount_is_digest(name) ? open_in_store(&p, &i->fd, store, name, e)
				  : open_file(&p, &i->fd, name, e);
	if (r == 0 && t->signature)
		r = move_signature(&p, t->signature, e);
	if (r == 0 && (hex || t->n_certificates))
		r = check(i, &p, hex, t, e);
	else if (r == 0 && !t->insecure)
		r = err_set(e, REASON_DIGEST_MISSING,
			"image: %s: expected its digest or a certificate, found neither",
			name);
	fd_cleanup(&p.dirfd);
	return r;
}

int mount_check_objects(const char *objects, struct err *e)
{
	AUTO_FD int fd = open(objects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct digest d;

	if (fd < 0)
		return err_sys(e, REASON_STORE_LAYOUT, errno,
			"store: %s: expected a directory", objects);
	/* A directory has none itself, where there could be: ENODATA. */
	if (verity_measure(fd, &d) == 0 ||
		(errno != EOPNOTSUPP && errno != ENOTTY))
		return 0;
	err_sys(e, REASON_KERNEL_FEATURE, errno,
		"store: %s: expected a file system with fs-verity, found one without it",
		objects);
	return err_hint(e,
		"put the store on ext4 or f2fs with the feature verity, or on btrfs, under a kernel with fs-verity; --insecure mounts files that nobody verifies");
}
