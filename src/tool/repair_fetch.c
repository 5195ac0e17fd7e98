/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/publish.h"
#include "tool/repair_private.h"
#include "tool/seal.h"

static int failed(const struct store *s, const char *path, struct err *e)
{
	return err_sys(e, REASON_FAILED, errno, "%s/%s: cannot be replaced",
		s->name, path);
}

static int copy(struct origin_file *f, struct pending *p,
	const struct digest *want, struct err *e)
{
	const struct compute_reader from = { f, origin_file_read };
	struct digest found;

	if (compute_from(&from, p->fd, f->name, f->size, want->algorithm,
		    &found, e) != 0)
		return -1;
	if (digest_equal(&found, want))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected the content that its name says, found other content",
		f->name);
}

/* The directory objects/ab is there, and on disk, when this returns 0. */
static int make_parent(const struct store *s, const char *path, struct err *e)
{
	char dir[] = "objects/00";

	memcpy(dir, path, strlen(dir));
	if (mkdirat(s->fd, dir, 0755) == 0)
		return syncfs(s->fd) == 0 ? 0 : failed(s, path, e);
	return errno == EEXIST ? 0 : failed(s, path, e);
}

/* Takes the file over: on disk and sealed it gets its name. */
static int replace(const struct store *s, struct pending *p, const char *path,
	const struct digest *d, struct err *e)
{
	char name[PATH_MAX + OBJECT_PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s", s->name, path);
	if (fchmod(p->fd, 0644) != 0 || fsync(p->fd) != 0)
		return failed(s, path, e);
	if (pending_freeze(p, name, e) != 0 ||
		seal_file(p->fd, name, d, e) < 0 || make_parent(s, path, e))
		return -1;
	if (pending_name(p, path + strlen("objects/"), true) != 0 ||
		syncfs(s->fd) != 0)
		return failed(s, path, e);
	return 0;
}

static int put(const struct store *s, struct origin_file *f, const char *path,
	const struct digest *d, struct err *e)
{
	struct pending p;
	int r;

	if (pending_open(&p, s->objects, s->name, 0600, e) != 0)
		return -1;
	r = copy(f, &p, d, e);
	if (r == 0)
		r = replace(s, &p, path, d, e);
	pending_abort(&p);
	return r;
}

int repair_fetch(
	struct repair *r, const struct digest *d, uint64_t size, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	struct origin_file f;
	int result;

	digest_object_path(d, path);
	result = origin_file_open(&r->from, path, &f, e);
	if (result == 0)
		return err_set(e, REASON_FAILED,
			"%s: expected the object, found none", f.name);
	if (result < 0)
		return -1;
	if (size != WANTED_ANY && f.size != size)
		result = err_set(e, REASON_FAILED,
			"%s: expected %llu bytes, as the image says, found %llu",
			f.name, (unsigned long long)size,
			(unsigned long long)f.size);
	else
		result = put(&r->roots.store, &f, path, d, e);
	origin_file_close(&f);
	if (result == 0)
		r->repaired_bytes += f.size;
	return result;
}
