/* SPDX-License-Identifier: MIT */
/* What install, export, gc and repair count and choose by. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tap.h"
#include "tool/export.h"
#include "tool/image.h"
#include "tool/item.h"
#include "tool/read.h"
#include "tool/tree.h"
#include "tool/wanted.h"

static struct err e;

static struct digest digest(unsigned first, unsigned size)
{
	struct digest d = { size == 32 ? HASH_SHA256 : HASH_SHA512, size,
		{ (uint8_t)first } };

	return d;
}

static int add(struct wanted *w, unsigned first, uint64_t size)
{
	struct digest d = digest(first, 32);

	return wanted_add(w, &d, size, &e);
}

static void sets(void)
{
	const struct wanted_object *o;
	struct wanted w = { 0 };
	struct digest d = digest(7, 32);
	int wrong = 0;

	is_int(wanted_sort(&w, &e), 0, "an empty set");
	ok(!wanted_find(&w, &d), "has nothing");
	for (unsigned i = 0; i < 300; i++)
		wrong += add(&w, (i * 7) % 256, (i * 7) % 256) != 0;
	is_int(wrong, 0, "300 are added");
	is_int(wanted_sort(&w, &e), 0, "sorted");
	is_int(w.n, 256, "each once");
	for (unsigned i = 0; i < 256; i++) {
		d = digest(i, 32);
		o = wanted_find(&w, &d);
		wrong += !o || o->size != i;
	}
	is_int(wrong, 0, "and all are found");
	d = digest(7, 64);
	ok(!wanted_find(&w, &d), "not one of another algorithm");
	is_int(add(&w, 7, WANTED_ANY), 0, "once more, of any size");
	is_int(wanted_sort(&w, &e), 0, "sorted");
	d = digest(7, 32);
	is_int(wanted_find(&w, &d)->size, 7, "the size that was said stays");
	is_int(add(&w, 7, 8), 0, "once more, of another size");
	is_int(wanted_sort(&w, &e), -1, "is refused");
	is_str(e.text,
		"object 0700000000000000000000000000000000000000000000000000000000000000: expected one size, found 7 and 8 bytes",
		"its sentence");
	wanted_free(&w);
	is_int(add(&w, 1, WANTED_ANY) || add(&w, 1, 5) || wanted_sort(&w, &e),
		0, "a size after none");
	ok(w.n == 1 && w.list[0].size == 5, "is the size");
	wanted_free(&w);
}

#define D "1122222222222222222222222222222222222222222222222222222222222222"

static void images(void)
{
	struct image_options o = IMAGE_OPTIONS_DEFAULT;
	const struct tree_meta meta = { .mode = S_IFREG | 0644 };
	struct tree *t = tree_new(HASH_SHA256);
	struct read_image r;
	struct image made = { 0 };
	struct wanted w = { 0 };
	struct digest d;
	uint8_t *bytes;
	uint32_t inode;

	digest_from_hex(&d, D, 64);
	ok(t && tree_add(t, TREE_ROOT, "a", &meta, &inode, &e) == 0 &&
			tree_set_object(t, inode, 5000, &d, &e) == 0 &&
			tree_add(t, TREE_ROOT, "b", &meta, &inode, &e) == 0 &&
			tree_set_content(t, inode, "abc", 3, &e) == 0 &&
			tree_add(t, TREE_ROOT, "c", &meta, &inode, &e) == 0 &&
			image_build(t, &o, &made, &e) == 0,
		"an image of three files");
	tree_free(t);
	bytes = malloc(made.size);
	memcpy(bytes, made.bytes, made.size);
	is_int(read_open_owned(&r, "i", bytes, made.size, &e), 0,
		"an image whose bytes are given away: %s", e.text);
	is_int(wanted_add_image(&w, &r, HASH_SHA256, &e), 0, "its objects");
	ok(w.n == 1 && digest_equal(&w.list[0].digest, &d) &&
			w.list[0].size == 5000,
		"one, of 5000 bytes");
	is_int(wanted_add_image(&w, &r, HASH_SHA512, &e), -1,
		"not into a store of SHA-512");
	is_str(e.text,
		"i: expected objects of sha512, as the store has, found one of sha256",
		"its sentence");
	wanted_free(&w);
	read_close(&r);
	bytes = calloc(1, 4096);
	is_int(read_open_owned(&r, "i", bytes, 4096, &e), -1,
		"bytes that are no image are freed, too");
	free(made.bytes);
}

static void lists(void)
{
	struct list l = { 0 };
	size_t n;
	char *text = list_text(&l, &n, &e);

	is_str(text, LIST_FORMAT, "an empty list");
	free(text);
	ok(list_add(&l, "b", 2, &e) == 0 && list_add(&l, "a/b", 1, &e) == 0 &&
			list_add(&l, "b", 2, &e) == 0 &&
			list_add(&l, "a", 3, &e) == 0,
		"four files");
	text = list_text(&l, &n, &e);
	is_str(text, LIST_FORMAT "3 a\n1 a/b\n2 b\n",
		"in byte order, each once");
	is_int(n, strlen(text), "its length");
	free(text);
	list_free(&l);
}

static void items(void)
{
	static struct items l;
	char words[ITEM_WORDS_MAX];

	is_str(items_add_release(&l, "web", "2") ? "refused" : "taken", "taken",
		"a release");
	is_str(l.list[0].where, "releases/web/2/manifest", "its manifest");
	is_str(item_words(&l.list[0], words), "release web 2", "its words");
	ok(!items_add_image(&l, D), "an image");
	is_str(item_words(&l.list[1], words), "image " D, "its words");
	ok(items_add_release(&l, "..", "2") != NULL, "not a release of ..");
	ok(items_add_release(&l, "web", "a/b") != NULL, "nor a path");
	ok(items_add_release(&l, "web", "") != NULL, "nor nothing");
	ok(items_add_image(&l, "11") != NULL, "not half an image");
	is_int(l.n, 2, "what was refused is not there");
	while (l.n < ITEMS_MAX)
		if (items_add_image(&l, D))
			break;
	is_str(items_add_image(&l, D), "at most 64 releases and images",
		"one too many");
	is_str(items_add_release(&l, "web", "2"),
		"at most 64 releases and images", "of either");
	items_free(&l);
}

int main(void)
{
	sets();
	images();
	lists();
	items();
	return tap_done();
}
