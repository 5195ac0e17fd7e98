/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tap.h"
#include "tool/tree_private.h"
#include "trees.h"

static void test_lookup(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t usr = add(t, TREE_ROOT, "usr", &dir_meta);
	uint32_t lib = add(t, usr, "lib", &dir_meta);
	uint32_t x = add(t, lib, "x", &file_meta);

	is_int(tree_lookup(t, ""), TREE_ROOT, "the empty path is the root");
	is_int(tree_lookup(t, "///"), TREE_ROOT, "slashes are the root");
	is_int(tree_lookup(t, "/usr/lib/x"), x, "a path from the root");
	is_int(tree_lookup(t, "usr//lib/x/"), x, "with odd slashes");
	is_int(tree_lookup(t, "usr/li"), TREE_NONE, "half a name");
	is_int(tree_lookup(t, "usr/lib/x/y"), TREE_NONE, "below a file");
	is_int(tree_child(t, usr, "lib"), lib, "a child");
	is_int(tree_child(t, lib, "lib"), TREE_NONE, "not in another");
	is_int(tree_inodes(t), 4, "inodes");
	is_int(tree_entries(t), 4, "entries");
	tree_free(t);
}

static void refuse(struct tree *t, uint32_t dir, const char *name,
	const struct tree_meta *meta, const char *sentence)
{
	is_int(add(t, dir, name, meta), TREE_NONE, "refused: %.30s", sentence);
	is_str(e.text, sentence, "with the sentence");
}

static void test_refusals(void)
{
	const struct tree_meta none = { .mode = 0644 };
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t f = add(t, TREE_ROOT, "f", &file_meta);
	uint32_t d = add(t, TREE_ROOT, "d", &dir_meta);
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	ok(add(t, TREE_ROOT, name, &file_meta) != TREE_NONE, "255 bytes");
	name[255] = 'n';
	name[256] = '\0';
	refuse(t, TREE_ROOT, name, &file_meta,
		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...: expected a name "
		"of at most 255 bytes, found 256");
	refuse(t, TREE_ROOT, "", &file_meta,
		": expected a file name, found \"\"");
	refuse(t, TREE_ROOT, "..", &file_meta,
		"..: expected a file name, found \"..\"");
	refuse(t, TREE_ROOT, "a/b", &file_meta,
		"a/b: expected a file name, found \"a/b\"");
	refuse(t, TREE_ROOT, "f", &file_meta,
		"f: expected no such entry in the directory, found one");
	refuse(t, f, "g", &file_meta,
		"g: expected a directory above it, found another type");
	refuse(t, TREE_ROOT, "x", &none,
		"x: expected a mode with a file type, found 644");
	ok(tree_link(t, TREE_ROOT, "l", d, &e) != 0, "a link to a directory");
	is_str(e.text,
		"l: expected a hard link to a file, found one to a directory",
		"is refused with the sentence");
	is_int(tree_entries(t), 4, "nothing came of them");
	tree_free(t);
}

static void test_values(void)
{
	const struct tree_meta link_meta = { .mode = S_IFLNK | 0777 };
	const struct tree_meta dev = { S_IFCHR | 0600, 1, 2, 259, -3, 4 };
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t f = add(t, TREE_ROOT, "f", &file_meta);
	uint32_t l = add(t, TREE_ROOT, "l", &link_meta);
	uint32_t c = add(t, TREE_ROOT, "c", &dev);
	struct digest d = { HASH_SHA256, 32, { 1, 2, 3 } }, got;
	struct tree_meta meta;
	char target[TREE_TARGET_MAX + 2];

	is_int(tree_size(t, f), 0, "a new file is empty");
	ok(tree_set_content(t, f, "abc", 3, &e) == 0, "content");
	ok(memcmp(tree_content(t, f), "abc", 3) == 0, "is kept");
	ok(!tree_object(t, f, &got), "and is no object");
	ok(tree_set_object(t, f, 5, &d, &e) == 0, "an object");
	ok(tree_object(t, f, &got) && digest_equal(&d, &got), "is kept");
	ok(!tree_content(t, f), "and is no content");
	is_int(tree_size(t, f), 5, "with its size");
	ok(tree_set_object(t, f, 0, &d, &e) != 0, "an object of 0 bytes");
	is_str(e.text, "object: expected content, found an empty file",
		"is refused with the sentence");

	memset(target, 't', sizeof(target));
	target[TREE_TARGET_MAX + 1] = '\0';
	ok(tree_set_target(t, l, target, &e) != 0, "a target of 4096");
	is_str(e.text,
		"symbolic link: expected a target of 1 to 4095 bytes, found "
		"4096",
		"is refused with the sentence");
	ok(tree_set_target(t, l, "", &e) != 0, "an empty target");
	ok(tree_set_target(t, l, "../x", &e) == 0, "a target");
	is_str(tree_target(t, l), "../x", "is kept");
	ok(!tree_target(t, f), "a file has none");

	tree_get_meta(t, c, &meta);
	ok(meta.mode == dev.mode && meta.uid == 1 && meta.gid == 2 &&
			meta.rdev == 259 && meta.mtime == -3 &&
			meta.mtime_nsec == 4,
		"a device's meta is kept");
	tree_free(t);
}

