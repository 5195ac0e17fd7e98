/* SPDX-License-Identifier: MIT */
/* The images of tests/golden have the digests that mkcomposefs gave. */
#include "dump.h"
#include "tap.h"
#include "tool/image.h"

static void golden(
	const char *want, unsigned min, unsigned max, const char *name)
{
	const struct image_options o = { min, max };
	char path[256], got[DIGEST_HEX_MAX] = "";
	struct image image;
	struct tree *t;
	struct err e;

	snprintf(path, sizeof(path), "tests/golden/%s.dump", name);
	t = dump_read(path);
	if (image_build(t, &o, &image, &e) != 0)
		printf("# %s\n", e.text);
	else
		digest_to_hex(&image.digest, got);
	is_str(got, want, "%s, version %u to %u, as mkcomposefs", name, min,
		max);
	ok(image.size % 4096 == 0, "%s is whole blocks", name);
	free(image.bytes);
	tree_free(t);
}

static void test_goldens(void)
{
	FILE *f = fopen("tests/golden/digests", "r");
	char line[256], digest[65], name[64];
	unsigned min, max, n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || sscanf(line, "%64s %u %u %63s", digest,
					      &min, &max, name) != 4)
			continue;
		golden(digest, min, max, name);
		n++;
	}
	ok(n >= 24, "there are %u golden digests", n);
	if (f)
		fclose(f);
}

static void test_options(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	struct image_options o = { 2, 2 };
	struct image image;
	struct err e;

	ok(image_build(t, &o, &image, &e) != 0, "version 2 is refused");
	is_str(e.text, "image: expected a format version of at most 1, found 2",
		"with the sentence");
	ok(!image.bytes, "and no bytes");
	o = (struct image_options){ 1, 0 };
	ok(image_build(t, &o, &image, &e) == 0, "min over max is max = min");
	is_int(image.version, 1, "as mkcomposefs");
	free(image.bytes);
	ok(image_build(t, &o, &image, &e) != 0, "a tree is one image");
	is_str(e.text,
		"tree: expected one that is not an image yet, found one that "
		"is",
		"and says so");
	tree_free(t);
}

struct count {
	size_t bytes, calls, limit;
	uint8_t last;
};

static int count(void *ctx, const void *bytes, size_t n, struct err *e)
{
	struct count *c = ctx;

	if (c->bytes + n > c->limit)
		return err_set(e, REASON_FAILED, "sink: full");
	c->bytes += n;
	c->calls++;
	c->last = ((const uint8_t *)bytes)[n - 1];
	return 0;
}

static void test_sink(void)
{
	const struct image_options o = IMAGE_OPTIONS_DEFAULT;
	struct count c = { .limit = SIZE_MAX };
	const struct image_sink sink = { count, &c };
	struct image image;
	struct err e;
	struct tree *t = dump_read("tests/golden/wide.dump");

	ok(image_write(t, &o, &sink, &e) == 0, "written through a sink");
	tree_free(t);
	t = dump_read("tests/golden/wide.dump");
	ok(image_build(t, &o, &image, &e) == 0, "written into memory");
	is_int(c.bytes, image.size, "the same size");
	free(image.bytes);
	tree_free(t);
	t = dump_read("tests/golden/wide.dump");
	c = (struct count){ .limit = 1000 };
	ok(image_write(t, &o, &sink, &e) != 0, "a sink that fails");
	is_str(e.text, "sink: full", "says why");
	is_int(c.calls, 0, "and is not called again");
	tree_free(t);
}

static void test_sha512(void)
{
	const struct image_options o = IMAGE_OPTIONS_DEFAULT;
	const struct tree_meta meta = { .mode = S_IFREG | 0644 };
	struct digest d = { .algorithm = HASH_SHA512, .size = 64 };
	struct digest small = { .algorithm = HASH_SHA256, .size = 32 };
	struct tree *t = tree_new(HASH_SHA512);
	struct image image;
	uint32_t inode;
	struct err e;

	memset(d.bytes, 0xab, sizeof(d.bytes));
	ok(tree_add(t, TREE_ROOT, "f", &meta, &inode, &e) == 0, "a file");
	ok(tree_set_object(t, inode, 100, &small, &e) != 0,
		"a SHA-256 object in a SHA-512 tree is refused");
	is_str(e.text,
		"object: expected a digest by sha512, found one by sha256",
		"with the sentence");
	ok(tree_set_object(t, inode, 100, &d, &e) == 0, "a SHA-512 object");
	ok(image_build(t, &o, &image, &e) == 0, "an image");
	is_int(image.digest.size, 64, "its digest is SHA-512 too");
	ok(memmem(image.bytes, image.size, "overlay.metacopy\0\x44\0\x02", 20),
		"metacopy has 68 bytes and algorithm 2");
	ok(memmem(image.bytes, image.size, "/ab/ababab", 10), "the redirect");
	free(image.bytes);
	tree_free(t);
}

static void test_too_big(void)
{
	const struct image_options o = IMAGE_OPTIONS_DEFAULT;
	const struct tree_meta meta = { .mode = S_IFREG | 0644 };
	const struct digest d = { .algorithm = HASH_SHA256, .size = 32 };
	struct tree *t = tree_new(HASH_SHA256);
	struct image image;
	uint32_t inode;
	struct err e;

	ok(tree_add(t, TREE_ROOT, "huge", &meta, &inode, &e) == 0 &&
			tree_set_object(t, inode, (1ull << 53) + 1, &d, &e) ==
				0,
		"a file of 8 PiB and a byte");
	ok(image_build(t, &o, &image, &e) != 0, "is refused");
	is_str(e.text,
		"/huge: expected at most 1024 chunks of 8 TiB, found a file of "
		"9007199254740993 bytes",
		"with the sentence");
	tree_free(t);
}

int main(void)
{
	test_goldens();
	test_options();
	test_sink();
	test_sha512();
	test_too_big();
	return tap_done();
}
