/* SPDX-License-Identifier: MIT */
#include "tool/disk_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/compute.h"
#include "tool/disk_store.h"
#include "tool/ext4_list.h"
#include "tool/ext4_verity.h"
#include "tool/meta.h"
#include "tool/progress.h"
#include "tool/threads.h"
#include "tool/view.h"

#define PATH_SIZE 600 /* "objects/", two names of 255 bytes at most */
#define WAITING 256   /* objects that are read on all processors */

/* An object that is to be looked at, and what was found. */
struct entry {
	char path[OBJECT_PATH_MAX];
	struct digest want;
	struct ext4_file file;
	struct ext4_verity found;
	char *unreadable; /* why it is; from malloc */
};

struct walk {
	struct check *c;
	struct ext4 *x;
	struct entry *waiting;
	unsigned n;
};

static bool too_large(const struct walk *w, const struct entry *o)
{
	return EXT2_I_SIZE(&o->file.inode) >
	       ext2fs_blocks_count(w->x->fs->super) * EXT4_BLOCK;
}

static int look_at(void *ctx, size_t i, struct err *e)
{
	struct walk *w = ctx;
	struct entry *o = &w->waiting[i];

	if (!too_large(w, o) && ext4_verity_read(&o->file, o->path,
					o->want.algorithm, &o->found, e) != 0)
		o->unreadable = strdup(e->text);
	return 0; /* the object says what is wrong with it */
}

static void tell_seal(struct check *c, const struct entry *o)
{
	const struct ext4_verity *v = &o->found;

	if (!v->flag) {
		c->unsealed++;
		check_fault(c, FAULT_UNSEALED, o->path,
			"expected fs-verity, found a plain file");
	} else if (!v->descriptor || !v->end) {
		check_fault(c, FAULT_SEAL, o->path,
			"expected the fs-verity descriptor of its content, found another");
	} else if (!v->tree) {
		check_fault(c, FAULT_SEAL, o->path,
			"expected the Merkle tree of its content, found another");
	}
}

static void tell(struct walk *w, const struct entry *o)
{
	uint64_t size = EXT2_I_SIZE(&o->file.inode);
	uint64_t all = ext2fs_blocks_count(w->x->fs->super) * EXT4_BLOCK;

	check_object(w->c, size);
	if (too_large(w, o))
		check_fault(w->c, FAULT_CONTENT, o->path,
			"expected at most %llu bytes, which is all of the file system, found %llu",
			(unsigned long long)all, (unsigned long long)size);
	else if (o->unreadable)
		check_fault(
			w->c, FAULT_UNREADABLE, o->path, "%s", o->unreadable);
	else if (!digest_equal(&o->found.digest, &o->want))
		check_content(w->c, o->path, &o->found.digest);
	else
		tell_seal(w->c, o);
}

/* What was found is told in the order of the names. */
static void flush(struct walk *w)
{
	struct err e;

	check_show(w->c);
	(void)!threads_each(compute_threads(), w->n, look_at, w, &e);
	for (unsigned i = 0; i < w->n; i++) {
		struct entry *o = &w->waiting[i];

		tell(w, o);
		free(o->unreadable);
		ext4_file_free(&o->file);
	}
	w->n = 0;
}

static void fault(
	struct walk *w, enum fault kind, const char *path, const char *text)
{
	flush(w);
	check_fault(w->c, kind, path, "%s", text);
}

static void check_entry(
	struct walk *w, const char *ab, const struct ext4_name *n)
{
	char path[PATH_SIZE], hex[DIGEST_HEX_MAX + 1];
	struct entry *o = &w->waiting[w->n];
	struct err e;
	size_t len = snprintf(hex, sizeof(hex), "%s%s", ab, n->name);

	snprintf(path, sizeof(path), "objects/%s/%s", ab, n->name);
	if (len >= sizeof(hex) || !digest_from_hex(&o->want, hex, len))
		fault(w, FAULT_NAME, path,
			"expected an object's name, found another");
	else if (!S_ISREG(ext4_mode(w->x, n->ino)))
		fault(w, FAULT_TYPE, path,
			"expected a regular file, found something else");
	else if (ext4_file_open(w->x, &o->file, n->ino, &e) != 0)
		fault(w, FAULT_UNREADABLE, path, e.text);
	else {
		digest_object_path(&o->want, o->path);
		o->unreadable = NULL;
		if (++w->n == WAITING)
			flush(w);
	}
}

static void check_directory(struct walk *w, const struct ext4_name *dir)
{
	char path[PATH_SIZE];
	struct ext4_list l;
	struct err e;
	size_t i;

	snprintf(path, sizeof(path), "objects/%s", dir->name);
	if (strlen(dir->name) != 2 ||
		strspn(dir->name, "0123456789abcdef") != 2) {
		fault(w, FAULT_NAME, path,
			"expected a directory named by two hex digits, found another name");
		return;
	}
	if (!S_ISDIR(ext4_mode(w->x, dir->ino))) {
		fault(w, FAULT_TYPE, path,
			"expected a directory, found something else");
		return;
	}
	if (ext4_list(w->x, dir->ino, &l, &e) != 0) {
		fault(w, FAULT_UNREADABLE, path, e.text);
		return;
	}
	for (i = 0; i < l.n; i++)
		check_entry(w, dir->name, l.names + i);
	ext4_list_free(&l);
}

static int check_all(struct walk *w, ext2_ino_t objects, struct err *e)
{
	struct ext4_list l;
	size_t i;

	w->waiting = calloc(WAITING, sizeof(*w->waiting));
	if (!w->waiting)
		return err_set(e, REASON_FAILED, "hash: out of memory");
	if (ext4_list(w->x, objects, &l, e) != 0) {
		free(w->waiting);
		return -1;
	}
	for (i = 0; i < l.n; i++)
		if (!check_temporary(w->c, l.names[i].name))
			check_directory(w, l.names + i);
	flush(w);
	free(w->waiting);
	ext4_list_free(&l);
	return 0;
}

/* What kind of store it is; the rest is checked without that, too. */
static void check_meta(struct check *c, struct view *v)
{
	static const char name[] = "meta.json";
	static char text[META_MAX];
	ssize_t n = view_read(v, name, text, sizeof(text));
	struct meta m;
	struct err e;

	if (n < 0)
		check_fault(c,
			errno == ENOENT ? FAULT_MISSING : FAULT_UNREADABLE,
			name, "expected what kind of store it is: %s",
			strerror(errno));
	else if (meta_parse(&m, name, text, n, &e) != 0)
		check_fault(c, FAULT_UNREADABLE, name, "%s",
			e.text + strlen(name) + 2);
	else
		v->algorithm = m.algorithm;
}

int disk_check(struct check *c, const char *path, struct err *e)
{
	struct disk_store s;
	struct walk w = { .c = c, .x = &s.x };
	struct view v = { .name = path, .disk = &s };
	int r;

	if (disk_store_open(&s, path, e) != 0)
		return -1;
	check_begin(c);
	/* Nearly all of what is in use is objects. */
	progress_expect(0, (ext2fs_blocks_count(s.x.fs->super) -
				   ext2fs_free_blocks_count(s.x.fs->super)) *
				   EXT4_BLOCK);
	r = check_all(&w, disk_find(&s.x, s.top, "objects"), e);
	if (r == 0) {
		check_meta(c, &v);
		check_links(c, &v);
		check_releases(c, &v);
	}
	disk_store_close(&s);
	return r;
}
