/* SPDX-License-Identifier: MIT */
#include "tool/closure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/libdirs.h"

#define SCRIPTS_MAX 4 /* of each other, as in the kernel */
#define NOBODY (-1)

/* One file that is mapped or executed. */
struct member {
	char *path; /* as the loader opens it */
	uint32_t inode;
	struct elf elf;
	int needed_by; /* NOBODY for a program */
};

struct search {
	const struct inside *in;
	struct err *e;
	struct libdirs dirs;
	unsigned n;
	struct member members[CLOSURE_MAX];
};

static int add_member(struct search *s, const char *path, uint32_t inode,
	const struct elf *elf, int needed_by)
{
	struct member *m = &s->members[s->n];

	if (s->n == CLOSURE_MAX)
		return err_set(s->e, REASON_FAILED,
			"%s: %s: expected at most %d files that init needs, found more",
			s->in->name, s->members[0].path, CLOSURE_MAX);
	m->path = strdup(path);
	if (!m->path)
		return err_set(s->e, REASON_FAILED, "%s: out of memory", path);
	m->inode = inode;
	m->needed_by = needed_by;
	m->elf = *elf;
	s->n++;
	return 0;
}

static bool is_member(const struct search *s, uint32_t inode)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->members[i].inode == inode)
			return true;
	return false;
}

/* Is a library loaded already under this name? Then it is not looked for. */
static bool is_loaded(const struct search *s, unsigned first, const char *name)
{
	for (unsigned i = first; i < s->n; i++) {
		const struct member *m = &s->members[i];
		const char *slash = strrchr(m->path, '/');

		if (m->needed_by != NOBODY &&
			(!strcmp(slash + 1, name) ||
				(m->elf.soname &&
					!strcmp(m->elf.soname, name))))
			return true;
	}
	return false;
}

