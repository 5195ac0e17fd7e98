/* SPDX-License-Identifier: MIT */
#include "tool/libdirs.h"

#include <elf.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF_MAX 65536 /* bytes of one configuration file */
#define INCLUDE_MAX 4  /* of each other */

/* Debian's multiarch names; a machine without one has plain lib only. */
static const struct {
	uint16_t machine;
	uint8_t class, data;
	const char *lib;
} machines[] = {
	{ EM_X86_64, ELFCLASS64, ELFDATA2LSB, "lib/x86_64-linux-gnu" },
	{ EM_X86_64, ELFCLASS32, ELFDATA2LSB, "lib/x86_64-linux-gnux32" },
	{ EM_386, ELFCLASS32, ELFDATA2LSB, "lib/i386-linux-gnu" },
	{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "lib/aarch64-linux-gnu" },
	{ EM_ARM, ELFCLASS32, ELFDATA2LSB, "lib/arm-linux-gnueabihf" },
	{ EM_RISCV, ELFCLASS64, ELFDATA2LSB, "lib/riscv64-linux-gnu" },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB, "lib/powerpc64le-linux-gnu" },
	{ EM_S390, ELFCLASS64, ELFDATA2MSB, "lib/s390x-linux-gnu" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB, "lib/mips64el-linux-gnuabi64" },
	{ 258 /* EM_LOONGARCH */, ELFCLASS64, ELFDATA2LSB,
		"lib/loongarch64-linux-gnu" },
};

static int add(struct libdirs *l, const char *dir, struct err *e)
{
	for (unsigned i = 0; i < l->n; i++)
		if (!strcmp(l->dirs[i], dir))
			return 0;
	if (l->n == LIBDIRS_MAX)
		return err_set(e, REASON_FAILED,
			"%s: expected at most %d library directories, found more",
			dir, LIBDIRS_MAX);
	l->dirs[l->n] = strdup(dir);
	if (!l->dirs[l->n])
		return err_set(e, REASON_FAILED, "%s: out of memory", dir);
	l->n++;
	return 0;
}

struct reading {
	struct libdirs *l;
	const struct inside *in;
	unsigned depth;
	struct err *e;
};

static int read_conf(struct reading *r, const char *path);

/* The names of one directory that match a pattern, sorted as glob(3) does. */
struct matches {
	const char *pattern;
	char *names[LIBDIRS_MAX];
	unsigned n;
};

static int add_match(void *ctx, const char *name, uint32_t inode)
{
	struct matches *m = ctx;

	(void)inode;
	if (fnmatch(m->pattern, name, FNM_PERIOD) != 0)
		return 0;
	if (m->n == LIBDIRS_MAX || !(m->names[m->n] = strdup(name)))
		return -1;
	m->n++;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "include /etc/ld.so.conf.d/ *.conf": a pattern in the last name only. */
static int include(struct reading *r, const char *pattern)
{
	char dir[PATH_MAX], path[PATH_MAX];
	const char *slash = strrchr(pattern, '/');
	struct matches m = { .pattern = slash ? slash + 1 : pattern };
	uint32_t inode;
	int ret = 0;

	snprintf(dir, sizeof(dir), "%s%.*s",
		slash && pattern[0] == '/' ? "" : "/etc/",
		slash ? (int)(slash - pattern) : 0, pattern);
	inode = inside_resolve(r->in, dir, NULL);
	if (inode == TREE_NONE)
		return 0;
	if (r->depth == INCLUDE_MAX ||
		tree_each(r->in->tree, inode, add_match, &m) != 0)
		ret = err_set(r->e, REASON_FAILED,
			"%s: include %s: expected at most %d files, %d deep, found more",
			r->in->name, pattern, LIBDIRS_MAX, INCLUDE_MAX);
	qsort(m.names, m.n, sizeof(m.names[0]), by_text);
	for (unsigned i = 0; ret == 0 && i < m.n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, m.names[i]) >=
			(int)sizeof(path))
			continue;
		r->depth++;
		ret = read_conf(r, path);
		r->depth--;
	}
	for (unsigned i = 0; i < m.n; i++)
		free(m.names[i]);
	return ret;
}

