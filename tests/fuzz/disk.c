/* SPDX-License-Identifier: MIT */
/*
 * A disk with a store, changed in a few places, is checked. The input is a
 * list of changes, 5 bytes each: where (le32), counted in the sectors that
 * are not all zeros, and what to xor with. The file system has no checksums,
 * so that changes get beyond the first look.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool/compute.h"
#include "tool/disk_check.h"
#include "tool/disk_layout.h"
#include "tool/ext4_copy.h"
#include "tool/ext4_dir.h"
#include "tool/ext4_verity.h"

#define SIZE (3 * DISK_MIB)
#define CHANGES_MAX 64
#define FIRST 30 /* inodes of the objects */

static int disk = -1;
static uint8_t *original;
static uint32_t used[SIZE / 512], n_used;    /* sectors */
static char path[32], image[DIGEST_HEX_MAX]; /* image: the last object */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void need(int good)
{
	if (!good)
		abort();
}

static void directory(struct ext4 *x, ext2_ino_t ino, ext2_ino_t parent,
	const struct ext4_entry *entries, size_t n)
{
	struct ext4_file f;
	struct err e;

	need(ext4_file_new(x, &f, ino, S_IFDIR | 0755, 0, 0, 0, &e) == 0 &&
		ext4_dir_write(&f, parent, entries, n, &e) == 0 &&
		ext4_file_commit(&f, &e) == 0);
	ext4_file_free(&f);
}

/* One object in a directory of its own. */
static void object(
	struct ext4 *x, unsigned i, size_t size, struct ext4_entry *ab)
{
	static char names[8][2][DIGEST_HEX_MAX];
	char hex[DIGEST_HEX_MAX];
	int fd = memfd_create("object", MFD_CLOEXEC);
	struct ext4_entry entry;
	struct ext4_file f;
	struct digest d;
	struct err e;

	need(ftruncate(fd, size) == 0 && pwrite(fd, &i, 1, 0) == 1 &&
		ext4_file_new(x, &f, FIRST + 2 * i, S_IFREG | 0644, 0, 0, size,
			&e) == 0 &&
		ext4_verity_copy(&f, fd, "object", HASH_SHA256, &d, &e) == 0 &&
		ext4_file_commit(&f, &e) == 0);
	ext4_file_free(&f);
	close(fd);
	strcpy(image, digest_to_hex(&d, hex));
	memcpy(names[i][0], hex, 2);
	strcpy(names[i][1], hex + 2);
	entry = (struct ext4_entry){ names[i][1], FIRST + 2 * i, S_IFREG };
	*ab = (struct ext4_entry){ names[i][0], FIRST + 2 * i + 1, S_IFDIR };
	directory(x, FIRST + 2 * i + 1, 13, &entry, 1);
}

static void plain(struct ext4 *x, ext2_ino_t ino, const char *text)
{
	int fd = memfd_create("plain", MFD_CLOEXEC);
	ssize_t n = (ssize_t)strlen(text);
	struct ext4_file f;
	struct err e;

	need(write(fd, text, n) == n && lseek(fd, 0, SEEK_SET) == 0 &&
		ext4_file_new(x, &f, ino, S_IFREG | 0644, 0, 0, n, &e) == 0 &&
		ext4_copy_plain(&f, fd, "plain", &e) == 0 &&
		ext4_file_commit(&f, &e) == 0);
	ext4_file_free(&f);
	close(fd);
}

static void link_to(struct ext4 *x, ext2_ino_t ino, const char *target)
{
	struct ext4_file f;
	struct err e;

	need(ext4_file_new(x, &f, ino, S_IFLNK | 0777, 0, 0, strlen(target),
		     &e) == 0 &&
		ext4_file_symlink(&f, target, &e) == 0 &&
		ext4_file_commit(&f, &e) == 0);
	ext4_file_free(&f);
}

