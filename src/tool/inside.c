/* SPDX-License-Identifier: MIT */
#include "tool/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINKS_MAX 40 /* as many as the kernel follows */

/* Takes the first name off a path into name; false when there is none. */
static bool next_name(char *todo, char *name)
{
	size_t skip = strspn(todo, "/"), n = strcspn(todo + skip, "/");

	if (n > TREE_NAME_MAX)
		n = TREE_NAME_MAX; /* too long to be there */
	memcpy(name, todo + skip, n);
	name[n] = '\0';
	memmove(todo, todo + skip + n, strlen(todo + skip + n) + 1);
	return n > 0;
}

/* Puts the target of a link before what is left of the path. */
static bool follow(char *todo, size_t size, char *real, const char *target)
{
	char rest[PATH_MAX];
	int n;

	snprintf(rest, sizeof(rest), "%s", todo);
	n = snprintf(todo, size, "%s/%s", target, rest);
	if (target[0] == '/')
		real[0] = '\0';
	return n >= 0 && (size_t)n < size;
}

static void drop_name(char *real)
{
	char *slash = strrchr(real, '/');

	if (slash)
		*slash = '\0';
}

uint32_t inside_resolve(const struct inside *in, const char *path, char *real)
{
	char todo[PATH_MAX], name[TREE_NAME_MAX + 1], at[PATH_MAX] = "";
	uint32_t dir = TREE_ROOT;
	unsigned links = 0;

	if (strlen(path) >= sizeof(todo))
		return TREE_NONE;
	strcpy(todo, path);
	while (next_name(todo, name)) {
		const char *target;
		uint32_t inode;
		size_t n = strlen(at);

		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			drop_name(at);
			dir = tree_lookup(in->tree, at);
			continue;
		}
		inode = tree_child(in->tree, dir, name);
		if (inode == TREE_NONE || n + strlen(name) + 2 > sizeof(at))
			return TREE_NONE;
		target = tree_target(in->tree, inode);
		if (target) {
			if (++links > LINKS_MAX ||
				!follow(todo, sizeof(todo), at, target))
				return TREE_NONE;
			dir = tree_lookup(in->tree, at);
			continue;
		}
		snprintf(at + n, sizeof(at) - n, "/%s", name);
		dir = inode;
	}
	if (real)
		strcpy(real, at[0] ? at : "/");
	return dir;
}

int inside_open(const struct inside *in, const char *path,
	struct elf_source *source, struct err *e)
{
	char real[PATH_MAX];
	uint32_t inode = inside_resolve(in, path, real);
	struct tree_meta meta;

	*source = (struct elf_source){ .fd = -1 };
	if (inode == TREE_NONE)
		return err_set(e, REASON_FAILED,
			"%s: %s: expected a file, found none", in->name, path);
	tree_get_meta(in->tree, inode, &meta);
	if (!S_ISREG(meta.mode))
		return err_set(e, REASON_FAILED,
			"%s: %s: expected a regular file, found something else",
			in->name, path);
	source->size = tree_size(in->tree, inode);
	source->bytes = tree_content(in->tree, inode);
	if (source->bytes || source->size == 0)
		return 0;
	source->fd = in->open(in->ctx, real + 1);
	if (source->fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: %s: cannot be opened", in->name, path);
	return 0;
}

int inside_read(const struct inside *in, const char *path, char *text,
	size_t size, struct err *e)
{
	AUTO_SOURCE struct elf_source s = { .fd = -1 };
	ssize_t n;

	text[0] = '\0';
	if (inside_resolve(in, path, NULL) == TREE_NONE)
		return 0;
	if (inside_open(in, path, &s, e) != 0)
		return -1;
	if (s.size >= size)
		return err_set(e, REASON_FAILED,
			"%s: %s: expected at most %zu bytes, found %llu",
			in->name, path, size - 1, (unsigned long long)s.size);
	n = s.size;
	if (s.fd >= 0)
		n = read_all(s.fd, text, size - 1);
	else if (n)
		memcpy(text, s.bytes, n);
	if (n < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: %s: cannot be read", in->name, path);
	text[n] = '\0';
	return n;
}
