/* SPDX-License-Identifier: MIT */
#include "tool/forboot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/closure.h"
#include "tool/scan.h"
#include "tool/tool.h"

#define TEXT_MAX 65536 /* bytes of an fstab */

/* What is added belongs to root and is as old as the tree's own root. */
static struct tree_meta new_meta(const struct forboot *f, uint32_t mode)
{
	struct tree_meta m;

	tree_get_meta(f->inside.tree, TREE_ROOT, &m);
	m.mode = mode;
	m.uid = m.gid = m.rdev = 0;
	return m;
}

static bool is_type(const struct forboot *f, uint32_t inode, uint32_t type)
{
	struct tree_meta m;

	tree_get_meta(f->inside.tree, inode, &m);
	return (m.mode & S_IFMT) == type;
}

/* The directory of a name in dir, added where there is none. */
static int make_dir(const struct forboot *f, uint32_t dir, const char *path,
	uint32_t mode, uint32_t *inode, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	struct tree_meta m = new_meta(f, S_IFDIR | mode);

	*inode = inside_resolve(&f->inside, path, NULL);
	if (*inode != TREE_NONE && is_type(f, *inode, S_IFDIR))
		return 0;
	if (*inode != TREE_NONE ||
		tree_child(f->inside.tree, dir, name) != TREE_NONE)
		return err_set(e, REASON_FAILED,
			"%s: %s: expected a directory, found something else",
			f->inside.name, path);
	return tree_add(f->inside.tree, dir, name, &m, inode, e);
}

static int make_mountpoints(const struct forboot *f, struct err *e)
{
	static const char *const dirs[] = { "/dev", "/etc", "/proc", "/run",
		"/sys", "/sysroot", "/tmp", "/var" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		bool there =
			inside_resolve(&f->inside, dirs[i], NULL) != TREE_NONE;
		uint32_t inode;

		if (make_dir(f, TREE_ROOT, dirs[i],
			    !strcmp(dirs[i], "/tmp") ? 01777 : 0755, &inode,
			    e) != 0)
			return -1;
		if (!there)
			tool_say("for boot: %s: added", dirs[i]);
	}
	return 0;
}

/* The names of a directory, gathered before they are removed. */
struct names {
	char **list;
	size_t n;
};

static int add_name(void *ctx, const char *name, uint32_t inode)
{
	struct names *names = ctx;
	char **list =
		realloc(names->list, (names->n + 1) * sizeof(names->list[0]));

	(void)inode;
	if (!list)
		return -1;
	names->list = list;
	list[names->n] = strdup(name);
	return list[names->n] ? (names->n++, 0) : -1;
}

static int empty_dir(const struct forboot *f, const char *path, struct err *e)
{
	uint32_t inode = inside_resolve(&f->inside, path, NULL);
	struct names names = { 0 };
	int r = 0;

	if (inode == TREE_NONE || !is_type(f, inode, S_IFDIR))
		return 0;
	if (tree_each(f->inside.tree, inode, add_name, &names) != 0)
		r = err_set(
			e, REASON_FAILED, "%s: out of memory", f->inside.name);
	for (size_t i = 0; i < names.n; i++) {
		if (r == 0)
			tree_remove(f->inside.tree, inode, names.list[i]);
		free(names.list[i]);
	}
	free(names.list);
	if (r == 0 && names.n)
		tool_say("for boot: %s: emptied, %zu entries left out", path,
			names.n);
	return r;
}

static bool has_systemd(const struct forboot *f)
{
	char real[PATH_MAX];
	const char *slash;

	if (inside_resolve(&f->inside, f->init, real) == TREE_NONE)
		return false;
	slash = strrchr(real, '/');
	return !strcmp(slash + 1, "systemd");
}

/*
 * systemd gives a device its own id in an empty file, and takes the id of a
 * file that is not empty: then all devices are one.
 */
