/* SPDX-License-Identifier: MIT */
/* The reader of images: what it gives, and what it refuses with which words. */
#include <endian.h>

#include "dump.h"
#include "tap.h"
#include "tool/erofs.h"
#include "tool/image.h"
#include "tool/read.h"

static struct image made;

static void make(const char *dump)
{
	struct image_options o = IMAGE_OPTIONS_DEFAULT;
	struct tree *t = dump_read(dump);
	struct err e;

	free(made.bytes);
	dump_expect(image_build(t, &o, &made, &e) == 0, "image");
	tree_free(t);
}

/* The place of an entry's inode in the image. */
static uint64_t place(const char *path)
{
	struct read_image r;
	struct err e;
	uint64_t at = 0;

	if (ok(read_open_bytes(&r, "i", made.bytes, made.size, &e) == 0,
		    "%s: the image is read", path))
		at = r.inodes[r.nodes[read_lookup(&r, path)].inode].at;
	read_close(&r);
	return at;
}

/* Refuses the image with n bytes changed at a place. */
static void refuses(uint64_t at, const void *bytes, size_t n, const char *want)
{
	uint8_t *copy = malloc(made.size);
	struct read_image r;
	struct err e = { 0 };

	memcpy(copy, made.bytes, made.size);
	memcpy(copy + at, bytes, n);
	ok(read_open_bytes(&r, "i", copy, made.size, &e) != 0, "refused");
	is_str(e.text, want, "the sentence");
	free(copy);
}

static void refuses16(uint64_t at, uint16_t value, const char *want)
{
	value = htole16(value);
	refuses(at, &value, sizeof(value), want);
}

static void refuses32(uint64_t at, uint32_t value, const char *want)
{
	value = htole32(value);
	refuses(at, &value, sizeof(value), want);
}

static const char *at_inode(const char *path, const char *words)
{
	static char text[512];

	snprintf(text, sizeof(text), "i: inode at byte %llu: %s",
		(unsigned long long)place(path), words);
	return text;
}

static void test_super(void)
{
	struct read_image r;
	struct err e;
	const uint64_t super = EROFS_SUPER_OFFSET;

	refuses32(0, 1,
		"i: expected a composefs image, found another kind of file");
	refuses32(4, 2, "i: expected a composefs header of version 1, found 2");
	refuses32(super, 1,
		"i: expected a composefs image, found another kind of file");
	refuses(super + 12, "\x0d", 1,
		"i: expected blocks of 4096 bytes, found blocks of 2^13");
	refuses32(super + 80, 1,
		"i: expected no EROFS features beyond chunks, found 0x1");
	refuses32(super + 32, 1000000000,
		"i: expected less than 1000000000 nanoseconds, found 1000000000");
	refuses16(super + 14, 65535,
		"i: inode at byte 2097120: expected an inode inside the image, found its end");
	ok(read_open_bytes(&r, "i", made.bytes, 1151, &e) != 0, "too short");
	is_str(e.text,
		"i: expected a composefs image, found a file of 1151 bytes",
		"the sentence");
	ok(read_open_bytes(&r, "i", NULL, 0, &e) != 0, "empty");
}

static void test_inode(void)
{
	uint64_t link = place("/link"), dir = place("/dir");

	refuses16(link, 0x100,
		at_inode("/link",
			"expected a format that composefs uses, found 0x100"));
	refuses16(link + 4, 0170777,
		at_inode("/link", "expected a file type, found mode 170777"));
	refuses16(link + 4, 0100777,
		at_inode("/link",
			"link: expected type 1, found type 7 in the directory"));
	refuses32(link + 8, 0,
		at_inode("/link",
			"expected a link's target of 1 to 4095 bytes, found 0"));
	refuses32(link + 8, 4096,
		at_inode("/link",
			"expected a link's target of 1 to 4095 bytes, found 4096"));
	refuses(link + 32, "", 1,
		at_inode("/link",
			"expected a link's target, found one with a NUL"));
	refuses16(link, EROFS_CHUNK_BASED,
		at_inode("/link",
			"expected a data layout that its type can have, found layout 4"));
	refuses16(link + 2, 65535,
		at_inode("/link",
			"expected xattrs inside the image, found its end"));
	refuses16(dir, EROFS_FLAT_PLAIN,
		at_inode("/dir",
			"expected the first name behind the entries, found it at 0"));
}