/* An image with a reference, and a release of it with what is signed. */
static void image_and_release(struct ext4 *x)
{
	struct ext4_entry two[2], one;
	char text[300];

	snprintf(text, sizeof(text), "../objects/%.2s/%s", image, image + 2);
	link_to(x, 14, text);
	snprintf(text, sizeof(text), "../%s", image);
	link_to(x, 15, text);
	one = (struct ext4_entry){ "a", 15, S_IFLNK };
	directory(x, 16, 17, &one, 1);
	two[0] = (struct ext4_entry){ image, 14, S_IFLNK };
	two[1] = (struct ext4_entry){ "refs", 16, S_IFDIR };
	directory(x, 17, 12, two, 2);
	snprintf(text, sizeof(text),
		"format=rootwright-release-1\nname=a\nversion=1\nsequence=1\nrollback_index=1\nalgorithm=sha256\nimages=\"%s\"\n",
		image);
	plain(x, 18, text);
	plain(x, 19, "\x30\x80\x06\x09");
	two[0] = (struct ext4_entry){ "b.p7s", 19, S_IFREG };
	two[1] = (struct ext4_entry){ "manifest", 18, S_IFREG };
	directory(x, 20, 21, two, 2);
	one = (struct ext4_entry){ "1", 20, S_IFDIR };
	directory(x, 21, 22, &one, 1);
	one = (struct ext4_entry){ "a", 21, S_IFDIR };
	directory(x, 22, 12, &one, 1);
	plain(x, 23, "{\"version\":1,\"algorithm\":\"fsverity-sha256-12\"}");
}

static void make_disk(void)
{
	const struct disk_ids ids = {
		.table = "2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5a",
		.partition = "2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5b",
	};
	const struct ext4_params p = {
		.offset = DISK_MIB,
		.blocks = DISK_MIB / EXT4_BLOCK,
		.inodes = 64,
		.label = "fuzz",
	};
	struct ext4_entry ab[3], entry = { DISK_STORE, 12, S_IFDIR };
	static const struct ext4_entry store[] = {
		{ "images", 17, S_IFDIR },
		{ "meta.json", 23, S_IFREG },
		{ "objects", 13, S_IFDIR },
		{ "releases", 22, S_IFDIR },
	};
	struct ext4 x;
	struct err e;

	need(ftruncate(disk, SIZE) == 0 &&
		disk_gpt_write(disk, "disk", &ids, "fuzz", &e) == 0 &&
		ext4_make(&x, disk, "disk", &p, &e) == 0);
	ext2fs_clear_feature_metadata_csum(x.fs->super);
	object(&x, 0, 1, ab);
	object(&x, 1, 9000, ab + 1);
	object(&x, 2, 140 * EXT4_BLOCK, ab + 2);
	directory(&x, 13, 12, ab, 3);
	image_and_release(&x);
	directory(&x, 12, EXT2_ROOT_INO, store, 4);
	directory(&x, EXT2_ROOT_INO, EXT2_ROOT_INO, &entry, 1);
	need(ext4_close(&x, &e) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t zeros[512];
	struct check c = { 0 };
	struct err e;
	uint32_t i;

	(void)argc, (void)argv;
	disk = memfd_create("disk", MFD_CLOEXEC);
	make_disk();
	original = malloc(SIZE);
	need(pread(disk, original, SIZE, 0) == SIZE);
	for (i = 0; i < SIZE / 512; i++)
		if (memcmp(original + i * 512, zeros, 512) != 0)
			used[n_used++] = i;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", disk);
	need(freopen("/dev/null", "w", stdout) != NULL);
	/* The fault is the signature, which is none. */
	need(disk_check(&c, path, &e) == 0 && c.objects == 3 && c.faults == 1);
	return 0;
}

static uint32_t where(const uint8_t *change)
{
	uint32_t at;

	memcpy(&at, change, sizeof(at));
	at = le32toh(at) % (n_used * 512);
	return used[at / 512] * 512 + at % 512;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct check c = { 0 };
	struct err e;
	size_t i;

	if (n > 5 * CHANGES_MAX)
		return -1;
	for (i = 0; i + 5 <= n; i += 5) {
		uint32_t at = where(bytes + i);
		uint8_t byte = original[at] ^ bytes[i + 4];

		need(pwrite(disk, &byte, 1, at) == 1);
	}
	if (disk_check(&c, path, &e) == 0 && c.objects > 1000)
		abort();
	for (i = 0; i + 5 <= n; i += 5)
		need(pwrite(disk, original + where(bytes + i), 1,
			     where(bytes + i)) == 1);
	return 0;
}
