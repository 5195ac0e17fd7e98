/* SPDX-License-Identifier: MIT */
#include "tool/ext4.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "core/file.h"
#include "libfsverity_digest.h"
#include "tap.h"
#include "tool/ext4_copy.h"
#include "tool/ext4_dir.h"
#include "tool/ext4_list.h"
#include "tool/ext4_verity.h"

#define OFFSET (1 << 20)
#define MIB ((size_t)1 << 20)

static struct err e;
static uint8_t *bytes; /* what the files hold */
static int source;     /* the same as a file */

static struct ext4_params params(uint64_t blocks)
{
	struct ext4_params p = {
		.offset = OFFSET,
		.blocks = blocks,
		.inodes = 64,
		.label = "sixteen-letters.",
		.uuid = "uuid",
		.hash_seed = "seed",
	};

	return p;
}

static int make(struct ext4 *x, uint64_t blocks)
{
	struct ext4_params p = params(blocks);
	int fd = memfd_create("disk", MFD_CLOEXEC);

	ok(fd >= 0 && ftruncate(fd, OFFSET + blocks * EXT4_BLOCK) == 0,
		"a file of %llu blocks", (unsigned long long)blocks);
	ok(ext4_make(x, fd, "disk", &p, &e) == 0, "make: %s", e.text);
	return fd;
}

static struct ext4_file new_file(struct ext4 *x, ext2_ino_t ino, uint64_t size)
{
	struct ext4_file f;

	if (ext4_file_new(x, &f, ino, S_IFREG | 0644, 70000, 80000, size, &e))
		ok(false, "inode %u: %s", ino, e.text);
	return f;
}

static void rewind_to(size_t size)
{
	if (ftruncate(source, 0) != 0 ||
		pwrite(source, bytes, size, 0) != (ssize_t)size ||
		lseek(source, 0, SEEK_SET) != 0)
		ok(false, "the source has %zu bytes", size);
}

/* Sealed, written out, read again from the disk. */
static void test_sealed(size_t size, enum hash_algorithm a)
{
	struct digest sealed, computed;
	struct ext4_verity v;
	struct ext4_file f;
	struct ext4 x;
	uint64_t before;
	bool absent;
	int fd = make(&x, 4096);

	f = new_file(&x, EXT4_FIRST_FREE_INODE, size);
	before = ext4_free_blocks(&x);
	rewind_to(size);
	ok(ext4_verity_copy(&f, source, "file", a, &sealed, &e) == 0,
		"%zu bytes, %s: sealed", size, hash_name(a));
	is_int(before - ext4_free_blocks(&x), ext4_verity_blocks(size, a),
		"it takes the blocks that were foretold");
	ok(ext4_file_commit(&f, &e) == 0, "its inode is written");
	ext4_file_free(&f);
	ok(ext4_close(&x, &e) == 0, "and the file system");
	ok(libfsverity_digest_of(a, bytes, size, &computed) &&
			digest_equal(&sealed, &computed),
		"the digest is libfsverity's");
	ok(ext4_open(&x, fd, "disk", OFFSET, &absent, &e) == 0, "it opens");
	ok(ext4_file_open(&x, &f, EXT4_FIRST_FREE_INODE, &e) == 0, "its inode");
	is_int(EXT2_I_SIZE(&f.inode), size, "its size is that of the data");
	is_int(inode_uid(f.inode), 70000, "its owner, of more than 16 bits");
	is_int(inode_gid(f.inode), 80000, "and its group");
	ok(ext4_verity_read(&f, "file", a, &v, &e) == 0 && v.flag && v.tree &&
			v.descriptor && v.end &&
			digest_equal(&v.digest, &computed),
		"all of it is found again");
	ext4_file_free(&f);
	ext4_abandon(&x);
	close(fd);
}

