/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tap.h"
#include "tool/image.h"
#include "tool/layout.h"
#include "trees.h"

/* The names of a frozen directory, each followed by a space. */
static const char *names(const struct tree *t, uint32_t dir)
{
	static char out[4096];
	size_t n = 0;

	for (uint64_t k = 0; k < t->inodes[dir].size; k++) {
		struct child c = child_at(t, dir, k);

		memcpy(out + n, c.name, c.name_size);
		n += c.name_size;
		out[n++] = ' ';
	}
	out[n] = '\0';
	return out;
}

static void test_sorted(void)
{
	static const char *const unsorted[] = { "b", "\xff", "prefix-long-2",
		"-a", "prefix-long-10", "..x", ".-", "!", "prefix-long-1", "a",
		"aa", "0", "Z" };
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t d = add(t, TREE_ROOT, "d", &dir_meta);

	for (size_t i = 0; i < sizeof(unsorted) / sizeof(*unsorted); i++)
		add(t, d, unsorted[i], &file_meta);
	ok(tree_freeze(t, &e) == 0, "frozen");
	is_str(names(t, d),
		"! -a . .- .. ..x 0 Z a aa b prefix-long-1 prefix-long-10 "
		"prefix-long-2 \xff ",
		"bytes decide, and . and .. have their places");
	is_str(names(t, TREE_ROOT), ". .. d ", "the root has them too");
	is_int(child_at(t, d, 2).inode, d, ". is itself");
	is_int(child_at(t, d, 4).inode, TREE_ROOT, ".. is the one above");
	is_int(child_at(t, TREE_ROOT, 1).inode, TREE_ROOT, "the root's own");
	tree_free(t);

	/* Only what differs is a key: eight bytes of it, then all of it. */
	t = tree_new(HASH_SHA256);
	add(t, TREE_ROOT, "common-0123456789b", &file_meta);
	add(t, TREE_ROOT, "common-0123456789a", &file_meta);
	add(t, TREE_ROOT, "common-", &file_meta);
	add(t, TREE_ROOT, "common-0123456789", &file_meta);
	ok(tree_freeze(t, &e) == 0, "frozen");
	is_str(names(t, TREE_ROOT),
		". .. common- common-0123456789 common-0123456789a "
		"common-0123456789b ",
		"long common beginnings");
	tree_free(t);
}

/* Names sorted but for a tail, which the first merge brings in. */
static void test_tails(void)
{
	char name[16];

	for (unsigned run = 0; run <= 300; run += 50) {
		struct tree *t = tree_new(HASH_SHA256);
		unsigned wrong = 0, k = 2;

		for (unsigned i = 0; i < 300; i++) {
			unsigned n = i < run ? 2 * i : (i * 7 % 300) * 2 + 1;

			snprintf(name, sizeof(name), "x%04u", n);
			wrong += entry_append(t, TREE_ROOT, name,
					 add(t, TREE_ROOT, "y", &file_meta),
					 &e) != 0;
			wrong += !tree_remove(t, TREE_ROOT, "y");
		}
		ok(tree_freeze(t, &e) == 0, "frozen: %u sorted", run);
		for (; k + 1 < t->inodes[TREE_ROOT].size; k++)
			wrong += strcmp(child_at(t, TREE_ROOT, k).name,
					 child_at(t, TREE_ROOT, k + 1).name) >=
				 0;
		is_int(wrong, 0, "all are");
		is_int(k, 301, "and all are there");
		tree_free(t);
	}
}

static void test_twice(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t inode;

	for (int i = 0; i < 2; i++)
		ok(inode_new(t, &file_meta, &inode, &e) == 0 &&
				entry_append(t, TREE_ROOT, "same", inode, &e) ==
					0,
			"a source that says \"same\" %d", i);
	ok(tree_freeze(t, &e) != 0, "a name twice is refused");
	is_str(e.text,
		"same: expected each name once in its directory, found it "
		"twice",
		"with the sentence");
	tree_free(t);
}

