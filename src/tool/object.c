/* SPDX-License-Identifier: MIT */
#include "tool/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/compute.h"
#include "tool/seal.h"

#define BUFFER_SIZE (1 << 20) /* files up to this are hashed in memory */
#define BATCH_MAX 4096	      /* objects that wait, each with an open fd */
#define BATCH_MIN 16
#define FDS_RESERVED 128 /* for everything but the batch */

/* Each object that waits needs an fd: take all that we may have. */
static unsigned batch_size(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return BATCH_MIN;
	if (r.rlim_cur < r.rlim_max && r.rlim_cur < BATCH_MAX + FDS_RESERVED) {
		r.rlim_cur = r.rlim_max < BATCH_MAX + FDS_RESERVED
				     ? r.rlim_max
				     : BATCH_MAX + FDS_RESERVED;
		if (setrlimit(RLIMIT_NOFILE, &r) != 0 ||
			getrlimit(RLIMIT_NOFILE, &r) != 0)
			return BATCH_MIN;
	}
	if (r.rlim_cur < BATCH_MIN + FDS_RESERVED)
		return BATCH_MIN;
	return r.rlim_cur - FDS_RESERVED < BATCH_MAX ? r.rlim_cur - FDS_RESERVED
						     : BATCH_MAX;
}

int object_writer_open(struct object_writer *w, struct store *s, struct err *e)
{
	memset(w, 0, sizeof(*w));
	w->store = s;
	w->max = batch_size();
	w->buffer = malloc(BUFFER_SIZE);
	w->batch = malloc(w->max * sizeof(*w->batch));
	w->index = calloc(2 * w->max, sizeof(*w->index));
	if (w->buffer && w->batch && w->index)
		return 0;
	object_writer_close(w);
	return err_set(e, REASON_FAILED, "%s: out of memory", s->name);
}

static void forget_batch(struct object_writer *w)
{
	for (unsigned i = 0; i < w->n; i++)
		pending_abort(&w->batch[i].file);
	w->n = 0;
	if (w->index)
		memset(w->index, 0, 2 * w->max * sizeof(*w->index));
}

void object_writer_close(struct object_writer *w)
{
	forget_batch(w);
	free(w->buffer);
	free(w->batch);
	free(w->index);
	w->buffer = NULL;
	w->batch = NULL;
	w->index = NULL;
}

/* The digest's place in the index: free, or that of the same digest. */
static uint32_t *find_waiting(struct object_writer *w, const struct digest *d)
{
	uint32_t at;

	memcpy(&at, d->bytes, sizeof(at));
	for (at %= 2 * w->max;; at = (at + 1) % (2 * w->max)) {
		uint32_t i = w->index[at];

		if (!i || digest_equal(&w->batch[i - 1].digest, d))
			return &w->index[at];
	}
}

/* "objects/ab/cdef...", or what of it is below the directory of objects. */
static const char *below_objects(const char *path)
{
	return path + strlen("objects/");
}

/* "<store>/objects/ab/cdef...", for messages. */
static const char *object_name(const struct object_writer *w,
	const struct digest *d, char out[static PATH_MAX + OBJECT_PATH_MAX])
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
	r = seal_file(fd, name, d, e);
	if (r == SEAL_UNSUPPORTED)
		w->stats.unsealed = true;
	return r < 0 ? -1 : 0;
}

