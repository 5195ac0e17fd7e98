/* SPDX-License-Identifier: MIT */
#include "tool/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/ext4_list.h"
#include "tool/meta.h"

#define BUFFER_BLOCKS 16

/* What kind of store lies on the disk. */
static int read_meta(struct origin *o, struct err *e)
{
	static char text[META_MAX];
	struct meta m;
	size_t n;
	int r = origin_read(o, "meta.json", text, sizeof(text), &n, e);

	if (r == 0)
		return err_set(e, REASON_FAILED,
			"%s: expected a store, found no meta.json in it",
			o->name);
	if (r < 0 || meta_parse(&m, o->name, text, n, e) != 0)
		return -1;
	o->algorithm = m.algorithm;
	return 0;
}

int origin_open(struct origin *o, const char *name, struct err *e)
{
	struct stat st;

	*o = (struct origin){ .name = name };
	o->store.fd = o->store.objects = -1;
	if (stat(name, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	if (S_ISDIR(st.st_mode)) {
		if (store_open(&o->store, name, e) != 0)
			return -1;
		o->algorithm = o->store.algorithm;
		return 0;
	}
	if (disk_store_open(&o->disk, name, e) != 0)
		return -1;
	if (read_meta(o, e) == 0)
		return 0;
	origin_close(o);
	return -1;
}

void origin_close(struct origin *o)
{
	store_close(&o->store);
	disk_store_close(&o->disk);
}

static int not_regular(const struct origin_file *f, struct err *e)
{
	return err_set(e, REASON_FAILED,
		"%s: expected a regular file, found something else", f->name);
}

static int open_in_directory(struct origin *o, const char *path,
	struct origin_file *f, struct err *e)
{
	struct stat st;

	f->fd = open_regular_beneath(o->store.fd, path);
	if (f->fd < 0 && errno == ENOENT)
		return 0;
	if (f->fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENODEV))
		return not_regular(f, e);
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			f->name);
		origin_file_close(f);
		return -1;
	}
	f->size = st.st_size;
	return 1;
}

static int open_on_disk(struct origin *o, const char *path,
	struct origin_file *f, struct err *e)
{
	struct ext4 *x = &o->disk.x;
	ext2_ino_t ino = disk_find(x, o->disk.top, path);
	uint64_t all = ext2fs_blocks_count(x->fs->super) * EXT4_BLOCK;

	if (!ino)
		return 0;
	if (!S_ISREG(ext4_mode(x, ino)))
		return not_regular(f, e);
	if (ext4_file_open(x, &f->ext4, ino, e) != 0)
		return -1;
	f->size = EXT2_I_SIZE(&f->ext4.inode);
	f->buffer = malloc(BUFFER_BLOCKS * EXT4_BLOCK);
	if (f->buffer && f->size <= all)
		return 1;
	if (f->buffer)
		err_set(e, REASON_FAILED,
			"%s: expected at most %llu bytes, which is all of the file system, found %llu",
			f->name, (unsigned long long)all,
			(unsigned long long)f->size);
	else
		err_set(e, REASON_FAILED, "%s: out of memory", f->name);
	origin_file_close(f);
	return -1;
}

int origin_file_open(struct origin *o, const char *path, struct origin_file *f,
	struct err *e)
{
	memset(f, 0, sizeof(*f));
	f->fd = -1;
	snprintf(f->name, sizeof(f->name), "%s/%s", o->name, path);
	return o->store.fd >= 0 ? open_in_directory(o, path, f, e)
				: open_on_disk(o, path, f, e);
}

void origin_file_close(struct origin_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	ext4_file_free(&f->ext4);
	free(f->buffer);
	f->buffer = NULL;
}

/* The next blocks of a file on a disk. */
static int fill(struct origin_file *f, struct err *e)
{
	uint64_t done = f->block * EXT4_BLOCK;
	uint64_t left = f->size > done ? f->size - done : 0;
	uint64_t n = BUFFER_BLOCKS;

	f->at = 0;
	if (left < n * EXT4_BLOCK)
		n = (left + EXT4_BLOCK - 1) / EXT4_BLOCK;
	if (n && ext4_file_read(&f->ext4, f->block, n, f->buffer, e) != 0)
		return -1;
	f->block += n;
	f->n = left < n * EXT4_BLOCK ? left : n * EXT4_BLOCK;
	return 0;
}

ssize_t origin_file_read(void *ctx, void *buf, size_t n, struct err *e)
{
	struct origin_file *f = ctx;

	if (f->fd >= 0) {
		struct compute_file file = { f->fd, f->name };

		return compute_read_file(&file, buf, n, e);
	}
	if (f->at == f->n && fill(f, e) != 0)
		return -1;
	if (n > f->n - f->at)
		n = f->n - f->at;
	memcpy(buf, f->buffer + f->at, n);
	f->at += n;
	return n;
}

static int read_whole(struct origin_file *f, uint8_t *buf, size_t max,
	size_t *n, struct err *e)
{
	if (f->size > max)
		return err_set(e, REASON_FAILED,
			"%s: expected at most %zu bytes, found %llu", f->name,
			max, (unsigned long long)f->size);
	for (*n = 0; *n < f->size;) {
		ssize_t got = origin_file_read(f, buf + *n, f->size - *n, e);

		if (got < 0)
			return -1;
		if (got == 0)
			return compute_short(f->name, f->size, e);
		*n += got;
	}
	return 1;
}

int origin_read(struct origin *o, const char *path, void *buf, size_t max,
	size_t *n, struct err *e)
{
	struct origin_file f;
	int r = origin_file_open(o, path, &f, e);

	if (r <= 0)
		return r;
	r = read_whole(&f, buf, max, n, e);
	origin_file_close(&f);
	return r;
}

/* Hidden names are those of an installer that is at work, or was killed. */
static void drop_hidden(struct view_names *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (names->list[i][0] == '.')
			free(names->list[i]);
		else
			names->list[kept++] = names->list[i];
	}
	names->n = kept;
}

int origin_list(struct origin *o, const char *path, struct view_names *names,
	struct err *e)
{
	const struct view v = {
		.name = o->name,
		.algorithm = o->algorithm,
		.store = o->store.fd >= 0 ? &o->store : NULL,
		.disk = &o->disk,
	};
	int error = view_list(&v, path, names);

	if (error && error != ENOENT)
		return err_sys(e, REASON_FAILED, error,
			"%s/%s: cannot be listed", o->name, path);
	drop_hidden(names);
	if (names->n <= ORIGIN_NAMES_MAX)
		return 0;
	view_names_free(names);
	return err_set(e, REASON_FAILED,
		"%s/%s: expected at most %d entries, found more", o->name, path,
		ORIGIN_NAMES_MAX);
}
