/* SPDX-License-Identifier: MIT */
#include "tool/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/compute.h"
#include "tool/meta.h"
#include "tool/publish.h"
#include "tool/seal.h"
#include "tool/tool.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* 1: read; 0: there is no meta.json; -1: refused. */
static int read_meta(struct store *s, struct meta *m, struct err *e)
{
	char text[META_MAX], name[PATH_MAX + 16];
	AUTO_FD
	int fd = open_regular_beneath(s->fd, "meta.json");
	struct digest d;
	ssize_t n;

	snprintf(name, sizeof(name), "%s/meta.json", s->name);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	n = read_all(fd, text, sizeof(text));
	if (n < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", name);
	if (meta_parse(m, name, text, n, e) != 0)
		return -1;
	s->algorithm = m->algorithm;
	memcpy(s->read_only, m->read_only, sizeof(s->read_only));
	s->sealed = verity_measure(fd, &d) == 0;
	return 1;
}

/* Waits while a gc has the store; says so, for that may take long. */
static int lock(struct store *s, struct err *e)
{
	int r = flock(s->fd, LOCK_SH | LOCK_NB);

	if (r != 0 && errno == EWOULDBLOCK) {
		tool_say("%s: another program has locked the store: waiting",
			s->name);
		r = flock(s->fd, LOCK_SH);
	}
	return r == 0 ? 0
		      : err_sys(e, REASON_FAILED, errno, "%s: cannot be locked",
				s->name);
}

static int open_dir(struct store *s, const char *dir, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->objects = -1;
	snprintf(s->name, sizeof(s->name), "%s", dir);
	s->fd = open(dir, DIR_FLAGS);
	if (s->fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be opened as a store", dir);
	return 0;
}

static int open_objects(struct store *s, struct err *e)
{
	s->objects = openat(s->fd, "objects", DIR_FLAGS | O_NOFOLLOW);
	if (s->objects < 0 && errno != ENOENT)
		return err_sys(e, REASON_FAILED, errno,
			"%s/objects: cannot be opened", s->name);
	return 0;
}

static int no_meta(struct store *s, struct err *e)
{
	err_set(e, REASON_FAILED,
		"%s: expected a store, found a directory without meta.json",
		s->name);
	return err_hint(e,
		"rootwright build --store makes a store of a new or empty directory; cfsctl init adds a meta.json to an old composefs-rs repository");
}

int store_open(struct store *s, const char *dir, struct err *e)
{
	struct meta m;
	int r;

	if (open_dir(s, dir, e) != 0)
		return -1;
	r = lock(s, e) == 0 ? read_meta(s, &m, e) : -1;
	if (r == 0)
		no_meta(s, e);
	if (r == 1 && open_objects(s, e) == 0)
		return 0;
	store_close(s);
	return -1;
}

int store_open_flat(struct store *s, const char *dir, struct err *e)
{
	if (open_dir(s, dir, e) != 0)
		return -1;
	s->flat = true;
	return 0;
}

const char *store_path(const struct store *s, const char *object_path)
{
	return object_path + (s->flat ? strlen("objects/") : 0);
}

/* Calls each for the names in a directory, until one gives not 0. */
static int each_name(int dirfd, int (*each)(int dirfd, const char *name))
{
	AUTO_FD int fd = openat(dirfd, ".", DIR_FLAGS);
	struct dir dir = { .fd = fd };
	const char *name;
	int r = 0;

	if (fd < 0)
		return -1;
	while (r == 0 && (name = dir_next(&dir)))
		r = each(dirfd, name);
	errno = dir.error;
	return r == 0 && dir.error ? -1 : r;
}

/* A new ext4 is as good as an empty directory, and so is another's start. */
static int is_foreign(int dirfd, const char *name)
{
	(void)dirfd;
	return strcmp(name, "lost+found") != 0 &&
	       strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY)) != 0;
}

static int remove_temporary(int dirfd, const char *name)
{
	if (!strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY)))
		unlinkat(dirfd, name, 0);
	return 0;
}

/*
 * Files under temporary names exist only where the file system has no
 * O_TMPFILE, and stay only when a builder was killed. Whoever holds the lock
 * alone may take them away.
 */
static void sweep(struct store *s)
{
	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		return;
	each_name(s->fd, remove_temporary);
	if (s->objects >= 0)
		each_name(s->objects, remove_temporary);
}

