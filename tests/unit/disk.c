/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tap.h"
#include "tool/compute.h"
#include "tool/disk_copy.h"
#include "tool/disk_layout.h"
#include "tool/store.h"

#define MIB ((uint64_t)1 << 20)

static char top[] = "/tmp/rootwright-disk-XXXXXX";
static struct store store;
static struct err e;

static void path_in(char *out, size_t n, const char *rest)
{
	snprintf(out, n, "%s/%s", top, rest);
}

/* A store with one object of so many bytes; its path below the store. */
static void make_store(size_t size, char *object)
{
	char dir[64], path[300];
	uint8_t *bytes = calloc(1, size + 1);
	struct digest d;
	int fd;

	path_in(dir, sizeof(dir), "store");
	ok(store_create(&store, dir, HASH_SHA256, &e) == 0, "a store: %s",
		e.text);
	memset(bytes, 'x', size);
	ok(compute_bytes(bytes, size, "x", HASH_SHA256, &d, &e) == 0, "hash");
	digest_object_path(&d, object);
	snprintf(path, sizeof(path), "%s/%.10s", dir, object);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s", dir, object);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	ok(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "an object");
	close(fd);
	free(bytes);
}

static void resize_object(const char *object, off_t size)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/store/%s", top, object);
	ok(truncate(path, size) == 0, "%s now has %lld bytes", object,
		(long long)size);
}

static int copy_after(const char *object, off_t before, off_t after)
{
	struct ext4_params p;
	struct disk_tree t;
	struct ext4 x;
	int fd = memfd_create("disk", MFD_CLOEXEC), r;

	resize_object(object, before);
	ok(disk_tree_scan(&t, &store, NULL, &e) == 0, "scanned: %s", e.text);
	resize_object(object, after);
	disk_file_system(&p, &t, 32 * MIB);
	ok(ftruncate(fd, 32 * MIB) == 0 &&
			ext4_make(&x, fd, "disk", &p, &e) == 0,
		"a file system");
	r = disk_copy(&x, &t, &e);
	ext4_abandon(&x);
	disk_tree_free(&t);
	close(fd);
	return r;
}

static void test_change(const char *object)
{
	char expected[512];

	ok(copy_after(object, 5000, 5000) == 0, "copied: %s", e.text);
	ok(copy_after(object, 5000, 4000) == -1, "it shrank since the scan");
	snprintf(expected, sizeof(expected),
		"disk: %s/store/%s: expected 5000 bytes, found 4000: it changed while it was read",
		top, object);
	is_str(e.text, expected, "is refused");
	resize_object(object, 5000);
}

static void test_ids(void)
{
	struct disk_ids a, b;
	struct disk_tree t;

	ok(disk_tree_scan(&t, &store, NULL, &e) == 0, "scanned");
	ok(disk_ids_derive(&a, &t, "x", NULL, &e) == 0 &&
			disk_ids_derive(&b, &t, "x", NULL, &e) == 0 &&
			!memcmp(&a, &b, sizeof(a)),
		"the same input, the same identities");
	ok(a.fs[14] == '8' && strchr("89ab", a.fs[19]), "version 8: %s", a.fs);
	ok(strcmp(a.fs, a.partition) && strcmp(a.fs, a.table) &&
			strcmp(a.fs, a.hash_seed) &&
			strcmp(a.table, a.partition),
		"no two of them are the same");
	ok(disk_ids_derive(&b, &t, "y", NULL, &e) == 0 && strcmp(a.fs, b.fs),
		"another label, another UUID");
	t.root.children[0].mode ^= 1;
	ok(disk_ids_derive(&b, &t, "x", NULL, &e) == 0 && strcmp(a.fs, b.fs),
		"another mode, another UUID");
	ok(disk_ids_derive(&b, &t, "x", a.table, &e) == 0 &&
			!strcmp(b.fs, a.table) &&
			strcmp(b.partition, a.partition),
		"a UUID that is given");
	disk_tree_free(&t);
}

/* The least size holds it, and one MiB less does not. */
static void test_size(void)
{
	uint64_t least = 0;
	struct ext4_params p;
	struct disk_tree t;
	struct ext4 x;
	int fd = memfd_create("disk", MFD_CLOEXEC);

	ok(disk_tree_scan(&t, &store, NULL, &e) == 0, "scanned");
	is_int(t.n_objects, 1, "one object");
	t.blocks += 100000; /* as if there were more */
	ok(disk_size_least(&t, &least, &e) == 0 && least % MIB == 0,
		"the least size: %llu", (unsigned long long)least);
	disk_file_system(&p, &t, least);
	ok(ext4_make(&x, fd, "disk", &p, &e) == 0, "a file system");
	ok(ext4_free_blocks(&x) >= t.blocks + ext4_journal_blocks(p.blocks),
		"has room for all of it");
	ext4_abandon(&x);
	disk_file_system(&p, &t, least - 2 * MIB);
	ok(ext4_make(&x, fd, "disk", &p, &e) == 0 &&
			ext4_free_blocks(&x) <
				t.blocks + ext4_journal_blocks(p.blocks),
		"and two MiB less do not");
	ext4_abandon(&x);
	disk_tree_free(&t);
	close(fd);
	is_int(disk_slack(MIB), 8 * MIB, "at least 8 MiB of slack");
	is_int(disk_slack(1600 * MIB), 100 * MIB, "else a sixteenth");
}

static void test_gpt(void)
{
	struct disk_ids ids = {
		.table = "2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5a",
		.partition = "2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5b",
	};
	uint64_t offsets[4];
	int fd = memfd_create("disk", MFD_CLOEXEC);

	ok(ftruncate(fd, 8 * MIB) == 0, "8 MiB");
	is_int(disk_partitions(fd, "disk", offsets, 4, &e), 1, "no table");
	is_int(offsets[0], 0, "so all of it is one");
	ok(disk_gpt_write(fd, "disk", &ids, "label", &e) == 0, "written");
	is_int(disk_partitions(fd, "disk", offsets, 4, &e), 1, "a partition");
	is_int(offsets[0], MIB, "at 1 MiB");
	close(fd);
	fd = memfd_create("disk", MFD_CLOEXEC);
	ok(disk_gpt_write(fd, "disk", &ids, "label", &e) == -1,
		"an empty file holds none: %s", e.text);
	close(fd);
}

int main(void)
{
	char object[OBJECT_PATH_MAX], command[64];

	if (!mkdtemp(top))
		return 1;
	make_store(5000, object);
	test_change(object);
	test_ids();
	test_size();
	test_gpt();
	store_close(&store);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) != 0 || tap_done();
}