static int check_seal(struct object_writer *w, int fd, const char *name,
	const struct digest *d, uint64_t size, struct err *e)
{
	struct digest found;
	char hex[DIGEST_HEX_MAX];

	if (verity_measure(fd, &found) != 0) {
		if (errno == ENODATA && !w->stats.unsealed)
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

/* 1: the store has the object, whole; 0: it has not; -1: it is damaged. */
static int is_there(struct object_writer *w, const struct digest *d,
	uint64_t size, struct err *e)
{
	char path[PATH_MAX + OBJECT_PATH_MAX], object[OBJECT_PATH_MAX];
	const char *name;
	struct stat st;

	digest_object_path(d, object);
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

static void count_shared(struct object_writer *w, uint64_t size)
{
	w->stats.shared++;
	w->stats.shared_bytes += size;
}

/* 1: nothing to do, the object waits or is there. */
static int is_known(struct object_writer *w, const struct digest *d,
	uint64_t size, struct err *e)
{
	int r = *find_waiting(w, d) ? 1 : is_there(w, d, size, e);

	if (r == 1)
		count_shared(w, size);
	return r;
}

/* Takes the file over, whatever it returns. */
static int add_waiting(struct object_writer *w, struct pending *p,
	const struct digest *d, uint64_t size, struct err *e)
{
	char path[PATH_MAX + OBJECT_PATH_MAX];
	const char *name = object_name(w, d, path);
	int r;

	/* Not the umask's business: who may read is the directory's. */
	if (fchmod(p->fd, 0644) != 0)
		r = err_sys(
			e, REASON_FAILED, errno, "%s: cannot be written", name);
	else
		r = pending_freeze(p, name, e);
	if (r != 0) {
		pending_abort(p);
		return -1;
	}
	w->batch[w->n++] = (struct waiting){
		.digest = *d,
		.size = size,
		.file = *p,
	};
	*find_waiting(w, d) = w->n;
	return w->n == w->max ? object_flush(w, e) : 0;
}

static int new_file(
	const struct object_writer *w, struct pending *p, struct err *e)
{
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s/objects", w->store->name);
	return pending_open(p, w->store->objects, name, 0600, e);
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

int object_put_bytes(struct object_writer *w, const void *bytes, size_t size,
	const char *name, struct digest *d, struct err *e)
{
	struct pending p;
	int r;

	if (compute_bytes(bytes, size, name, w->store->algorithm, d, e) != 0)
		return -1;
	r = is_known(w, d, size, e);
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
	return add_waiting(w, &p, d, size, e);
}

/* A file that is too large for memory is hashed while it is copied. */
static int put_large(struct object_writer *w, const struct compute_reader *from,
	const char *name, uint64_t size, struct digest *d, struct err *e)
{
	struct pending p;
	int r;

	if (new_file(w, &p, e) != 0)
		return -1;
	r = compute_from(from, p.fd, name, size, w->store->algorithm, d, e);
	if (r == 0)
		r = is_known(w, d, size, e);
	if (r == 0)
		return add_waiting(w, &p, d, size, e);
	pending_abort(&p);
	return r < 0 ? -1 : 0;
}

int object_put_from(struct object_writer *w, const struct compute_reader *from,
	const char *name, uint64_t size, struct digest *d, struct err *e)
{
	size_t done = 0;

	if (size > BUFFER_SIZE)
		return put_large(w, from, name, size, d, e);
	while (done < size) {
		ssize_t n =
			from->read(from->ctx, w->buffer + done, size - done, e);

		if (n < 0)
			return -1;
		if (n == 0)
			return compute_short(name, size, e);
		done += (size_t)n;
	}
	return object_put_bytes(w, w->buffer, size, name, d, e);
}

int object_put(struct object_writer *w, int fd, const char *name, uint64_t size,
	struct digest *d, struct err *e)
{
	struct compute_file f = { fd, name };
	const struct compute_reader from = { &f, compute_read_file };

	return object_put_from(w, &from, name, size, d, e);
}

static int make_dir(
	struct object_writer *w, const struct digest *d, struct err *e)
{
	char name[3];

	if (w->made[d->bytes[0]])
		return 0;
	snprintf(name, sizeof(name), "%02x", d->bytes[0]);
	if (mkdirat(w->store->objects, name, 0755) != 0 && errno != EEXIST)
		return err_sys(e, REASON_FAILED, errno,
			"%s/objects/%s: cannot be created", w->store->name,
			name);
	w->made[d->bytes[0]] = true;
	return 0;
}

static int publish(struct object_writer *w, struct waiting *o, struct err *e)
{
	char path[PATH_MAX + OBJECT_PATH_MAX], object[OBJECT_PATH_MAX];
	const char *name = object_name(w, &o->digest, path);
	int r = SEAL_UNSUPPORTED;

	if (!w->stats.unsealed)
		r = seal_file(o->file.fd, name, &o->digest, e);
	if (r < 0 || make_dir(w, &o->digest, e) != 0)
		return -1;
	if (r == SEAL_UNSUPPORTED)
		w->stats.unsealed = true;
	digest_object_path(&o->digest, object);
	if (pending_name(&o->file, below_objects(object), false) == 0) {
		w->stats.new ++;
		w->stats.new_bytes += o->size;
		return 0;
	}
	if (errno != EEXIST)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be put in place", name);
	/* Another builder was quicker: its object is as good, if whole. */
	if (is_there(w, &o->digest, o->size, e) < 0)
		return -1;
	count_shared(w, o->size);
	return 0;
}

static int sync_store(struct object_writer *w, struct err *e)
{
	if (syncfs(w->store->fd) != 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be written",
			w->store->name);
	return 0;
}

int object_flush(struct object_writer *w, struct err *e)
{
	int r = 0;

	if (w->n == 0)
		return 0;
	r = sync_store(w, e);
	for (unsigned i = 0; r == 0 && i < w->n; i++)
		r = publish(w, &w->batch[i], e);
	forget_batch(w);
	return r == 0 ? sync_store(w, e) : -1;
}
