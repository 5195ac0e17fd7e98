/* SPDX-License-Identifier: MIT */
#include "tool/sign_subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/compute.h"
#include "tool/publish.h"
#include "tool/tool.h"

#define HEADER_MAGIC 0xd078629a /* composefs image, offset 0 */
#define EROFS_MAGIC 0xe0f5e1e2	/* EROFS superblock, offset 1024 */

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int check_image(int fd, const char *name, struct err *e)
{
	uint8_t b[1028];

	if (pread(fd, b, sizeof(b), 0) == sizeof(b) &&
		le32(b) == HEADER_MAGIC && le32(b + 1024) == EROFS_MAGIC)
		return 0;
	err_set(e, REASON_FAILED,
		"%s: expected a composefs image, found something else", name);
	return err_hint(
		e, "rootwright build makes images; --raw signs any other file");
}

/* The digest of the open file, and what a signature covers. */
static int compute(struct subject *s, int fd, enum hash_algorithm algorithm,
	bool raw, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", s->name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a regular file, found something else",
			s->name);
	if ((!raw && check_image(fd, s->name, e) != 0) ||
		compute_fd(fd, s->name, st.st_size, algorithm, &s->digest, e) !=
			0)
		return -1;
	s->tbs_n = digest_formatted(&s->digest, s->tbs);
	return 0;
}

/* Splits path into its directory, opened, and the name in it. */
static int open_parent(
	const char *path, char *dir, size_t dir_n, const char **base)
{
	const char *slash = strrchr(path, '/');

	*base = slash ? slash + 1 : path;
	if (!slash)
		snprintf(dir, dir_n, ".");
	else
		snprintf(dir, dir_n, "%.*s", (int)(slash - path + 1), path);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int subject_of_file(
	struct subject *s, const char *path, bool raw, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *base;

	memset(s, 0, sizeof(*s));
	s->dirfd = -1;
	if (strlen(path) + sizeof(".p7s") > sizeof(s->signature))
		return err_set(e, REASON_FAILED,
			"%.64s...: expected a shorter path", path);
	snprintf(s->name, sizeof(s->name), "%s", path);
	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			s->name);
	if (compute(s, fd, HASH_SHA256, raw, e) != 0)
		return -1;
	s->dirfd = open_parent(path, s->dir, sizeof(s->dir), &base);
	if (s->dirfd < 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			s->dir);
	snprintf(s->signature, sizeof(s->signature), "%s.p7s", base);
	snprintf(s->place, sizeof(s->place), "%s.p7s", path);
	return 0;
}

static int open_object(struct subject *s, const struct store *store,
	const struct digest *named, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	int fd;

	digest_object_path(named, path);
	snprintf(s->name, sizeof(s->name), "%s/%s", store->name, path);
	fd = open_regular_beneath(store->fd, path);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, REASON_FAILED,
			"%s: expected the image in the store, found no such file",
			s->name);
	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected a regular file", s->name);
	return fd;
}

int subject_of_store(struct subject *s, const struct store *store,
	const char *hex, bool raw, struct err *e)
{
	char found[DIGEST_HEX_MAX];
	struct digest named;
	AUTO_FD int fd = -1;

	memset(s, 0, sizeof(*s));
	s->dirfd = -1;
	if (!digest_from_hex(&named, hex, strlen(hex)))
		return err_set(e, REASON_FAILED,
			"%s: expected a digest of 64 or 128 lower-case hex digits, found something else",
			hex);
	fd = open_object(s, store, &named, e);
	if (fd < 0 || compute(s, fd, named.algorithm, raw, e) != 0)
		return -1;
	if (!digest_equal(&named, &s->digest)) {
		digest_to_hex(&s->digest, found);
		err_set(e, REASON_FAILED,
			"%s: expected the digest that it is named by, found %s: it was changed or damaged",
			s->name, found);
		return err_hint(e,
			"rootwright check finds every damaged object; build the image again");
	}
	s->dirfd = fcntl(store->fd, F_DUPFD_CLOEXEC, 3);
	if (s->dirfd < 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			store->name);
	snprintf(s->dir, sizeof(s->dir), "%s", store->name);
	s->subdirectory = "signatures";
	snprintf(s->signature, sizeof(s->signature), "signatures/%s.p7s", hex);
	snprintf(s->place, sizeof(s->place), "%s/%.200s", s->dir, s->signature);
	return 0;
}

void subject_close(struct subject *s)
{
	if (s->tbs_n && s->dirfd >= 0)
		close(s->dirfd);
	s->tbs_n = 0;
}

int subject_load(const struct subject *s, const char *path, uint8_t *buf,
	size_t *n, struct err *e)
{
	AUTO_FD int fd = -1;
	ssize_t r;

	if (!path)
		return signature_load(s->dirfd, s->signature, buf, n, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -1 : read_all(fd, buf, SIGNATURE_MAX);
	if (r < 0)
		return err_sys(e, REASON_SIGNATURE_INVALID, errno,
			"signature: %s: expected a file of at most %d bytes",
			path, SIGNATURE_MAX);
	*n = r;
	return 0;
}

/* The directory in which the signature's last name lies. */
static int open_place(const struct subject *s, const char **base)
{
	if (!s->subdirectory) {
		*base = s->signature;
		return fcntl(s->dirfd, F_DUPFD_CLOEXEC, 3);
	}
	*base = s->signature + strlen(s->subdirectory) + 1;
	if (mkdirat(s->dirfd, s->subdirectory, 0755) != 0 && errno != EEXIST)
		return -1;
	return openat(s->dirfd, s->subdirectory,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int subject_store(const struct subject *s, const uint8_t *bytes, size_t n,
	bool replace, struct err *e)
{
	const char *base;
	AUTO_FD int fd = open_place(s, &base);
	struct pending p;
	ssize_t r;

	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: no signature can be put there", s->dir);
	if (pending_open(&p, fd, s->dir, 0644, e) != 0)
		return -1;
	for (; n > 0; bytes += r, n -= r) {
		r = write(p.fd, bytes, n);
		if (r < 0 && errno == EINTR)
			r = 0;
		if (r < 0) {
			err_sys(e, REASON_FAILED, errno,
				"%s: cannot be written", s->place);
			pending_abort(&p);
			return -1;
		}
	}
	return pending_publish(&p, base, replace, true, e);
}