static int count(void *ctx, const char *name, uint32_t inode)
{
	(void)inode;
	strcat(ctx, name);
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

static void test_remove(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t d = add(t, TREE_ROOT, "d", &dir_meta), deep = d, f, g;
	char names[64] = "";

	for (int i = 0; i < 50; i++)
		deep = add(t, deep, "deeper", &dir_meta);
	f = add(t, deep, "f", &file_meta);
	ok(tree_link(t, TREE_ROOT, "g", f, &e) == 0, "a link from outside");
	is_int(tree_entries(t), 54, "entries");
	ok(tree_remove(t, TREE_ROOT, "d"), "removed, with all below it");
	ok(!tree_remove(t, TREE_ROOT, "d"), "only once");
	is_int(tree_entries(t), 2, "what is left: the root and the link");
	is_int(tree_inodes(t), 2, "and their inodes");
	is_int(tree_lookup(t, "d/deeper"), TREE_NONE, "not found any more");
	g = tree_lookup(t, "g");
	is_int(g, f, "the link still is");
	ok(add(t, TREE_ROOT, "d", &file_meta) != TREE_NONE, "the name again");
	is_int(tree_size(t, tree_lookup(t, "d")), 0, "now a file");
	ok(tree_each(t, TREE_ROOT, count, names) == 0, "each name");
	is_int(strlen(names), 2, "d and g: %s", names);
	ok(add(t, TREE_ROOT, "stop", &file_meta) != TREE_NONE, "one more");
	is_int(tree_each(t, TREE_ROOT, count, names), 7, "each stops");
	tree_free(t);
}

static void test_xattrs(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	uint32_t f = add(t, TREE_ROOT, "f", &file_meta), g, pairs;
	char name[300], value[16];
	static char big[TREE_XATTR_VALUE_MAX + 1];

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	ok(tree_set_xattr(t, f, name, "", 0, &e) != 0, "a name of 256 bytes");
	is_str(e.text,
		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn: expected an xattr "
		"name of 1 to 255 bytes, found 256",
		"is refused with the sentence");
	ok(tree_set_xattr(t, f, "", "", 0, &e) != 0, "an empty name is too");
	ok(tree_set_xattr(t, f, "user.x", big, sizeof(big), &e) != 0,
		"a value of 65536 bytes");
	is_str(e.text,
		"user.x: expected an xattr value of at most 65535 bytes, found "
		"65536",
		"is refused with the sentence");

	/* 12 and 7 + 6 + 32742 are 32767; y needs 8 of them. */
	g = add(t, TREE_ROOT, "full", &file_meta);
	ok(tree_set_xattr(t, g, "user.x", big, 32742, &e) == 0,
		"all that an inode can have");
	ok(tree_set_xattr(t, g, "user.x", big, 32743, &e) != 0, "a byte more");
	is_str(e.text,
		"user.x: expected xattrs of at most 32767 bytes in all, found "
		"32768",
		"is refused with the sentence");
	ok(tree_set_xattr(t, g, "user.x", big, 32735, &e) == 0, "7 bytes less");
	ok(tree_set_xattr(t, g, "y", "", 0, &e) != 0, "leave no room for y");
	ok(tree_set_xattr(t, g, "user.x", big, 32734, &e) == 0 &&
			tree_set_xattr(t, g, "y", "", 0, &e) == 0,
		"8 do");

	/* Lists grow in place, move, and are replaced in. */
	g = add(t, TREE_ROOT, "g", &file_meta);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "user.%d", i);
		snprintf(value, sizeof(value), "v%d", i);
		ok(tree_set_xattr(t, i % 3 ? f : g, name, value, strlen(value),
			   &e) == 0,
			"%s", name);
	}
	pairs = t->n_pairs;
	ok(tree_set_xattr(t, g, "user.1", "v1", 2, &e) == 0, "the same pair");
	is_int(t->n_pairs, pairs, "is there once");
	ok(tree_set_xattr(t, f, "user.1", "other", 5, &e) == 0, "replaced");
	is_int(t->refs[t->inodes[f].xattrs], 26, "by one of the same name");
	is_int(t->refs[t->inodes[g].xattrs], 15, "the other has its own");
	ok(pair_find(t, f, "user.1") != pair_find(t, g, "user.1"), "differ");
	is_int(pair_find(t, f, "user.none"), TREE_NONE, "no such name");

	ok(inode_clone(t, f, &g, &e) == 0, "a clone");
	ok(tree_set_xattr(t, g, "user.1", "third", 5, &e) == 0, "changed");
	ok(pair_find(t, f, "user.1") != pair_find(t, g, "user.1"),
		"leaves the first as it was");
	tree_free(t);
}

