/* SPDX-License-Identifier: MIT */
#include "tool/intake.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define FILES 1500 /* more than may be under way at once */

static struct err e;
static struct tree *t;
static struct intake *in;
static char top[] = "/tmp/rootwright-intake-XXXXXX";

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static uint32_t add_inode(const char *name)
{
	const struct tree_meta m = { .mode = S_IFREG | 0644 };
	uint32_t inode;

	if (tree_add(t, TREE_ROOT, name, &m, &inode, &e) != 0)
		abort();
	return inode;
}

/* A file of n bytes that begin with its number; says it has more. */
static int put_file(unsigned i, size_t n, unsigned more)
{
	char name[32];
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "%u", i);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, &i, sizeof(i)) != sizeof(i) ||
		ftruncate(fd, (off_t)n) != 0 || fstat(fd, &st) != 0 ||
		lseek(fd, 0, SEEK_SET) != 0)
		abort();
	st.st_size += more;
	return intake_file(in, fd, &st, add_inode(name), name, &e);
}

static ssize_t give(void *ctx, void *buf, size_t n, struct err *err)
{
	uint64_t *left = ctx;

	if (*left > 1 << 30)
		return err_set(err, REASON_FAILED, "the source: no more");
	if (n > *left)
		n = *left;
	memset(buf, 'x', n);
	*left -= n;
	return (ssize_t)n;
}

static int put_memory(const char *name, uint64_t size, uint64_t has)
{
	const struct compute_reader from = { &has, give };

	return intake_from(in, &from, size, add_inode(name), name, &e);
}

static void begin(unsigned threads)
{
	t = tree_new(HASH_SHA256);
	e.text[0] = '\0';
	if (!t || intake_open(&in, t, NULL, threads, &e) != 0)
		abort();
}

static void end(unsigned fds)
{
	intake_close(in);
	tree_free(t);
	is_int(open_fds(), fds, "no file stays open");
}

static bool has_digest(const char *name, const void *bytes, size_t n)
{
	struct digest found, want;

	return compute_bytes(bytes, n, name, HASH_SHA256, &want, &e) == 0 &&
	       tree_object(t, tree_lookup(t, name), &found) &&
	       digest_equal(&found, &want) &&
	       tree_size(t, tree_lookup(t, name)) == n;
}

static void test_files(unsigned threads)
{
	static uint8_t bytes[3 << 20];
	unsigned fds = open_fds(), good = 0;
	char name[32];

	begin(threads);
	for (unsigned i = 0; i < FILES; i++) {
		size_t n = i % 500 == 499 ? sizeof(bytes) : 65 + i * 7;

		good += put_file(i, n, 0) == 0;
	}
	is_int(good, FILES, "%u threads: taken", threads);
	is_int(intake_finish(in, &e), 0, "and read %s", e.text);
	for (unsigned i = good = 0; i < FILES; i++) {
		size_t n = i % 500 == 499 ? sizeof(bytes) : 65 + i * 7;

		memcpy(bytes, &i, sizeof(i));
		snprintf(name, sizeof(name), "%u", i);
		good += has_digest(name, bytes, n);
	}
	is_int(good, FILES, "each has its digest");
	is_int(intake_stats(in).files, FILES, "counted");
	end(fds);
}

static void test_memory(unsigned threads)
{
	const uint64_t mib = 1 << 20;
	unsigned fds = open_fds(), good = 0;
	uint8_t *bytes = malloc(2 * mib);
	char name[32];

	memset(bytes, 'x', 2 * mib);
	begin(threads);
	/* Twice as much as may wait. */
	for (unsigned i = 0; i < 2 * INTAKE_BYTES / mib; i++) {
		snprintf(name, sizeof(name), "%u", i);
		good += put_memory(name, mib - i, mib - i) == 0;
	}
	is_int(good, 2 * INTAKE_BYTES / mib, "%u threads: taken", threads);
	is_int(put_memory("large", 2 * mib, 2 * mib), 0, "a large one %s",
		e.text);
	is_int(intake_finish(in, &e), 0, "and hashed %s", e.text);
	for (unsigned i = good = 0; i < 2 * INTAKE_BYTES / mib; i++) {
		snprintf(name, sizeof(name), "%u", i);
		good += has_digest(name, bytes, mib - i);
	}
	is_int(good, 2 * INTAKE_BYTES / mib, "each has its digest");
	ok(has_digest("large", bytes, 2 * mib), "the large one too");
	is_int(put_memory("short", 100, 99), -1, "one that ends early");
	is_str(e.text,
		"short: expected 100 bytes, found fewer: it changed while it was read",
		"its sentence");
	is_int(put_memory("bad", 100, UINT64_MAX), -1, "one that fails");
	is_str(e.text, "the source: no more", "its sentence");
	is_int(intake_finish(in, &e), 0, "the others are whole");
	end(fds);
	free(bytes);
}

/* Several fail; the first of them is told, whoever comes across which. */
static void test_errors(unsigned threads, unsigned first)
{
	unsigned fds = open_fds();
	char want[128];
	int r = 0;

	begin(threads);
	for (unsigned i = 0; i < FILES && r == 0; i++)
		r = put_file(i, 2000, i >= first ? i % 3 : 0);
	is_int(intake_finish(in, &e), -1, "%u threads: refused", threads);
	snprintf(want, sizeof(want),
		"%u: expected %u bytes, found fewer: it changed while it was read",
		first, 2000 + first % 3);
	is_str(e.text, want, "the first that fails is told");
	is_int(intake_finish(in, &e), -1, "and again");
	end(fds);
}

static void test_changed(void)
{
	unsigned fds = open_fds();
	struct stat st;
	int fd;

	begin(2);
	fd = open("changed", O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, 2 << 20) != 0 || fstat(fd, &st) != 0)
		abort();
	st.st_mtim.tv_nsec ^= 1;
	is_int(intake_file(in, fd, &st, add_inode("changed"), "t/changed", &e),
		0, "a large file");
	is_int(intake_finish(in, &e), -1, "that changed");
	is_str(e.text,
		"t/changed: expected a tree that does not change while it is scanned, found that it was written to",
		"its sentence");
	end(fds);

	/* Whoever gives up does not wait for what nobody wants. */
	begin(1);
	for (unsigned i = 0; i < 200; i++)
		if (put_file(i, 3 << 20, 0) != 0)
			abort();
	end(fds);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(top) || chdir(top) != 0)
		return 1;
	for (unsigned threads = 1; threads <= 8; threads *= 2) {
		test_files(threads);
		test_memory(threads);
		test_errors(threads, 7);
		test_errors(threads, 1001);
	}
	test_changed();
	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (chdir("/") != 0 || system(command) != 0)
		return 1;
	return tap_done();
}
