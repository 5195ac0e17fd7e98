/* SPDX-License-Identifier: MIT */
#include "tool/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "tool/compute.h"
#include "tool/object.h"

#define LARGE (3 * 1024 * 1024 + 17)

static char top[] = "/tmp/rootwright-store-XXXXXX";
static struct store s;
static struct object_writer w;
static struct err e;
static struct stat st;

static int create(const char *dir)
{
	e.text[0] = '\0';
	return store_create(&s, dir, HASH_SHA256, &e);
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ok(fd >= 0 && write(fd, bytes, n) == (ssize_t)n, "write %s", path);
	close(fd);
}

static int put_file(const char *path, uint64_t size, struct digest *d)
{
	int fd = open(path, O_RDONLY), r;

	r = object_put(&w, fd, path, size, d, &e);
	close(fd);
	return r;
}

/* How many names objects/ has below it, of any kind. */
static int count_objects(const char *dir)
{
	struct dirent *entry;
	char path[512];
	int n = 0;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		if (strlen(entry->d_name) > 2) {
			n++;
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n += count_objects(path);
	}
	if (d)
		closedir(d);
	return n;
}

static void opening(void)
{
	is_int(store_open(&s, "none", &e), -1, "a store that is not there");
	is_str(e.text,
		"none: cannot be opened as a store: No such file or directory",
		"its sentence");

	mkdir("foreign", 0755);
	write_file("foreign/x", "x", 1);
	is_int(create("foreign"), -1, "a directory with something else in it");
	is_str(e.text,
		"foreign: expected a store, found a directory without meta.json",
		"its sentence");
	ok(access("foreign/meta.json", F_OK) != 0, "nothing was made there");

	mkdir("other", 0755);
	write_file("other/meta.json",
		"{\"version\":1,\"algorithm\":\"fsverity-sha512-12\"}", 46);
	is_int(create("other"), -1, "a store of another algorithm");
	is_str(e.text,
		"other: expected a store of fsverity-sha256-12, found one of fsverity-sha512-12",
		"its sentence");
	ok(access("other/objects", F_OK) != 0, "nothing was made there");

	write_file("other/meta.json",
		"{\"version\":1,\"algorithm\":\"fsverity-sha256-12\",\"features\":{\"read-only-compatible\":[\"new\"]}}",
		90);
	is_int(create("other"), -1,
		"a store with a feature that we do not know");
	is_str(e.text,
		"other: expected a store that we may write, found the read-only-compatible feature \"new\"",
		"its sentence");

	mkdir("fresh", 0755);
	mkdir("fresh/lost+found", 0700);
	is_int(create("fresh"), 0, "a new file system: %s", e.text);
	write_file("fresh/objects/.tmp-1-1", "x", 1);
	write_file("fresh/.tmp-1-2", "x", 1);
	store_close(&s);
	is_int(create("fresh"), 0, "and again: %s", e.text);
	ok(access("fresh/objects/.tmp-1-1", F_OK) != 0, "swept in objects");
	ok(access("fresh/.tmp-1-2", F_OK) != 0, "swept in the store");
	store_close(&s);
}

