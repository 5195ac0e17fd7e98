/* SPDX-License-Identifier: MIT */
#include "tool/object.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/compute.h"
#include "tool/object_private.h"
#include "tool/seal.h"

const char *below_objects(const char *path)
{
	return path + strlen("objects/");
}

const char *object_name(const struct object_writer *w, const struct digest *d,
	char out[static PATH_MAX + OBJECT_PATH_MAX])
{
	char path[OBJECT_PATH_MAX];

	digest_object_path(d, path);
	snprintf(out, PATH_MAX + OBJECT_PATH_MAX, "%s/%s", w->store->name,
		w->store->flat ? below_objects(path) : path);
	return out;
}

static int damaged(const struct object_writer *w, struct err *e)
{
	return err_hint(e,
		"rootwright check %s lists what is damaged: remove those objects, and build again",
		w->store->name);
}

/* Hashes an object that has no fs-verity, and enables it. */
static int seal_late(struct object_writer *w, int fd, const char *name,
	const struct digest *d, uint64_t size, struct err *e)
{
	struct digest found;
	int r;

	if (compute_fd(fd, name, size, d->algorithm, &found, e) != 0)
		return -1;
	if (!digest_equal(&found, d)) {
		err_set(e, REASON_FAILED,
			"%s: expected the content that its name says, found other content",
			name);
		return damaged(w, e);
	}
	/* Twins come to the same object, and the kernel takes but one. */
	pthread_mutex_lock(&w->late);
	r = seal_file(fd, name, d, e);
	pthread_mutex_unlock(&w->late);
	if (r == SEAL_UNSUPPORTED)
		w->stats.unsealed = true;
	return r < 0 ? -1 : 0;
}

static int check_seal(struct object_writer *w, int fd, const char *name,
	const struct digest *d, uint64_t size, struct err *e)
{
	struct digest found;
	char hex[DIGEST_HEX_MAX];

	if (w->stats.unsealed)
		return 0;
	if (verity_measure(fd, &found) != 0) {
		if (errno == ENODATA)
			return seal_late(w, fd, name, d, size, e);
		w->stats.unsealed = true;
		return 0;
	}
	if (digest_equal(&found, d))
		return 0;
	digest_to_hex(&found, hex);
	err_set(e, REASON_FAILED,
		"%s: expected the fs-verity digest that its name says, found %s",
		name, hex);
	return damaged(w, e);
}

/* Is objects/ab a directory of its own, no link and no mount? Asked once. */
static bool is_own_dir(struct object_writer *w, const char *path, uint8_t ab)
{
	struct stat dir, objects;
	char name[3] = { path[0], path[1], '\0' };

	if (w->own[ab])
		return true;
	if (fstatat(w->store->objects, name, &dir, AT_SYMLINK_NOFOLLOW) != 0 ||
		fstat(w->store->objects, &objects) != 0)
		return false;
	w->own[ab] = S_ISDIR(dir.st_mode) && dir.st_dev == objects.st_dev;
	return w->own[ab];
}

/*
 * Without fs-verity only type and size can be asked, and that without opening
 * the object. 1: as it should be; 0: it is not there; -1: look closer.
 */
static int look_plain(
	struct object_writer *w, const char *path, uint8_t ab, uint64_t size)
{
	struct stat st;

	if (!w->stats.unsealed || !is_own_dir(w, path, ab))
		return -1;
	if (fstatat(w->store->objects, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size == size ? 1 : -1;
}

int object_is_there(struct object_writer *w, const struct digest *d,
	uint64_t size, struct err *e)
{
	char path[PATH_MAX + OBJECT_PATH_MAX], object[OBJECT_PATH_MAX];
	const char *name;
	struct stat st;
	int plain;

	digest_object_path(d, object);
	plain = look_plain(w, below_objects(object), d->bytes[0], size);
	if (plain >= 0)
		return plain;
	AUTO_FD
	int fd = open_regular_beneath(w->store->objects, below_objects(object));

	if (fd < 0 && errno == ENOENT)
		return 0;
	name = object_name(w, d, path);
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_sys(e, REASON_FAILED, errno,
			"%s: cannot be opened as an object", name);
		return damaged(w, e);
	}
	if ((uint64_t)st.st_size != size) {
		err_set(e, REASON_FAILED,
			"%s: expected an object of %llu bytes, found %llu",
			name, (unsigned long long)size,
			(unsigned long long)st.st_size);
		return damaged(w, e);
	}
	return check_seal(w, fd, name, d, size, e) == 0 ? 1 : -1;
}

/* 1: nothing to do, the object waits or is there. */
static int is_known(struct object_writer *w, const struct digest *d,
	uint64_t size, struct err *e)
{
	int r;

	if (batch_has(w, d, size))
		return 1;
	r = object_is_there(w, d, size, e);
	if (r == 1)
		object_count_shared(w, size);
	return r;
}

/* Takes the file over, whatever it returns. */
static int add_file(struct object_writer *w, struct pending *p,
	const struct digest *d, uint64_t size, struct err *e)
{
	char path[PATH_MAX + OBJECT_PATH_MAX];
	const char *name = object_name(w, d, path);
	int r = 0;

	if (w->chmod && fchmod(p->fd, OBJECT_MODE) != 0)
		r = err_sys(
			e, REASON_FAILED, errno, "%s: cannot be written", name);
	else if (!w->stats.unsealed)
		r = pending_freeze(p, name, e);
	if (r == 0)
		return batch_add(w, p, d, size, e);
	pending_abort(p);
	return -1;
}

static int new_file(
	const struct object_writer *w, struct pending *p, struct err *e)
{
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s/objects", w->store->name);
	return pending_open(p, w->store->objects, name, OBJECT_MODE, e);
}

static int write_all(int fd, const void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? n : 0;
	}
	return 0;
}