/* One byte of the disk is changed, and what ext4_verity_read says of it. */
static struct ext4_verity read_damaged(
	int fd, uint64_t logical, unsigned at, struct digest *d)
{
	struct ext4_verity v = { .flag = false };
	struct ext4_file f;
	struct ext4 x;
	bool absent;
	uint8_t byte;
	off_t where = 0;

	if (ext4_open(&x, fd, "disk", OFFSET, &absent, &e) == 0 &&
		ext4_file_open(&x, &f, EXT4_FIRST_FREE_INODE, &e) == 0) {
		where = OFFSET + ext4_file_physical(&f, logical) * EXT4_BLOCK +
			at;
		ok(pread(fd, &byte, 1, where) == 1, "read one byte");
		byte ^= 1;
		ok(pwrite(fd, &byte, 1, where) == 1, "change it");
		ok(ext4_verity_read(&f, "file", HASH_SHA256, &v, &e) == 0,
			"damage is not an error");
		byte ^= 1;
		ok(pwrite(fd, &byte, 1, where) == 1, "change it back");
		*d = v.digest;
		ext4_file_free(&f);
	}
	ext4_abandon(&x);
	return v;
}

static void test_damage(void)
{
	size_t size = 200 * EXT4_BLOCK + 9; /* tree: 1 root, 2 leaves, at 208 */
	struct digest sealed, found;
	struct ext4_verity v;
	struct ext4_file f;
	struct ext4 x;
	int fd = make(&x, 4096);

	f = new_file(&x, EXT4_FIRST_FREE_INODE, size);
	rewind_to(size);
	ok(ext4_verity_copy(&f, source, "file", HASH_SHA256, &sealed, &e) == 0,
		"sealed");
	ok(ext4_file_commit(&f, &e) == 0 && ext4_close(&x, &e) == 0, "closed");
	ext4_file_free(&f);

	v = read_damaged(fd, 200, 8, &found);
	ok(!digest_equal(&found, &sealed) && !v.tree && !v.descriptor,
		"the last byte of the data: nothing fits");
	v = read_damaged(fd, 200, 9, &found);
	ok(digest_equal(&found, &sealed) && v.tree && v.descriptor,
		"beyond the data there is nothing to damage");
	v = read_damaged(fd, 208, 0, &found);
	ok(digest_equal(&found, &sealed) && !v.tree && v.descriptor && v.end,
		"the root level of the tree");
	v = read_damaged(fd, 210, 4095, &found);
	ok(digest_equal(&found, &sealed) && !v.tree && v.descriptor && v.end,
		"the padding of a leaf");
	v = read_damaged(fd, 211, 255, &found);
	ok(v.tree && !v.descriptor && v.end, "the descriptor's reserved bytes");
	v = read_damaged(fd, 211, 4092, &found);
	ok(v.tree && v.descriptor && !v.end, "the descriptor's size");
	close(fd);
}

static void test_blocks(void)
{
	is_int(ext4_verity_blocks(0, HASH_SHA256), 1, "nothing: a descriptor");
	is_int(ext4_verity_blocks(4096, HASH_SHA256), 2, "no tree");
	is_int(ext4_verity_blocks(4097, HASH_SHA256), 4, "one tree block");
	is_int(ext4_verity_blocks(128 * 4096, HASH_SHA256), 130, "128");
	is_int(ext4_verity_blocks(128 * 4096 + 1, HASH_SHA256), 129 + 3 + 1,
		"two leaves and their root");
	is_int(ext4_verity_blocks(64 * 4096 + 1, HASH_SHA512), 65 + 3 + 1,
		"64 to a block with SHA-512");
	is_int(ext4_verity_blocks(64ULL * 64 * 4096 + 1, HASH_SHA512),
		4097 + 65 + 2 + 1 + 1, "three levels");
}

