/* SPDX-License-Identifier: MIT */
/*
 * Digests, trees and descriptors are libfsverity's whatever the road, the
 * size and the number of threads; and each failure is told once, and ends all
 * threads.
 */
#include "tool/compute.h"

#include <errno.h>
#include <fcntl.h>
#include <libfsverity.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "tool/compute_push.h"

#define MAX (128 * 128 * 4096 + 1)
#define TREE_MAX (2 * 1024 * 1024)

static uint8_t *bytes;

struct made {
	uint8_t tree[TREE_MAX];
	uint64_t end; /* of the tree */
	unsigned blocks;
	uint8_t descriptor[256];
	unsigned descriptors;
	/* for the stream's reader */
	size_t at, fail_at;
	int fail_with, fail_block_with;
};

static struct made wanted, found;

static int read_bytes(void *ctx, void *buf, size_t n)
{
	struct made *m = ctx;

	if (m->fail_with && m->at + n > m->fail_at)
		return m->fail_with;
	memcpy(buf, bytes + m->at, n);
	m->at += n;
	return 0;
}

static int take_block(void *ctx, const void *block, size_t n, uint64_t offset)
{
	struct made *m = ctx;

	if (m->fail_block_with)
		return m->fail_block_with;
	if (offset + n > TREE_MAX)
		return -EOVERFLOW;
	memcpy(m->tree + offset, block, n);
	m->blocks++;
	m->end = offset + n > m->end ? offset + n : m->end;
	return 0;
}

static int take_descriptor(void *ctx, const void *descriptor, size_t n)
{
	struct made *m = ctx;

	memcpy(m->descriptor, descriptor, n);
	m->descriptors++;
	return 0;
}

static bool libfsveritys(enum hash_algorithm a, size_t size, struct digest *d)
{
	const struct libfsverity_metadata_callbacks callbacks = {
		.ctx = &wanted,
		.merkle_tree_block = take_block,
		.descriptor = take_descriptor,
	};
	const struct libfsverity_merkle_tree_params params = {
		.version = 1,
		.hash_algorithm = a,
		.file_size = size,
		.block_size = 4096,
		.metadata_callbacks = &callbacks,
	};
	struct libfsverity_digest *out;

	memset(&wanted, 0, sizeof(wanted));
	if (libfsverity_compute_digest(&wanted, read_bytes, &params, &out))
		return false;
	memset(d, 0, sizeof(*d));
	d->algorithm = a;
	d->size = out->digest_size;
	memcpy(d->bytes, out->digest, d->size);
	free(out);
	return true;
}

static const struct compute_stream stream = {
	.ctx = &found,
	.read = read_bytes,
	.block = take_block,
	.descriptor = take_descriptor,
};

static bool by_stream(
	enum hash_algorithm a, size_t size, const struct digest *want)
{
	struct digest d;
	struct err e;

	memset(&found, 0, sizeof(found));
	return compute_stream(&stream, "x", size, a, &d, &e) == 0 &&
	       digest_equal(&d, want) && found.end == wanted.end &&
	       found.blocks == wanted.blocks && found.descriptors == 1 &&
	       memcmp(found.tree, wanted.tree, found.end) == 0 &&
	       memcmp(found.descriptor, wanted.descriptor, 256) == 0;
}

static bool by_bytes(
	enum hash_algorithm a, size_t size, const struct digest *want)
{
	struct digest d;
	struct err e;

	return compute_bytes(bytes, size, "x", a, &d, &e) == 0 &&
	       digest_equal(&d, want);
}

/* In pieces of many sizes, as a writer of images gives them. */
static bool by_push(
	enum hash_algorithm a, size_t size, const struct digest *want)
{
	struct compute_push c;
	struct digest d;
	struct err e;
	uint32_t x = 7;

	if (compute_push_begin(&c, a, &e) != 0)
		return false;
	for (size_t at = 0, n; at < size; at += n) {
		x = x * 1664525 + 1013904223;
		n = x >> 28 ? (x >> 8) % 200 : (x >> 8) % 1000000;
		n = n < size - at ? n : size - at;
		compute_push(&c, bytes + at, n);
	}
	return compute_push_end(&c, &d, &e) == 0 && digest_equal(&d, want);
}

/* Its position is not the file's begin; and there are holes. */
static bool by_copy(
	enum hash_algorithm a, size_t size, const struct digest *want)
{
	int in = memfd_create("in", 0), out = memfd_create("out", 0);
	struct digest copied, read_again;
	bool good;
	struct err e;

	good = write(in, "12345", 5) == 5 &&
	       write(in, bytes, size) == (ssize_t)size &&
	       write(out, "junk that a copy replaces", 5) == 5 &&
	       lseek(in, 5, SEEK_SET) == 5 &&
	       compute_copy(in, out, "x", size, a, &copied, &e) == 0 &&
	       lseek(in, 0, SEEK_CUR) == (off_t)size + 5 &&
	       lseek(out, 0, SEEK_END) == (off_t)size &&
	       lseek(out, 0, SEEK_SET) == 0 &&
	       compute_fd(out, "x", size, a, &read_again, &e) == 0 &&
	       digest_equal(&copied, want) && digest_equal(&read_again, want);
	close(in);
	close(out);
	return good;
}

struct pipe_end {
	int fd;
	size_t size;
};