static int read_line(struct reading *r, char *line)
{
	char *word, *more = NULL;
	bool including = false;

	line[strcspn(line, "#")] = '\0';
	for (word = strtok_r(line, " \t\r,:", &more); word;
		word = strtok_r(NULL, " \t\r,:", &more)) {
		if (!strcmp(word, "hwcap"))
			return 0;
		if (!strcmp(word, "include"))
			including = true;
		else if (including
				 ? include(r, word) != 0
				 : word[0] == '/' && add(r->l, word, r->e) != 0)
			return -1;
	}
	return 0;
}

static int read_conf(struct reading *r, const char *path)
{
	char *text = malloc(CONF_MAX), *line, *more = NULL;
	int ret = 0;

	if (!text)
		return err_set(r->e, REASON_FAILED, "%s: out of memory", path);
	if (inside_read(r->in, path, text, CONF_MAX, r->e) < 0)
		ret = -1;
	for (line = strtok_r(text, "\n", &more); ret == 0 && line;
		line = strtok_r(NULL, "\n", &more))
		ret = read_line(r, line);
	free(text);
	return ret;
}

/* "/lib/ld-musl-x86_64.so.1" reads "/etc/ld-musl-x86_64.path". */
static int find_musl(struct reading *r, const char *base)
{
	static const char *const defaults[] = { "/lib", "/usr/local/lib",
		"/usr/lib" };
	char path[PATH_MAX];
	int ret = 0;

	r->l->musl = true;
	snprintf(path, sizeof(path), "/etc/%.*s.path", (int)strcspn(base, "."),
		base);
	if (inside_resolve(r->in, path, NULL) != TREE_NONE)
		return read_conf(r, path);
	for (unsigned i = 0; ret == 0 && i < 3; i++)
		ret = add(r->l, defaults[i], r->e);
	return ret;
}

static int add_defaults(struct reading *r, const struct elf *program)
{
	char path[64];
	int ret = 0;

	r->l->lib = program->class == ELFCLASS64 ? "lib64" : "lib";
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (machines[i].machine != program->machine ||
			machines[i].class != program->class ||
			machines[i].data != program->data)
			continue;
		snprintf(path, sizeof(path), "/%s", machines[i].lib);
		ret = add(r->l, path, r->e);
		snprintf(path, sizeof(path), "/usr/%s", machines[i].lib);
		ret = ret == 0 ? add(r->l, path, r->e) : ret;
		snprintf(path, sizeof(path), "/%s", r->l->lib);
		if (inside_resolve(r->in, path, NULL) == TREE_NONE)
			r->l->lib = machines[i].lib;
		break;
	}
	if (program->class == ELFCLASS64 && ret == 0)
		ret = add(r->l, "/lib64", r->e);
	if (program->class == ELFCLASS64 && ret == 0)
		ret = add(r->l, "/usr/lib64", r->e);
	ret = ret == 0 ? add(r->l, "/lib", r->e) : ret;
	return ret == 0 ? add(r->l, "/usr/lib", r->e) : ret;
}

int libdirs_find(struct libdirs *l, const struct inside *in,
	const struct elf *program, struct err *e)
{
	struct reading r = { .l = l, .in = in, .e = e };
	const char *slash = strrchr(program->interp, '/');
	const char *base = slash ? slash + 1 : program->interp;
	int ret;

	memset(l, 0, sizeof(*l));
	l->lib = "lib";
	if (!strncmp(base, "ld-musl-", 8)) {
		ret = find_musl(&r, base);
	} else {
		ret = read_conf(&r, "/etc/ld.so.conf");
		ret = ret == 0 ? add_defaults(&r, program) : ret;
	}
	if (ret != 0)
		libdirs_free(l);
	return ret;
}

void libdirs_free(struct libdirs *l)
{
	for (unsigned i = 0; i < l->n; i++)
		free(l->dirs[i]);
	memset(l, 0, sizeof(*l));
}