static void putting(void)
{
	struct digest small, large, again, computed;
	char *bytes = calloc(1, LARGE), path[OBJECT_PATH_MAX];

	memset(bytes, 'x', 4097);
	memset(bytes + LARGE - 9, 'y', 9);
	write_file("small", bytes, 4097);
	write_file("large", bytes, LARGE);

	is_int(create("store"), 0, "a new store: %s", e.text);
	is_int(stat("store", &st) == 0 ? st.st_mode & 07777 : 0, 0700,
		"only its owner may look into it");
	is_int(object_writer_open(&w, &s, 2, &e), 0, "a writer");
	is_int(put_file("small", 4097, &small), 0, "a small file");
	is_int(put_file("large", LARGE, &large), 0, "a large file");
	is_int(put_file("small", 4097, &again), 0, "a small file again");
	ok(digest_equal(&small, &again), "with the same digest");
	is_int(put_file("large", LARGE, &again), 0, "a large file again");
	is_int(object_put_bytes(&w, bytes, 4097, "bytes", &again, &e), 0,
		"the same bytes from memory");
	is_int(put_file("small", 4098, &again), -1, "a file that ends early");
	is_str(e.text,
		"small: expected 4098 bytes, found fewer: it changed while it was read",
		"its sentence");
	is_int(put_file("large", LARGE + 1, &again), -1, "a large one");
	is_str(e.text,
		"large: expected 3145746 bytes, found fewer: it changed while it was read",
		"its sentence");
	is_int(count_objects("store/objects"), 0, "no name before the flush");
	is_int(object_flush(&w, &e), 0, "flush: %s", e.text);
	is_int(count_objects("store/objects"), 2, "two names after it");
	is_int(w.stats.new, 2, "two new");
	is_int(w.stats.shared, 3, "three shared");
	is_int(w.stats.new_bytes, LARGE + 4097, "bytes of the new");

	chdir("store");
	digest_object_path(&large, path);
	ok(stat(path, &st) == 0 && st.st_size == LARGE, "the size is kept");
	is_int(st.st_mode, S_IFREG | 0644, "the mode is 0644");
	ok(st.st_blocks * 512 < 2 << 20, "zeros become holes");
	chdir("..");
	is_int(compute_bytes(bytes, LARGE, "x", HASH_SHA256, &computed, &e), 0,
		"compute");
	ok(digest_equal(&computed, &large), "the digest is that of the bytes");

	is_int(store_add_image(&s, &small, &e), 0, "an image: %s", e.text);
	is_int(store_add_image(&s, &small, &e), 0, "and again: %s", e.text);
	object_writer_close(&w);
	store_close(&s);
	free(bytes);
}

/* What is there under a right name is not believed. */
static void damaged(void)
{
	char path[OBJECT_PATH_MAX + 8] = "store/", want[1024];
	struct digest d;

	is_int(create("store"), 0, "open: %s", e.text);
	is_int(object_writer_open(&w, &s, 2, &e), 0, "a writer");
	is_int(put_file("small", 4097, &d), 0, "an object that is there");
	is_int(w.stats.shared, 1, "is shared");
	digest_object_path(&d, path + 6);
	unlink(path); /* it may be sealed */
	write_file(path, path, 100);
	is_int(put_file("small", 4097, &d), -1, "it is not believed");
	snprintf(want, sizeof(want),
		"%s: expected an object of 4097 bytes, found 100", path);
	is_str(e.text, want, "its sentence");
	is_str(err_hint_text(&e),
		"rootwright check store lists what is damaged: remove those objects, and build again",
		"its hint");
	is_int(stat(path, &st) == 0 ? st.st_size : -1, 100,
		"and not touched either");
	unlink(path);
	is_int(symlink("/etc/passwd", path), 0, "a link in its place");
	is_int(put_file("small", 4097, &d), -1, "is not followed");
	snprintf(want, sizeof(want),
		"%s: cannot be opened as an object: Too many levels of symbolic links",
		path);
	is_str(e.text, want, "its sentence");
	unlink(path);
	is_int(put_file("small", 4097, &d), 0, "without it: %s", e.text);
	write_file(path, "other", 5);
	is_int(object_flush(&w, &e), -1, "another builder's, truncated");
	snprintf(want, sizeof(want),
		"%s: expected an object of 4097 bytes, found 5", path);
	is_str(e.text, want, "its sentence");
	unlink(path);
	is_int(put_file("small", 4097, &d), 0, "repaired: %s", e.text);
	is_int(object_flush(&w, &e), 0, "repaired: %s", e.text);
	object_writer_close(&w);
	store_close(&s);
}

int main(void)
{
	char command[64];

	umask(077);
	if (!mkdtemp(top) || chdir(top) != 0)
		return 1;
	opening();
	putting();
	damaged();
	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (chdir("/") != 0 || system(command) != 0)
		return 1;
	return tap_done();
}