/* musl's loader is its own libc, under all the names that a libc has. */
static bool is_musl_itself(const struct search *s, const char *name)
{
	static const char *const names[] = { "libc.", "libpthread.", "librt.",
		"libm.", "libdl.", "libutil.", "libxnet." };

	for (size_t i = 0; s->dirs.musl && i < 7; i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

/*
 * Adds path if it is a library for the same machine. 1: added, or there
 * already; 0: no such library here, look on; -1.
 */
static int try_library(struct search *s, const char *path, int needed_by)
{
	const struct elf *want = &s->members[needed_by].elf;
	uint32_t inode = inside_resolve(s->in, path, NULL);
	AUTO_SOURCE struct elf_source source = { .fd = -1 };
	char real[PATH_MAX];
	struct tree_meta meta;
	struct elf elf;
	int r;

	if (inode == TREE_NONE)
		return 0;
	if (is_member(s, inode))
		return 1;
	tree_get_meta(s->in->tree, inode, &meta);
	if (!S_ISREG(meta.mode))
		return 0;
	if (inside_open(s->in, path, &source, s->e) != 0)
		return -1;
	if (!elf_is(&source))
		return 0;
	if (elf_parse(&elf, &source, path, s->e) != 0)
		return -1;
	if (elf.class != want->class || elf.data != want->data ||
		elf.machine != want->machine) {
		elf_free(&elf);
		return 0;
	}
	/* "$ORIGIN/../lib" makes for names that nobody wants to read. */
	if (strstr(path, "/../") &&
		inside_resolve(s->in, path, real) != TREE_NONE)
		path = real;
	r = add_member(s, path, inode, &elf, needed_by);
	if (r != 0)
		elf_free(&elf);
	return r == 0 ? 1 : -1;
}

/* Replaces $ORIGIN and $LIB; false for what we do not know ($PLATFORM). */
static bool expand(const struct search *s, const struct member *m,
	const char *from, size_t n, char out[static PATH_MAX])
{
	const char *end = from + n, *slash = strrchr(m->path, '/');
	size_t used = 0;

	while (from < end) {
		static const char *const words[] = { "$ORIGIN", "${ORIGIN}",
			"$LIB", "${LIB}" };
		const char *with = from;
		size_t skip = 1, length = 1;

		for (unsigned i = 0; *from == '$' && i < 4; i++) {
			if (strncmp(from, words[i], strlen(words[i])) != 0)
				continue;
			skip = strlen(words[i]);
			with = i < 2 ? m->path : s->dirs.lib;
			length = i < 2 ? (size_t)(slash - m->path)
				       : strlen(with);
		}
		if ((*from == '$' && skip == 1) || used + length >= PATH_MAX)
			return false;
		memcpy(out + used, with, length);
		used += length;
		from += skip;
	}
	out[used] = '\0';
	return true;
}

/* Looks along a list of directories, as an RPATH or RUNPATH of m has it. */
static int try_list(struct search *s, const struct member *m, const char *list,
	const char *name, int needed_by)
{
	char dir[PATH_MAX], path[PATH_MAX];
	int r = 0;

	while (r == 0 && *list) {
		size_t n = strcspn(list, ":");

		if (n && expand(s, m, list, n, dir) && dir[0] == '/' &&
			snprintf(path, sizeof(path), "%s/%s", dir, name) <
				(int)sizeof(path))
			r = try_library(s, path, needed_by);
		list += n + (list[n] == ':');
	}
	return r;
}

static int find_library(struct search *s, const char *name, int by)
{
	const struct member *m = &s->members[by];
	char path[PATH_MAX];
	int r = 0;

	if (strchr(name, '/')) {
		if (expand(s, m, name, strlen(name), path) && path[0] == '/')
			r = try_library(s, path, by);
	} else {
		/* An RPATH is inherited, but a RUNPATH makes it void. */
		for (int i = by; r == 0 && i != NOBODY && !m->elf.runpath;
			i = s->members[i].needed_by)
			if (s->members[i].elf.rpath &&
				!s->members[i].elf.runpath)
				r = try_list(s, &s->members[i],
					s->members[i].elf.rpath, name, by);
		if (r == 0 && m->elf.runpath)
			r = try_list(s, m, m->elf.runpath, name, by);
		for (unsigned i = 0; r == 0 && i < s->dirs.n; i++)
			if (snprintf(path, sizeof(path), "%s/%s",
				    s->dirs.dirs[i], name) < (int)sizeof(path))
				r = try_library(s, path, by);
	}
	if (r != 0)
		return r > 0 ? 0 : -1;
	return err_set(s->e, REASON_FAILED,
		"%s: %s: expected the library %s that it needs, found none",
		s->in->name, m->path, name);
}

/* Adds the libraries of the program at first, breadth first as the loader. */
static int find_libraries(struct search *s, unsigned first)
{
	int r = libdirs_find(&s->dirs, s->in, &s->members[first].elf, s->e);

	for (unsigned i = first; r == 0 && i < s->n; i++)
		for (unsigned k = 0; r == 0 && k < s->members[i].elf.n_needed;
			k++) {
			const char *name = s->members[i].elf.needed[k];

			if (!is_loaded(s, first, name) &&
				!is_musl_itself(s, name))
				r = find_library(s, name, i);
		}
	libdirs_free(&s->dirs);
	return r;
}

/* The interpreter of a script; empty when it is none. */
static void read_script(const struct elf_source *source, char *interp)
{
	char line[256] = "", *start;
	ssize_t n;

	interp[0] = '\0';
	if (source->fd >= 0)
		n = pread(source->fd, line, sizeof(line) - 1, 0);
	else
		n = snprintf(line, sizeof(line), "%.*s",
			source->size < 255 ? (int)source->size : 255,
			source->bytes ? (const char *)source->bytes : "");
	if (n < 2 || strncmp(line, "#!", 2) != 0)
		return;
	start = line + 2 + strspn(line + 2, " \t");
	start[strcspn(start, " \t\r\n")] = '\0';
	strcpy(interp, start);
}

static int add_program(struct search *s, const char *path, unsigned depth);

static int add_interpreter(struct search *s, const char *path,
	const struct elf_source *source, uint32_t inode, unsigned depth)
{
	static const struct elf none;
	char interp[256];

	read_script(source, interp);
	if (!interp[0] || depth == SCRIPTS_MAX)
		return err_set(s->e, REASON_FAILED,
			"%s: %s: expected an ELF file or a script, found %s",
			s->in->name, path,
			interp[0] ? "too many scripts in a row"
				  : "something else");
	if (add_member(s, path, inode, &none, NOBODY) != 0)
		return -1;
	return add_program(s, interp, depth + 1);
}

/* An ELF program, whose interpreter needs no libraries of its own. */
static int add_elf(struct search *s, const char *path,
	const struct elf_source *source, uint32_t inode)
{
	char real[PATH_MAX], interp[PATH_MAX];
	unsigned first = s->n;
	struct elf elf;

	if (elf_parse(&elf, source, path, s->e) != 0)
		return -1;
	/* $ORIGIN of a program is where it really lies. */
	inside_resolve(s->in, path, real);
	strcpy(interp, elf.interp);
	if (add_member(s, real, inode, &elf, NOBODY) != 0) {
		elf_free(&elf);
		return -1;
	}
	if (interp[0]) {
		int r = interp[0] == '/' ? try_library(s, interp, first) : 0;

		if (r == 0)
			err_set(s->e, REASON_FAILED,
				"%s: %s: expected its interpreter %s, found none",
				s->in->name, path, interp);
		if (r <= 0)
			return -1;
	}
	return find_libraries(s, first);
}

static int add_program(struct search *s, const char *path, unsigned depth)
{
	uint32_t inode = inside_resolve(s->in, path, NULL);
	AUTO_SOURCE struct elf_source source = { .fd = -1 };
	struct tree_meta meta;

	if (path[0] != '/')
		return err_set(s->e, REASON_FAILED,
			"%s: %s: expected an absolute path, found a relative one",
			s->in->name, path);
	if (inside_open(s->in, path, &source, s->e) != 0)
		return -1;
	tree_get_meta(s->in->tree, inode, &meta);
	if (!(meta.mode & 0111))
		return err_set(s->e, REASON_FAILED,
			"%s: %s: expected an executable file, found mode %04o",
			s->in->name, path, meta.mode & 07777);
	if (elf_is(&source))
		return add_elf(s, path, &source, inode);
	return add_interpreter(s, path, &source, inode, depth);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int closure_find(struct closure *c, const struct inside *in,
	const char *program, struct err *e)
{
	struct search *s = calloc(1, sizeof(*s));
	int r;

	memset(c, 0, sizeof(*c));
	if (!s)
		return err_set(e, REASON_FAILED, "%s: out of memory", in->name);
	s->in = in;
	s->e = e;
	r = add_program(s, program, 0);
	for (unsigned i = 0; i < s->n; i++) {
		c->paths[c->n++] = s->members[i].path;
		elf_free(&s->members[i].elf);
	}
	free(s);
	qsort(c->paths, c->n, sizeof(c->paths[0]), by_text);
	if (r != 0)
		closure_free(c);
	return r;
}

void closure_free(struct closure *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free(c->paths[i]);
	memset(c, 0, sizeof(*c));
}
