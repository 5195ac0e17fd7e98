/* SPDX-License-Identifier: MIT */
#include "tool/disk_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/disk_layout.h"
#include "tool/ext4_list.h"
#include "tool/ext4_verity.h"
#include "tool/store.h"

#define PARTITIONS_MAX 128
#define PATH_SIZE 600 /* "objects/", two names of 255 bytes at most */

static void check_seal(
	struct check *c, const char *path, const struct ext4_verity *v)
{
	if (!v->flag) {
		c->unsealed++;
		check_fault(c, FAULT_UNSEALED, path,
			"expected fs-verity, found a plain file");
	} else if (!v->descriptor || !v->end) {
		check_fault(c, FAULT_SEAL, path,
			"expected the fs-verity descriptor of its content, found another");
	} else if (!v->tree) {
		check_fault(c, FAULT_SEAL, path,
			"expected the Merkle tree of its content, found another");
	}
}

static void check_inode(struct check *c, struct ext4_file *f, const char *path,
	const struct digest *want)
{
	uint64_t size = EXT2_I_SIZE(&f->inode);
	uint64_t all = ext2fs_blocks_count(f->x->fs->super) * EXT4_BLOCK;
	struct ext4_verity v;
	struct err e;

	check_object(c, size);
	if (size > all)
		check_fault(c, FAULT_CONTENT, path,
			"expected at most %llu bytes, which is all of the file system, found %llu",
			(unsigned long long)all, (unsigned long long)size);
	else if (ext4_verity_read(f, path, want->algorithm, &v, &e) != 0)
		check_fault(c, FAULT_UNREADABLE, path, "%s", e.text);
	else if (!digest_equal(&v.digest, want))
		check_content(c, path, &v.digest);
	else
		check_seal(c, path, &v);
}

static void check_entry(struct check *c, struct ext4 *x, const char *ab,
	const struct ext4_name *n)
{
	char path[PATH_SIZE], hex[DIGEST_HEX_MAX + 1];
	struct ext4_file f;
	struct digest want;
	struct err e;
	size_t len = snprintf(hex, sizeof(hex), "%s%s", ab, n->name);

	snprintf(path, sizeof(path), "objects/%s/%s", ab, n->name);
	if (len >= sizeof(hex) || !digest_from_hex(&want, hex, len))
		check_fault(c, FAULT_NAME, path,
			"expected an object's name, found another");
	else if (!S_ISREG(ext4_mode(x, n->ino)))
		check_fault(c, FAULT_TYPE, path,
			"expected a regular file, found something else");
	else if (ext4_file_open(x, &f, n->ino, &e) != 0)
		check_fault(c, FAULT_UNREADABLE, path, "%s", e.text);
	else {
		check_inode(c, &f, path, &want);
		ext4_file_free(&f);
	}
}

static void check_directory(
	struct check *c, struct ext4 *x, const struct ext4_name *dir)
{
	char path[PATH_SIZE];
	struct ext4_list l;
	struct err e;
	size_t i;

	snprintf(path, sizeof(path), "objects/%s", dir->name);
	if (strlen(dir->name) != 2 ||
		strspn(dir->name, "0123456789abcdef") != 2) {
		check_fault(c, FAULT_NAME, path,
			"expected a directory named by two hex digits, found another name");
		return;
	}
	if (!S_ISDIR(ext4_mode(x, dir->ino))) {
		check_fault(c, FAULT_TYPE, path,
			"expected a directory, found something else");
		return;
	}
	if (ext4_list(x, dir->ino, &l, &e) != 0) {
		check_fault(c, FAULT_UNREADABLE, path, "%s", e.text);
		return;
	}
	for (i = 0; i < l.n; i++)
		check_entry(c, x, dir->name, l.names + i);
	ext4_list_free(&l);
}

static int check_objects(
	struct check *c, struct ext4 *x, ext2_ino_t objects, struct err *e)
{
	struct ext4_list l;
	size_t i;

	if (ext4_list(x, objects, &l, e) != 0)
		return -1;
	for (i = 0; i < l.n; i++)
		check_directory(c, x, l.names + i);
	ext4_list_free(&l);
	return 0;
}

/* The inode of /composefs/objects, or 0. */
static ext2_ino_t find_objects(struct ext4 *x)
{
	ext2_ino_t store, objects;

	if (ext2fs_lookup(x->fs, EXT2_ROOT_INO, DISK_STORE, strlen(DISK_STORE),
		    NULL, &store) ||
		!S_ISDIR(ext4_mode(x, store)) ||
		ext2fs_lookup(x->fs, store, "objects", strlen("objects"), NULL,
			&objects) ||
		!S_ISDIR(ext4_mode(x, objects)))
		return 0;
	return objects;
}

/* The one partition with a store; *at is its offset. */
static int find_store(int fd, const char *name, uint64_t *at, struct err *e)
{
	uint64_t offsets[PARTITIONS_MAX];
	int n = disk_partitions(fd, name, offsets, PARTITIONS_MAX, e),
	    found = 0;
	struct ext4 x;
	bool absent, is_store;
	int i;

	if (n < 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (ext4_open(&x, fd, name, offsets[i], &absent, e) != 0) {
			if (!absent)
				return -1;
			continue;
		}
		is_store = find_objects(&x) != 0;
		ext4_abandon(&x);
		if (is_store && found++ == 0)
			*at = offsets[i];
	}
	if (found == 1)
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected one ext4 file system with /%s/objects in it, found %s",
		name, DISK_STORE, found ? "more" : "none");
}

int disk_check(struct check *c, const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct ext4 x;
	struct stat st;
	uint64_t at = 0;
	bool absent;
	int r;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a store, a disk image or a block device, found something else",
			path);
	if (find_store(fd, path, &at, e) != 0 ||
		ext4_open(&x, fd, path, at, &absent, e) != 0)
		return -1;
	check_begin(c);
	r = check_objects(c, &x, find_objects(&x), e);
	ext4_abandon(&x);
	return r;
}