static void test_directory(void)
{
	/* . .. of an empty directory: two entries, three bytes of names. */
	uint64_t names = place("/dir") + 32;

	refuses16(names + 8, 25,
		at_inode("/dir",
			"expected the first name behind the entries, found it at 25"));
	refuses16(names + 12 + 8, 28,
		at_inode("/dir",
			"expected a name inside its block, found bytes 24 to 28 of 27"));
	refuses16(names + 12 + 8, 24,
		at_inode("/dir",
			"expected a name inside its block, found bytes 24 to 24 of 27"));
	refuses(names + 25, "/", 1,
		at_inode("/dir",
			"expected a name of 1 to 255 bytes, found none, a longer one or one with a slash or NUL"));
	refuses(names + 25, "-x", 2,
		at_inode("/dir", "expected names in order, found -x after ."));
	refuses(names + 12, "\xff\xff\xff\xff\xff\xff\xff\xff", 8,
		at_inode("/dir",
			"..: expected an inode inside the image, found number 18446744073709551615"));
}

/* A name of /dir that is the root again: a loop. */
static void test_loop(void)
{
	uint64_t names = place("/dir") + 32;
	uint8_t bytes[15];

	memcpy(bytes, made.bytes + names + 12, 12);
	memcpy(bytes + 12, "..x", 3);
	bytes[0] = 36;
	bytes[1] = 0;
	refuses(names + 12, bytes, sizeof(bytes),
		"i: inode at byte 1152: .x: expected one name of a directory, found another");
}

static void test_xattrs(void)
{
	uint64_t a = place("/a"), xattrs = a + 32;

	refuses(xattrs + 4, "\xff", 1,
		at_inode("/a", "expected 255 shared xattrs, found the end"));
	refuses32(xattrs + 12, 0xffffffff,
		at_inode("/a", "expected an xattr, found the end"));
}

static void test_read(void)
{
	struct read_image r;
	struct read_stat s = { 0 };
	struct err e;
	char path[READ_PATH_MAX + 1];
	uint32_t node;

	if (!ok(read_open_bytes(&r, "i", made.bytes, made.size, &e) == 0,
		    "an image is read"))
		return;
	is_int(r.n_nodes, 10, "with its entries, and no stub");
	node = read_lookup(&r, "a//first/");
	ok(node != UINT32_MAX, "a path is found");
	is_int(read_path(&r, node, path), 8, "the length of its path");
	is_str(path, "/a/first", "its path");
	ok(!read_is_link(&r, node), "the first name is no link");
	ok(read_is_link(&r, read_lookup(&r, "/d")), "the second one is");
	ok(read_lookup(&r, "/a/f") == UINT32_MAX, "no beginning of a name");
	ok(read_lookup(&r, "/d/x") == UINT32_MAX, "nothing below a file");
	ok(read_stat(&r, r.nodes[node].inode, &s, &e) == 0, "its inode");
	ok(s.is_object && s.has_digest && s.size == 100, "is an object");
	ok(read_object(&r, node, &s, &e) == 0, "at its digest's place");
	s.payload_size--;
	ok(read_object(&r, node, &s, &e) != 0, "and at no other");
	is_str(e.text,
		"i: first: expected its object at e4/0425eaca55b3aca9994575b03b1585ff756c4684395fa144ee2642aeaf1d49, found it at e4/0425eaca55b3aca9994575b03b1585ff756c4684395fa144ee2642aeaf1d4",
		"the sentence");
	s.has_digest = false;
	ok(read_object(&r, node, &s, &e) != 0, "nor without a digest");
	is_str(e.text,
		"i: first: expected the digest of its object, found none",
		"the sentence");
	read_stat_free(&s);
	read_close(&r);
}

int main(void)
{
	make("tests/golden/types.dump");
	test_super();
	test_inode();
	test_directory();
	test_loop();
	make("tests/golden/xattrs.dump");
	test_xattrs();
	make("tests/golden/links.dump");
	test_read();
	free(made.bytes);
	return tap_done();
}