static void *write_pipe(void *arg)
{
	const struct pipe_end *p = arg;

	for (size_t at = 0; at < p->size;) {
		ssize_t n = write(p->fd, bytes + at, p->size - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(p->fd);
	return NULL;
}

/* No positions, and short reads. */
static bool by_pipe(
	enum hash_algorithm a, size_t size, const struct digest *want)
{
	struct pipe_end p = { .size = size };
	pthread_t writer;
	struct digest d;
	int fds[2], r;
	struct err e;

	if (pipe(fds) != 0)
		return false;
	p.fd = fds[1];
	pthread_create(&writer, NULL, write_pipe, &p);
	r = compute_fd(fds[0], "x", size, a, &d, &e);
	close(fds[0]);
	pthread_join(writer, NULL);
	return r == 0 && digest_equal(&d, want);
}

static const struct road {
	const char *name;
	bool (*same)(
		enum hash_algorithm a, size_t size, const struct digest *want);
} roads[] = {
	{ "bytes", by_bytes },
	{ "stream", by_stream },
	{ "push", by_push },
	{ "copy", by_copy },
	{ "pipe", by_pipe },
};

static void all_roads(enum hash_algorithm a, size_t size)
{
	static const unsigned threads[] = { 1, 2, 5 };
	struct digest want;

	if (!ok(libfsveritys(a, size, &want), "libfsverity: %s of %zu bytes",
		    hash_name(a), size))
		return;
	for (unsigned t = 0; t < 3; t++) {
		unsigned good = 0;

		compute_set_threads(threads[t]);
		for (unsigned i = 0; i < 5; i++)
			if (roads[i].same(a, size, &want))
				good++;
			else
				printf("# %s: another digest\n", roads[i].name);
		is_int(good, 5, "%s of %zu bytes by all roads, %u threads",
			hash_name(a), size, threads[t]);
	}
}

static void digests(void)
{
	static const size_t sizes[] = { 0, 1, 32, 33, 64, 65, 4095, 4096, 4097,
		64 * 4096 - 1, 64 * 4096, 64 * 4096 + 1, 128 * 4096 - 1,
		128 * 4096, 128 * 4096 + 1, 16 * 128 * 4096,
		16 * 128 * 4096 + 1, 64 * 64 * 4096 - 1, 64 * 64 * 4096,
		64 * 64 * 4096 + 1 };

	for (int a = HASH_SHA256; a <= HASH_SHA512; a++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			all_roads(a, sizes[i]);
	all_roads(HASH_SHA256, MAX - 2);
	all_roads(HASH_SHA256, MAX - 1);
	all_roads(HASH_SHA256, MAX);
}

static void holes(void)
{
	const size_t size = 4 << 20;
	int in = memfd_create("in", 0), out = memfd_create("out", 0);
	struct digest d;
	struct err e;

	ok(pwrite(in, "x", 1, (off_t)size - 1) == 1 &&
			compute_copy(in, out, "x", size, HASH_SHA256, &d, &e) ==
				0 &&
			lseek(out, 0, SEEK_DATA) >= (off_t)size / 2,
		"zeros become holes");
	close(in);
	close(out);
}

#define LARGE ((size_t)20 << 20)

static int stream_fails(const char *want)
{
	struct digest d;
	struct err e;
	int r = compute_stream(&stream, "x", LARGE, HASH_SHA256, &d, &e);

	is_int(r, -1, "a stream fails");
	is_str(e.text, want, "its sentence");
	return r;
}

static ssize_t third_read_fails(void *ctx, void *buf, size_t n, struct err *e)
{
	unsigned *count = ctx;

	memset(buf, 0x5a, n);
	if (++*count < 3)
		return (ssize_t)n;
	return err_set(e, REASON_FAILED, "the reader's own words");
}

static void failures(unsigned threads)
{
	static const char again[] =
		"x: expected 20971520 bytes, found fewer: it changed while it was read";
	int in = memfd_create("in", 0), full = open("/dev/full", O_WRONLY);
	unsigned count = 0;
	const struct compute_reader reader = { &count, third_read_fails };
	struct digest d;
	struct err e;

	compute_set_threads(threads);
	ok(write(in, bytes, LARGE - 1) == (ssize_t)LARGE - 1, "%u threads",
		threads);
	lseek(in, 0, SEEK_SET);
	is_int(compute_fd(in, "x", LARGE, HASH_SHA256, &d, &e), -1,
		"a file that ends early");
	is_str(e.text, again, "its sentence");
	lseek(in, 0, SEEK_SET);
	is_int(compute_copy(in, full, "x", LARGE - 1, HASH_SHA256, &d, &e), -1,
		"a copy that finds no room");
	is_str(e.text, "x: cannot be stored: No space left on device",
		"its sentence");
	is_int(compute_from(&reader, -1, "x", LARGE, HASH_SHA256, &d, &e), -1,
		"a reader that fails");
	is_str(e.text, "the reader's own words", "its sentence");
	is_int(count, 3, "nothing is read after that");
	memset(&found, 0, sizeof(found));
	found.fail_at = LARGE / 2;
	found.fail_with = -ENODATA;
	stream_fails(again);
	is_int(found.descriptors, 0, "and no descriptor");
	memset(&found, 0, sizeof(found));
	found.fail_at = LARGE / 2;
	found.fail_with = -EIO;
	stream_fails("x: cannot be hashed: Input/output error");
	memset(&found, 0, sizeof(found));
	found.fail_block_with = -ENOSPC;
	stream_fails("x: cannot be hashed: No space left on device");
	close(in);
	close(full);
}

static void fill(void)
{
	uint64_t x = 88172645463325252;

	bytes = malloc(MAX + 7);
	for (size_t i = 0; i < MAX; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(bytes + i, &x, 8);
	}
}

int main(void)
{
	fill();
	ok(compute_threads() > 0, "there are processors");
	digests();
	holes();
	failures(1);
	failures(4);
	free(bytes);
	return tap_done();
}