/* z is added first, but a/b/z is the first name in a sorted walk. */
static void test_links(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t z = add(t, TREE_ROOT, "z", &file_meta);
	uint32_t a = add(t, TREE_ROOT, "a", &dir_meta);
	uint32_t b = add(t, a, "b", &dir_meta);
	uint32_t k = add(t, TREE_ROOT, "k", &file_meta);

	ok(tree_link(t, b, "z", z, &e) == 0, "another name");
	ok(tree_link(t, TREE_ROOT, "b", z, &e) == 0, "and another");
	ok(tree_freeze(t, &e) == 0, "frozen");
	is_int(t->inodes[z].links, 3, "three links");
	is_int(tree_parent(t, z), b, "it is at the deep one");
	is_int(t->n_order, 5, "each inode once");
	ok(t->order[0] == TREE_ROOT && t->order[1] == a && t->order[2] == k &&
			t->order[3] == b && t->order[4] == z,
		"breadth first");
	tree_free(t);
}

/* Nothing recurses: 100,000 levels would not fit on a stack. */
static void test_deep(void)
{
	const struct image_options o = IMAGE_OPTIONS_DEFAULT;
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t at = TREE_ROOT, deep, n = 100000;
	struct image image;
	char path[16];

	for (uint32_t i = 0; i < n; i++)
		at = add(t, at, "d", &dir_meta);
	deep = add(t, at, "f", &file_meta);
	ok(tree_link(t, at, "g", deep, &e) == 0, "with a hard link");
	tree_path(t, deep, path, sizeof(path));
	is_str(path, ".../d/d/d/d/f", "the end of a long path");
	ok(image_build(t, &o, &image, &e) == 0, "%u levels", n);
	is_int(t->n_order, n + 258, "all are there");
	free(image.bytes);
	tree_free(t);

	t = tree_new(HASH_SHA256);
	for (uint32_t i = 0, d = TREE_ROOT; i < n; i++)
		d = add(t, d, "d", &dir_meta);
	ok(tree_remove(t, TREE_ROOT, "d"), "removed again");
	is_int(tree_inodes(t), 1, "all of them");
	tree_free(t);
}

static void is_chunks(uint64_t size, unsigned bits, uint64_t n)
{
	uint64_t got;

	is_int(chunk_bits(size, &got), bits, "%llu bytes: chunk size",
		(unsigned long long)size);
	is_int(got, n, "and chunks");
}

static void test_chunks(void)
{
	is_chunks(1, 12, 1);
	is_chunks(4096, 12, 1);
	is_chunks(4097, 13, 1);
	is_chunks(8192, 13, 1);
	is_chunks(8193, 14, 1);
	is_chunks(1ull << 43, 43, 1);
	is_chunks((1ull << 43) + 1, 43, 2);
	is_chunks(1ull << 53, 43, 1024);
	is_chunks((1ull << 53) + 1, 43, 1025);
	is_chunks(UINT64_MAX, 43, 1ull << 21);
}

/* Names that fill a block to the byte, and one byte more. */
static void test_blocks(void)
{
	char name[256];
	struct layout l;
	uint32_t size;

	for (unsigned last = 98; last <= 99; last++) {
		struct tree *t = tree_new(HASH_SHA256);
		uint32_t d = add(t, TREE_ROOT, "d", &dir_meta);

		/* 27 for . and .., 33 times 120, and 12 + 97. */
		for (unsigned i = 0; i < 34; i++) {
			memset(name, 'n', sizeof(name));
			name[i < 33 ? 108 : last - 1] = '\0';
			name[0] = (char)('A' + i);
			ok(add(t, d, name, &file_meta) != TREE_NONE, "a name");
		}
		ok(tree_freeze(t, &e) == 0, "frozen");
		is_int(directory_chunk(t, d, 0, &size), last == 98 ? 36 : 35,
			"names in the first block");
		ok(layout_make(&l, t, &e) == 0, "laid out");
		is_int(l.places[d].blocks, 1, "blocks");
		is_int(l.places[d].tail, last == 98 ? 0 : 110, "tail");
		layout_free(&l);
		tree_free(t);
	}
}

int main(void)
{
	test_sorted();
	test_tails();
	test_twice();
	test_links();
	test_deep();
	test_chunks();
	test_blocks();
	return tap_done();
}