static void test_directory(size_t n)
{
	struct ext4_entry *entries = calloc(n, sizeof(*entries));
	char(*names)[256] = calloc(n, sizeof(*names));
	struct ext4_list l;
	struct ext4_file f;
	struct ext4 x;
	size_t i, good = 0;
	bool absent;
	int fd = make(&x, 4096);

	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "%0*zu",
			8 + (int)(i * 31 % 248), i);
		entries[i] = (struct ext4_entry){ names[i],
			EXT4_FIRST_FREE_INODE, S_IFREG | 0644 };
	}
	ok(ext4_file_new(&x, &f, EXT2_ROOT_INO, S_IFDIR | 0755, 0, 0, 0, &e) ==
			0,
		"a root");
	ok(ext4_dir_write(&f, EXT2_ROOT_INO, entries, n, &e) == 0 &&
			ext4_file_commit(&f, &e) == 0,
		"%zu entries", n);
	is_int(EXT2_I_SIZE(&f.inode), ext4_dir_blocks(entries, n) * EXT4_BLOCK,
		"as many blocks as foretold");
	ext4_file_free(&f);
	ok(ext4_close(&x, &e) == 0, "closed: %s", e.text);
	ok(ext4_open(&x, fd, "disk", OFFSET, &absent, &e) == 0 &&
			ext4_list(&x, EXT2_ROOT_INO, &l, &e) == 0,
		"listed again");
	is_int(l.n, n, "all of them");
	for (i = 0; i + 1 < l.n; i++)
		good += strcmp(l.names[i].name, l.names[i + 1].name) < 0;
	is_int(good, n ? n - 1 : 0, "in byte order");
	ext4_list_free(&l);
	ext4_abandon(&x);
	close(fd);
	free(names);
	free(entries);
}

static void test_open(void)
{
	struct ext4 x;
	bool absent;
	int fd = memfd_create("nothing", MFD_CLOEXEC);

	ok(ftruncate(fd, 1 << 20) == 0, "a megabyte of zeros");
	ok(ext4_open(&x, fd, "disk", 0, &absent, &e) == -1 && absent,
		"is no ext4: %s", e.text);
	close(fd);

	fd = make(&x, 4096);
	ext2fs_set_feature_journal_needs_recovery(x.fs->super);
	ok(ext4_close(&x, &e) == 0, "a journal to be replayed");
	ok(ext4_open(&x, fd, "disk", OFFSET, &absent, &e) == -1 && !absent,
		"is refused");
	is_str(e.text,
		"disk: expected an ext4 file system that was unmounted cleanly, found one whose journal must be replayed",
		"with this sentence");
	close(fd);
}

static void test_full(void)
{
	struct ext4_params p = params(64);
	struct digest d;
	struct ext4_file f;
	struct ext4 x;
	int fd = memfd_create("disk", MFD_CLOEXEC);

	p.blocks = 2;
	ok(ext4_make(&x, fd, "disk", &p, &e) == -1,
		"two blocks hold no file system: %s", e.text);
	close(fd);
	fd = make(&x, 64);
	f = new_file(&x, EXT4_FIRST_FREE_INODE, MIB);
	rewind_to(MIB);
	ok(ext4_verity_copy(&f, source, "file", HASH_SHA256, &d, &e) == -1,
		"a file that does not fit: %s", e.text);
	ext4_file_free(&f);
	ext4_abandon(&x);
	ext4_abandon(&x);
	close(fd);
}

static void test_short(void)
{
	struct digest d;
	struct ext4_file f;
	struct ext4 x;
	int fd = make(&x, 4096);

	f = new_file(&x, EXT4_FIRST_FREE_INODE, 5000);
	rewind_to(4999);
	ok(ext4_verity_copy(&f, source, "file", HASH_SHA256, &d, &e) == -1,
		"a file that has become shorter");
	is_str(e.text,
		"file: expected 5000 bytes, found fewer: it changed while it was read",
		"is refused");
	ext4_file_free(&f);
	ext4_abandon(&x);
	close(fd);
}

int main(void)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 65535, 65536,
		65537, 128 * 4096, 128 * 4096 + 1, 3 * MIB + 5 };
	size_t i;

	bytes = malloc(4 * MIB);
	for (i = 0; i < 4 * MIB; i++)
		bytes[i] = i * 2654435761U >> 13;
	source = memfd_create("source", MFD_CLOEXEC);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		test_sealed(sizes[i], HASH_SHA256);
		test_sealed(sizes[i], HASH_SHA512);
	}
	test_blocks();
	test_damage();
	test_directory(0);
	test_directory(1);
	test_directory(3000);
	test_open();
	test_full();
	test_short();
	close(source);
	free(bytes);
	return tap_done();
}