static int write_meta(struct store *s, enum hash_algorithm a, struct err *e)
{
	char text[512], name[PATH_MAX + 16];
	size_t n = meta_format(text, sizeof(text), a);
	struct pending p;
	struct digest d;
	int r;

	snprintf(name, sizeof(name), "%s/meta.json", s->name);
	if (compute_bytes(text, n, name, a, &d, e) != 0 ||
		pending_open(&p, s->fd, s->name, 0644, e) != 0)
		return -1;
	if (write(p.fd, text, n) != (ssize_t)n || fsync(p.fd) != 0)
		r = err_sys(
			e, REASON_FAILED, errno, "%s: cannot be written", name);
	else
		r = pending_freeze(&p, name, e);
	if (r == 0)
		r = seal_file(p.fd, name, &d, e);
	/* EEXIST: another builder was quicker, and we read what it wrote. */
	if (r >= 0 && pending_name(&p, "meta.json", false) != 0 &&
		errno != EEXIST)
		r = err_sys(e, REASON_FAILED, errno,
			"%s: cannot be put in place", name);
	pending_abort(&p);
	return r < 0 ? -1 : 0;
}

static int make_meta(
	struct store *s, struct meta *m, enum hash_algorithm a, struct err *e)
{
	int r = read_meta(s, m, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	r = each_name(s->fd, is_foreign);
	if (r < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", s->name);
	if (r > 0)
		return no_meta(s, e);
	if (write_meta(s, a ? a : HASH_SHA256, e) != 0)
		return -1;
	r = read_meta(s, m, e);
	return r == 0 ? no_meta(s, e) : r < 0 ? -1 : 0;
}

static int make_dir(struct store *s, const char *name, struct err *e)
{
	if (mkdirat(s->fd, name, 0755) == 0 || errno == EEXIST)
		return 0;
	return err_sys(e, REASON_FAILED, errno, "%s/%s: cannot be created",
		s->name, name);
}

int store_may_write(const struct store *s, struct err *e)
{
	if (!s->read_only[0])
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected a store that we may write, found the read-only-compatible feature \"%s\"",
		s->name, s->read_only);
}

static int may_write(struct store *s, const struct meta *m,
	enum hash_algorithm a, struct err *e)
{
	if (a && m->algorithm != a) {
		err_set(e, REASON_FAILED,
			"%s: expected a store of %s, found one of %s", s->name,
			meta_algorithm(a), meta_algorithm(m->algorithm));
		return err_hint(e,
			"name another directory with --store: a store holds objects of one algorithm");
	}
	return store_may_write(s, e);
}

int store_create(
	struct store *s, const char *dir, enum hash_algorithm a, struct err *e)
{
	struct meta m;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be created", dir);
	if (open_dir(s, dir, e) != 0)
		return -1;
	if (lock(s, e) == 0 && make_meta(s, &m, a, e) == 0 &&
		may_write(s, &m, a, e) == 0 && make_dir(s, "objects", e) == 0 &&
		open_objects(s, e) == 0) {
		sweep(s);
		/* Also takes a lock back that only sweep needed. */
		if (lock(s, e) == 0)
			return 0;
	}
	store_close(s);
	return -1;
}

void store_close(struct store *s)
{
	if (s->objects >= 0)
		close(s->objects);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = s->objects = -1;
}

/* A symbolic link that is there already must say the same. */
static int make_link(
	struct store *s, const char *target, const char *name, struct err *e)
{
	char found[PATH_MAX];
	ssize_t n;

	if (symlinkat(target, s->fd, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, REASON_FAILED, errno,
			"%s/%s: cannot be created", s->name, name);
	n = readlinkat(s->fd, name, found, sizeof(found) - 1);
	if (n >= 0) {
		found[n] = '\0';
		if (!strcmp(found, target))
			return 0;
	}
	err_set(e, REASON_FAILED,
		"%s/%s: expected a symbolic link to %s, found %s", s->name,
		name, target, n < 0 ? "something else" : found);
	return err_hint(
		e, "rootwright check %s finds what is wrong there", s->name);
}

int store_add_image(struct store *s, const struct digest *d, struct err *e)
{
	char hex[DIGEST_HEX_MAX], target[OBJECT_PATH_MAX + 8], name[PATH_MAX];

	digest_to_hex(d, hex);
	if (make_dir(s, "images", e) != 0 ||
		make_dir(s, "images/refs", e) != 0 ||
		make_dir(s, STORE_REFS, e) != 0)
		return -1;
	memcpy(target, "../", 3);
	digest_object_path(d, target + 3);
	snprintf(name, sizeof(name), "images/%s", hex);
	if (make_link(s, target, name, e) != 0)
		return -1;
	snprintf(target, sizeof(target), "../../%s", hex);
	snprintf(name, sizeof(name), STORE_REFS "/%s", hex);
	if (make_link(s, target, name, e) != 0)
		return -1;
	if (syncfs(s->fd) != 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be written",
			s->name);
	return 0;
}