static void test_escape(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	char name[256] = "trusted.overlay.";

	memset(name + 16, 'n', 239);
	ok(tree_set_xattr(t, 0, "trusted.overlay.x", "1", 1, &e) == 0 &&
			tree_set_xattr(t, 0, "trusted.overlay.overlay.x", "1",
				1, &e) == 0 &&
			tree_set_xattr(t, 0, "trusted.overlays", "1", 1, &e) ==
				0 &&
			tree_set_xattr(t, 0, name, "", 0, &e) == 0,
		"four names");
	ok(xattr_escape(t, &e) == 0, "escaped");
	is_int(pair_find(t, 0, "trusted.overlay.x"), TREE_NONE, "x");
	ok(pair_find(t, 0, "trusted.overlay.overlay.x") != TREE_NONE, "once");
	ok(pair_find(t, 0, "trusted.overlay.overlay.overlay.x") != TREE_NONE,
		"and once more");
	ok(pair_find(t, 0, "trusted.overlays") != TREE_NONE, "not another");
	is_int(t->n_pairs, 4, "no new pairs");
	ok(tree_set_xattr(t, 0, "trusted.overlay.overlay.x", "1", 1, &e) == 0,
		"set again");
	is_int(t->n_pairs, 4, "is the escaped one");
	tree_free(t);
}

static void test_many(void)
{
	struct tree *t = tree_new(HASH_SHA256);
	struct digest d = { HASH_SHA256, 32, { 0 } };
	uint32_t inode, wrong = 0;
	char name[32];

	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t digest = i / 2;

		snprintf(name, sizeof(name), "%x", i * 2654435761u);
		memcpy(d.bytes, &digest, sizeof(digest));
		wrong += tree_add(t, TREE_ROOT, name, &file_meta, &inode, &e) !=
				 0 ||
			 tree_set_object(t, inode, i + 1, &d, &e) != 0;
	}
	is_int(wrong, 0, "20000 files");
	is_int(objects_merge(t, &e), 0, "objects of the same digest");
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t object = t->inodes[i + 1].payload, digest = i / 2;

		wrong += object != (i & ~1u) ||
			 memcmp(object_digest(t, object), &digest,
				 sizeof(digest)) != 0;
	}
	is_int(wrong, 0, "are the same: the first one");
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "%x", i * 2654435761u);
		wrong += tree_size(t, tree_lookup(t, name)) != i + 1;
	}
	is_int(wrong, 0, "are found again");
	tree_free(t);
}

int main(void)
{
	test_lookup();
	test_refusals();
	test_values();
	test_remove();
	test_xattrs();
	test_escape();
	test_many();
	return tap_done();
}