static int empty_machine_id(const struct forboot *f, struct err *e)
{
	uint32_t etc = inside_resolve(&f->inside, "/etc", NULL);
	uint32_t inode = tree_child(f->inside.tree, etc, "machine-id");
	struct tree_meta m = new_meta(f, S_IFREG | 0444);

	if (inode == TREE_NONE && !has_systemd(f))
		return 0;
	if (inode != TREE_NONE && is_type(f, inode, S_IFREG) &&
		tree_size(f->inside.tree, inode) == 0)
		return 0;
	if (inode != TREE_NONE && is_type(f, inode, S_IFREG)) {
		tool_say("for boot: /etc/machine-id: emptied");
		return tree_set_content(f->inside.tree, inode, "", 0, e);
	}
	if (inode != TREE_NONE)
		return err_set(e, REASON_FAILED,
			"%s: /etc/machine-id: expected a regular file, found something else",
			f->inside.name);
	tool_say("for boot: /etc/machine-id: added, empty");
	return tree_add(f->inside.tree, etc, "machine-id", &m, &inode, e);
}

static int check_os_release(const struct forboot *f, struct err *e)
{
	if (inside_resolve(&f->inside, "/etc/os-release", NULL) != TREE_NONE ||
		inside_resolve(&f->inside, "/usr/lib/os-release", NULL) !=
			TREE_NONE ||
		!has_systemd(f))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected /etc/os-release or /usr/lib/os-release, found neither: systemd does not switch to a root without it",
		f->inside.name);
}

/* The verified root is mounted already; a line for it would remount it. */
static int check_fstab(const struct forboot *f, struct err *e)
{
	static char text[TEXT_MAX];
	char *line = text, *end;
	unsigned n = 1;

	if (inside_read(&f->inside, "/etc/fstab", text, sizeof(text), e) < 0)
		return -1;
	for (; line; line = end, n++) {
		char what[256], where[256], dummy[2];

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (sscanf(line, " %1[#]", dummy) == 1 ||
			sscanf(line, " %255s %255s", what, where) != 2 ||
			(strcmp(where, "/") != 0 && strcmp(where, "/usr") != 0))
			continue;
		err_set(e, REASON_FAILED,
			"%s: /etc/fstab:%u: expected no line for / or /usr, found: %s",
			f->inside.name, n, line);
		return err_hint(e,
			"remove the line: the boot program has mounted the verified root already");
	}
	return 0;
}

static int write_preflight(
	const struct forboot *f, const char *text, size_t n, struct err *e)
{
	const char *name = strrchr(PREFLIGHT_PATH, '/') + 1;
	struct tree_meta m = new_meta(f, S_IFREG | 0644);
	struct tree *t = f->inside.tree;
	uint32_t dir, inode;
	struct digest d;

	if (make_dir(f, TREE_ROOT, "/usr", 0755, &dir, e) != 0 ||
		make_dir(f, dir, "/usr/lib", 0755, &dir, e) != 0 ||
		make_dir(f, dir, "/usr/lib/rootwright", 0755, &dir, e) != 0)
		return -1;
	tree_remove(t, dir, name);
	if (tree_add(t, dir, name, &m, &inode, e) != 0)
		return -1;
	if (n <= SCAN_INLINE_MAX)
		return tree_set_content(t, inode, text, n, e);
	if (f->object(f->ctx, text, n, PREFLIGHT_PATH, &d, e) != 0)
		return -1;
	return tree_set_object(t, inode, n, &d, e);
}

static int add_preflight(const struct forboot *f, struct err *e)
{
	struct closure c;
	size_t n = 0;
	char *text;
	int r;

	if (closure_find(&c, &f->inside, f->init, e) != 0)
		return -1;
	for (unsigned i = 0; i < c.n; i++)
		n += strlen(c.paths[i]) + 1;
	text = malloc(n + 1);
	n = 0;
	for (unsigned i = 0; text && i < c.n; i++)
		n += sprintf(text + n, "%s\n", c.paths[i]);
	r = text ? write_preflight(f, text, n, e)
		 : err_set(e, REASON_FAILED, "%s: out of memory",
			   f->inside.name);
	free(text);
	if (r == 0)
		tool_say(
			"for boot: " PREFLIGHT_PATH
			": %u files that %s needs to start; what it opens by dlopen or executes cannot be known",
			c.n, f->init);
	closure_free(&c);
	return r;
}

int forboot_prepare(const struct forboot *f, struct err *e)
{
	if (check_fstab(f, e) != 0 || check_os_release(f, e) != 0 ||
		make_mountpoints(f, e) != 0 || empty_dir(f, "/boot", e) != 0 ||
		empty_dir(f, "/run", e) != 0 || empty_machine_id(f, e) != 0)
		return -1;
	return add_preflight(f, e);
}
