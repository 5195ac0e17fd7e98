/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/ext4_verity.h"
#include "tool/transfer.h"

#define BLOCK 4096
/* Images, signatures and manifests, and the directories that hold them. */
#define SMALL_FILES (128 * 1024)
/* What a directory needs for one more object: its name and some slack. */
#define ENTRY 160

static int damaged(const struct transfer *t, struct err *e)
{
	return err_hint(e,
		"rootwright repair --store %s fetches again what is damaged",
		t->dir);
}

/* 1: it is there, as far as can be told without reading it; 0: it is not. */
static int is_there(
	struct transfer *t, const struct wanted_object *o, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	struct digest found;
	struct stat st;

	if (t->to.fd < 0)
		return 0;
	digest_object_path(&o->digest, path);

	AUTO_FD int fd = open_regular_beneath(t->to.fd, path);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_sys(e, REASON_FAILED, errno,
			"%s/%s: cannot be opened as an object", t->dir, path);
		return damaged(t, e);
	}
	if ((uint64_t)st.st_size != o->size) {
		err_set(e, REASON_FAILED,
			"%s/%s: expected an object of %llu bytes, found %llu",
			t->dir, path, (unsigned long long)o->size,
			(unsigned long long)st.st_size);
		return damaged(t, e);
	}
	if (verity_measure(fd, &found) != 0)
		/* One that could be sealed and is not: the writer does that. */
		return errno != ENODATA;
	if (digest_equal(&found, &o->digest))
		return 1;
	err_set(e, REASON_FAILED,
		"%s/%s: expected the fs-verity digest that its name says, found another",
		t->dir, path);
	return damaged(t, e);
}

/* Leaves in the list what is missing. */
static int find_missing(struct transfer *t, bool *directories, struct err *e)
{
	struct wanted *w = &t->objects;
	size_t missing = 0;

	t->n = w->n;
	for (size_t i = 0; i < w->n; i++) {
		const struct wanted_object o = w->list[i];
		int r = is_there(t, &o, e);

		if (r < 0)
			return -1;
		t->bytes += o.size;
		if (r)
			continue;
		t->missing_bytes += o.size;
		t->space +=
			BLOCK * ext4_verity_blocks(o.size, o.digest.algorithm);
		directories[o.digest.bytes[0]] = true;
		w->list[missing++] = o;
	}
	t->missing = w->n = missing;
	return 0;
}

/* A store that is not there yet will lie where its parent lies. */
static int ask_free(const struct transfer *t, struct statvfs *v)
{
	char path[PATH_MAX];
	char *slash;

	if (t->to.fd >= 0)
		return fstatvfs(t->to.fd, v);
	snprintf(path, sizeof(path), "%s", t->dir);
	for (;;) {
		if (statvfs(path, v) == 0)
			return 0;
		slash = strrchr(path, '/');
		if (errno != ENOENT)
			return -1;
		if (!slash)
			return statvfs(".", v);
		slash[slash == path] = '\0';
	}
}

static int is_room(struct transfer *t, struct err *e)
{
	if (t->space > t->space_free) {
		err_set(e, REASON_FAILED,
			"%s: expected %llu bytes free for %llu objects, found %llu",
			t->dir, (unsigned long long)t->space,
			(unsigned long long)t->missing,
			(unsigned long long)t->space_free);
		return err_hint(e,
			"remove a release, then rootwright gc --store %s",
			t->dir);
	}
	if (t->inodes_counted && t->inodes > t->inodes_free)
		return err_set(e, REASON_FAILED,
			"%s: expected %llu inodes free for %llu objects, found %llu",
			t->dir, (unsigned long long)t->inodes,
			(unsigned long long)t->missing,
			(unsigned long long)t->inodes_free);
	return 0;
}

int transfer_plan(struct transfer *t, struct err *e)
{
	bool directories[256] = { false };
	struct statvfs v;

	if (wanted_sort(&t->objects, e) != 0 ||
		find_missing(t, directories, e) != 0)
		return -1;
	if (ask_free(t, &v) != 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot tell how much room there is", t->dir);
	t->inodes = t->missing + 16;
	t->space += t->missing * ENTRY + SMALL_FILES;
	for (unsigned i = 0; i < 256; i++)
		if (directories[i]) {
			t->space += BLOCK;
			t->inodes++;
		}
	t->space_free = (uint64_t)v.f_bavail * v.f_frsize;
	t->inodes_free = v.f_favail;
	t->inodes_counted = v.f_files != 0;
	return is_room(t, e);
}
