/* SPDX-License-Identifier: MIT */
#include "tool/disk_check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/disk_store.h"
#include "tool/ext4_list.h"
#include "tool/ext4_verity.h"

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

int disk_check(struct check *c, const char *path, struct err *e)
{
	struct disk_store s;
	int r;

	if (disk_store_open(&s, path, e) != 0)
		return -1;
	check_begin(c);
	r = check_objects(c, &s.x, disk_find(&s.x, s.top, "objects"), e);
	disk_store_close(&s);
	return r;
}