int object_put_hashed(struct object_writer *w, const void *bytes, size_t size,
	const char *name, const struct digest *d, struct err *e)
{
	struct pending p;
	int r = is_known(w, d, size, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (new_file(w, &p, e) != 0)
		return -1;
	if (write_all(p.fd, bytes, size) != 0) {
		err_sys(e, REASON_FAILED, errno, "%s: cannot be stored in %s",
			name, w->store->name);
		pending_abort(&p);
		return -1;
	}
	return add_file(w, &p, d, size, e);
}

/* By its name in the tree nobody may change it, now or later. */
static int seal_source(struct object_writer *w, int fd, const char *name,
	const struct digest *d, struct err *e)
{
	struct stat file, store;
	int r;

	if (fstat(fd, &file) != 0 || fstat(w->store->objects, &store) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", name);
	if (file.st_dev != store.st_dev) {
		err_set(e, REASON_FAILED,
			"%s: expected a file on the file system of the store %s, found one on another",
			name, w->store->name);
		return err_hint(e, "without --hardlink files are copied");
	}
	r = seal_file(fd, name, d, e);
	if (r == SEAL_UNSUPPORTED)
		return err_set(e, REASON_FAILED,
			"%s: expected a file that fs-verity can be enabled for, found that it cannot",
			name);
	return r;
}

int object_put_link(struct object_writer *w, int fd, const char *name,
	uint64_t size, const struct digest *d, struct err *e)
{
	struct pending p = { .dirfd = w->store->objects, .fd = fd };
	int r = is_known(w, d, size, e);

	if (r == 0)
		r = seal_source(w, fd, name, d, e) == 0 ? 0 : -1;
	if (r == 0)
		return batch_add(w, &p, d, size, e);
	pending_abort(&p);
	return r < 0 ? -1 : 0;
}

int object_put_bytes(struct object_writer *w, const void *bytes, size_t size,
	const char *name, struct digest *d, struct err *e)
{
	if (compute_bytes(bytes, size, name, w->store->algorithm, d, e) != 0)
		return -1;
	return object_put_hashed(w, bytes, size, name, d, e);
}

/* A file that has its content, with r, that of hashing it; takes it over. */
static int put_copy(struct object_writer *w, struct pending *p, int r,
	const struct digest *d, uint64_t size, struct err *e)
{
	if (r == 0)
		r = is_known(w, d, size, e);
	if (r == 0)
		return add_file(w, p, d, size, e);
	pending_abort(p);
	return r < 0 ? -1 : 0;
}

/*
 * 1: the file shares the blocks of fd, where their file system can do that;
 * 0: it is still empty. What is hashed is then the clone, which nobody else
 * can write to; a source that grew before is cut to what was said of it.
 */
static int share_blocks(const struct pending *p, int fd, const char *name,
	uint64_t size, struct err *e)
{
	struct stat st;

	if (lseek(fd, 0, SEEK_CUR) != 0 || ioctl(p->fd, FICLONE, fd) != 0)
		return 0;
	if (fstat(p->fd, &st) == 0 &&
		((uint64_t)st.st_size <= size ||
			ftruncate(p->fd, (off_t)size) == 0))
		return 1;
	return err_sys(e, REASON_FAILED, errno, "%s: cannot be stored", name);
}

/* want is NULL, or the digest that it must have. */
static int put_from(struct object_writer *w, const struct compute_reader *from,
	const char *name, uint64_t size, const struct digest *want,
	struct digest *d, struct err *e)
{
	struct pending p;
	int r;

	if (new_file(w, &p, e) != 0)
		return -1;
	r = compute_from(from, p.fd, name, size, w->store->algorithm, d, e);
	if (r == 0 && want && !digest_equal(d, want))
		r = err_set(e, REASON_FAILED,
			"%s: expected the content that its name says, found other content",
			name);
	return put_copy(w, &p, r, d, size, e);
}

int object_put_from(struct object_writer *w, const struct compute_reader *from,
	const char *name, uint64_t size, struct digest *d, struct err *e)
{
	return put_from(w, from, name, size, NULL, d, e);
}

int object_put_wanted(struct object_writer *w,
	const struct compute_reader *from, const char *name, uint64_t size,
	const struct digest *want, struct err *e)
{
	struct digest d;

	return put_from(w, from, name, size, want, &d, e);
}

int object_put(struct object_writer *w, int fd, const char *name, uint64_t size,
	struct digest *d, struct err *e)
{
	struct pending p;
	int r;

	if (new_file(w, &p, e) != 0)
		return -1;
	r = share_blocks(&p, fd, name, size, e);
	if (r == 1)
		r = compute_fd(p.fd, name, size, w->store->algorithm, d, e);
	else if (r == 0)
		r = compute_copy(
			fd, p.fd, name, size, w->store->algorithm, d, e);
	return put_copy(w, &p, r, d, size, e);
}
