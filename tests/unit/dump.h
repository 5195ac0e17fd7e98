/* SPDX-License-Identifier: MIT */
/*
 * Reads the dumps of tests/golden into a tree. They are ours and right: what
 * is not is told by abort().
 */
#ifndef RW_TESTS_DUMP_H
#define RW_TESTS_DUMP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/tree.h"

struct dump_line {
	char *field[256]; /* unescaped */
	size_t size[256];
	unsigned n;
};

static void dump_expect(bool good, const char *what)
{
	if (good)
		return;
	printf("# dump: %s\n", what);
	abort();
}

static size_t dump_unescape(char *s)
{
	char *out = s, *start = s;
	unsigned byte;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x') {
			dump_expect(sscanf(s + 2, "%2x", &byte) == 1, s);
			*out++ = (char)byte;
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
	return (size_t)(out - start);
}

static void dump_split(struct dump_line *l, char *text)
{
	char *save = NULL, *s = strtok_r(text, " \n", &save);

	for (l->n = 0; s && l->n < 256; s = strtok_r(NULL, " \n", &save)) {
		l->field[l->n] = s;
		/* An xattr is unescaped by its own two halves. */
		l->size[l->n] = l->n < 11 ? dump_unescape(s) : 0;
		l->n++;
	}
	dump_expect(l->n >= 11, "too few fields");
}

static void dump_file(struct tree *t, uint32_t inode, const struct dump_line *l)
{
	uint64_t size = strtoull(l->field[1], NULL, 10);
	struct digest d;
	struct err e;
	int r = 0;

	if (strcmp(l->field[9], "-") != 0) {
		r = tree_set_content(t, inode, l->field[9], l->size[9], &e);
	} else if (strcmp(l->field[10], "-") != 0) {
		dump_expect(digest_from_hex(&d, l->field[10], 64), "digest");
		r = tree_set_object(t, inode, size, &d, &e);
	}
	dump_expect(r == 0, "content");
}

static void dump_xattr(struct tree *t, uint32_t inode, char *text)
{
	char *value = strchr(text, '=');
	struct err e;
	size_t n;

	dump_expect(value != NULL, "xattr");
	*value++ = '\0';
	dump_unescape(text);
	n = dump_unescape(value);
	dump_expect(
		tree_set_xattr(t, inode, text, value, n, &e) == 0, "set xattr");
}

static void dump_add(struct tree *t, struct dump_line *l)
{
	bool link = l->field[2][0] == '@';
	struct tree_meta meta = {
		.mode = (uint32_t)strtoul(l->field[2] + link, NULL, 8),
		.uid = (uint32_t)strtoul(l->field[4], NULL, 10),
		.gid = (uint32_t)strtoul(l->field[5], NULL, 10),
		.rdev = (uint32_t)strtoul(l->field[6], NULL, 10),
	};
	char *point, *name = strrchr(l->field[0], '/');
	uint32_t dir, inode = TREE_ROOT;
	struct err e;

	meta.mtime = strtoll(l->field[7], &point, 10);
	meta.mtime_nsec = (uint32_t)strtoul(point + 1, NULL, 10);
	if (name[1] == '\0') {
		tree_set_meta(t, TREE_ROOT, &meta);
	} else {
		*name++ = '\0';
		dir = tree_lookup(t, l->field[0]);
		dump_expect(dir != TREE_NONE, "parent");
		if (link) {
			inode = tree_lookup(t, l->field[8]);
			dump_expect(tree_link(t, dir, name, inode, &e) == 0,
				"link");
			return;
		}
		dump_expect(
			tree_add(t, dir, name, &meta, &inode, &e) == 0, "add");
	}
	if (S_ISREG(meta.mode))
		dump_file(t, inode, l);
	if (S_ISLNK(meta.mode))
		dump_expect(tree_set_target(t, inode, l->field[8], &e) == 0,
			"target");
	for (unsigned i = 11; i < l->n; i++)
		dump_xattr(t, inode, l->field[i]);
}

static struct tree *dump_read(const char *path)
{
	struct tree *t = tree_new(HASH_SHA256);
	FILE *f = fopen(path, "r");
	struct dump_line l;
	char *line = NULL;
	size_t cap = 0;

	dump_expect(f && t, path);
	while (getline(&line, &cap, f) > 0) {
		dump_split(&l, line);
		dump_add(t, &l);
	}
	free(line);
	fclose(f);
	return t;
}

#endif
