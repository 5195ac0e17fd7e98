/* SPDX-License-Identifier: MIT */
#include "tool/closure.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tap.h"
#include "tool/libdirs.h"

/* A small ELF file, as much of one as a loader needs to look at. */
struct spec {
	bool narrow, big; /* 32 bit, most significant byte first */
	uint16_t machine;
	const char *interp;
	const char *soname, *rpath, *runpath;
	const char *needed[4];
};

static uint8_t bytes[4096];
static bool narrow, big;

static void put(size_t at, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		bytes[at + i] = v >> 8 * (big ? n - 1 - i : i);
}

static void put_phdr(unsigned i, uint32_t type, uint64_t at, uint64_t size)
{
	size_t p = narrow ? 52 + 32 * i : 64 + 56 * i;
	unsigned w = narrow ? 4 : 8;

	put(p, type, 4);
	put(narrow ? p + 4 : p + 8, at, w);	       /* offset */
	put(narrow ? p + 8 : p + 16, at + 0x10000, w); /* vaddr */
	put(narrow ? p + 16 : p + 32, size, w);	       /* filesz */
}

static size_t dynamic_at;

static void put_dyn(uint64_t tag, uint64_t value)
{
	unsigned w = narrow ? 4 : 8;

	put(dynamic_at, tag, w);
	put(dynamic_at + w, value, w);
	dynamic_at += 2 * w;
}

static size_t strings_at;

static size_t put_text(const char *s)
{
	size_t at = strings_at;

	strcpy((char *)bytes + at, s);
	strings_at += strlen(s) + 1;
	return at;
}

#define DYNAMIC 512
#define STRINGS 1024

static void put_string_dyn(uint64_t tag, const char *s)
{
	if (s)
		put_dyn(tag, put_text(s) - STRINGS);
}

/* Makes the file in bytes; returns its size. */
static size_t make_elf(const struct spec *s)
{
	size_t interp;

	memset(bytes, 0, sizeof(bytes));
	narrow = s->narrow;
	big = s->big;
	dynamic_at = DYNAMIC;
	strings_at = STRINGS;
	memcpy(bytes, ELFMAG, SELFMAG);
	bytes[EI_CLASS] = narrow ? ELFCLASS32 : ELFCLASS64;
	bytes[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
	put(18, s->machine ? s->machine : EM_X86_64, 2);
	put(narrow ? 28 : 32, narrow ? 52 : 64, narrow ? 4 : 8); /* phoff */
	put(narrow ? 42 : 54, narrow ? 32 : 56, 2);		 /* phentsize */
	put(narrow ? 44 : 56, s->interp ? 3 : 2, 2);
	put_text("");
	put_string_dyn(DT_SONAME, s->soname);
	put_string_dyn(DT_RPATH, s->rpath);
	put_string_dyn(DT_RUNPATH, s->runpath);
	for (unsigned i = 0; i < 4; i++)
		put_string_dyn(DT_NEEDED, s->needed[i]);
	put_dyn(DT_STRTAB, 0x10000 + STRINGS);
	put_dyn(DT_STRSZ, strings_at - STRINGS);
	put_dyn(DT_NULL, 0);
	put_phdr(0, PT_LOAD, 0, sizeof(bytes));
	put_phdr(1, PT_DYNAMIC, DYNAMIC, dynamic_at - DYNAMIC);
	if (s->interp) {
		interp = put_text(s->interp);
		put_phdr(2, PT_INTERP, interp, strings_at - interp);
	}
	return strings_at;
}

static struct tree *tree;
static struct err e;
static struct closure found;

static int no_open(void *ctx, const char *path)
{
	(void)ctx;
	(void)path;
	errno = ENOENT;
	return -1;
}

static struct inside inside(void)
{
	return (struct inside){ tree, "T", no_open, NULL };
}

/* Adds an entry, and the directories above it. */
static uint32_t add(const char *path, uint32_t mode)
{
	struct tree_meta m = { .mode = S_IFDIR | 0755 };
	uint32_t at = TREE_ROOT, next;
	char name[256];

	for (;;) {
		size_t n = strcspn(++path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		path += n;
		next = tree_child(tree, at, name);
		if (!*path)
			m.mode = mode;
		if (next == TREE_NONE &&
			tree_add(tree, at, name, &m, &next, &e) != 0)
			printf("Bail out! %s\n", e.text);
		if (!*path)
			return next;
		at = next;
	}
}

static void text(const char *path, uint32_t mode, const char *content)
{
	if (tree_set_content(tree, add(path, S_IFREG | mode), content,
		    strlen(content), &e) != 0)
		printf("Bail out! %s\n", e.text);
}

static void link_to(const char *path, const char *target)
{
	if (tree_set_target(tree, add(path, S_IFLNK | 0777), target, &e) != 0)
		printf("Bail out! %s\n", e.text);
}

#define elf(path, ...) \
	do { \
		const struct spec s_ = { __VA_ARGS__ }; \
		size_t n_ = make_elf(&s_); \
		if (tree_set_content(tree, add(path, S_IFREG | 0755), bytes, \
			    n_, &e) != 0) \
			printf("Bail out! %s\n", e.text); \
	} while (0)

static void begin(void)
{
	if (tree)
		tree_free(tree);
	tree = tree_new(HASH_SHA256);
}

/* want: the paths, each with a newline. */
static void closure_is(const char *want, const char *name)
{
	struct inside in = inside();
	char got[8192] = "";
	int r;

	e.text[0] = '\0';
	r = closure_find(&found, &in, "/sbin/init", &e);
	for (unsigned i = 0; r == 0 && i < found.n; i++) {
		strcat(got, found.paths[i]);
		strcat(got, "\n");
	}
	is_str(r == 0 ? got : e.text, want, "%s", name);
	if (r == 0)
		closure_free(&found);
}

#define LD "/lib64/ld-linux-x86-64.so.2"

static void good(void)
{
	begin();
	link_to("/lib", "usr/lib");
	link_to("/lib64", "/usr/lib64");
	link_to("/sbin", "usr/sbin");
	link_to("/usr/sbin/init", "../../lib/systemd/systemd");
	elf("/usr/lib64/ld-linux-x86-64.so.2",
		.soname = "ld-linux-x86-64.so.2");
	elf("/usr/lib/systemd/systemd", .interp = LD,
		.runpath = "$ORIGIN/private:/none",
		.needed = { "libp.so", "libc.so.6" });
	elf("/usr/lib/systemd/private/libp.so",
		.needed = { "libc.so.6", "liba.so" });
	elf("/usr/lib/x86_64-linux-gnu/libc.so.6", .soname = "libc.so.6",
		.needed = { "ld-linux-x86-64.so.2" });
	elf("/usr/lib/x86_64-linux-gnu/liba.so", .narrow = true);
	elf("/usr/local/deep/liba.so.1", .soname = "liba.so");
	link_to("/usr/local/deep/liba.so", "liba.so.1");
	text("/etc/ld.so.conf", 0644,
		"# words\ninclude /etc/ld.so.conf.d/*.conf\n");
	text("/etc/ld.so.conf.d/x.conf", 0644, "/usr/local/deep\n");
	text("/etc/ld.so.conf.d/y.other", 0644, "/usr/local/none\n");
	closure_is("/lib/x86_64-linux-gnu/libc.so.6\n" LD "\n"
		   "/usr/lib/systemd/private/libp.so\n"
		   "/usr/lib/systemd/systemd\n"
		   "/usr/local/deep/liba.so\n",
		"links, $ORIGIN, ld.so.conf, a library of another class");
}

static void rpaths(void)
{
	begin();
	elf("/sbin/init", .rpath = "/r", .needed = { "a.so" });
	elf("/r/a.so", .needed = { "b.so" });
	elf("/r/b.so", .runpath = "/u", .needed = { "c.so" });
	elf("/r/c.so", .soname = "c.so");
	elf("/u/c.so", .soname = "c.so");
	closure_is("/r/a.so\n/r/b.so\n/sbin/init\n/u/c.so\n",
		"an RPATH is inherited, and a RUNPATH is not");
	begin();
	elf("/sbin/init", .rpath = "/r", .runpath = "/u:${ORIGIN}/../x",
		.needed = { "a.so", "$ORIGIN/p.so" });
	elf("/r/a.so", .soname = NULL);
	elf("/x/a.so", .soname = NULL);
	elf("/sbin/p.so", .soname = NULL);
	closure_is("/sbin/init\n/sbin/p.so\n/x/a.so\n",
		"a RUNPATH makes an RPATH void; a name with a slash is a path");
}

static void scripts(void)
{
	begin();
	text("/sbin/init", 0755, "#! /bin/sh -e\n");
	link_to("/bin/sh", "busybox");
	elf("/bin/busybox", .interp = "/lib/ld-musl-x86_64.so.1",
		.needed = { "libc.so", "libx.so" });
	elf("/lib/ld-musl-x86_64.so.1", .soname = NULL);
	elf("/opt/lib/libx.so", .soname = NULL);
	text("/etc/ld-musl-x86_64.path", 0644, "/lib:/opt/lib\n");
	closure_is("/bin/busybox\n/lib/ld-musl-x86_64.so.1\n"
		   "/opt/lib/libx.so\n/sbin/init\n",
		"a script, busybox and musl");
	begin();
	elf("/sbin/init", .narrow = true, .big = true, .machine = EM_MIPS,
		.interp = "/lib/ld.so.1", .needed = { "libc.so.6" });
	elf("/lib/ld.so.1", .narrow = true, .big = true, .machine = EM_MIPS);
	elf("/lib/libc.so.6", .narrow = true, .big = true, .machine = EM_MIPS);
	closure_is("/lib/ld.so.1\n/lib/libc.so.6\n/sbin/init\n",
		"32 bit, most significant byte first");
}

static void bad(void)
{
	begin();
	closure_is("T: /sbin/init: expected a file, found none", "no init");
	link_to("/sbin/init", "init");
	closure_is("T: /sbin/init: expected a file, found none", "a loop");
	begin();
	add("/sbin/init", S_IFDIR | 0755);
	closure_is(
		"T: /sbin/init: expected a regular file, found something else",
		"a directory");
	begin();
	text("/sbin/init", 0644, "#!/bin/sh\n");
	closure_is(
		"T: /sbin/init: expected an executable file, found mode 0644",
		"not executable");
	begin();
	text("/sbin/init", 0755, "");
	closure_is(
		"T: /sbin/init: expected an ELF file or a script, found something else",
		"empty");
	begin();
	text("/sbin/init", 0755, "#!/sbin/init\n");
	closure_is(
		"T: /sbin/init: expected an ELF file or a script, found too many scripts in a row",
		"a script that is its own interpreter");
	begin();
	text("/sbin/init", 0755, "#!init\n");
	closure_is("T: init: expected an absolute path, found a relative one",
		"a relative interpreter");
	begin();
	elf("/sbin/init", .interp = LD);
	closure_is("T: /sbin/init: expected its interpreter " LD ", found none",
		"no loader");
	begin();
	elf("/sbin/init", .interp = "x");
	elf("/x", .soname = NULL);
	closure_is("T: /sbin/init: expected its interpreter x, found none",
		"a relative loader");
	begin();
	elf("/sbin/init", .needed = { "a.so" });
	elf("/lib/a.so", .needed = { "b.so" });
	elf("/lib/b.so", .machine = EM_AARCH64);
	closure_is(
		"T: /lib/a.so: expected the library b.so that it needs, found none",
		"only another machine's library");
	begin();
	elf("/sbin/init", .needed = { "a.so" });
	text("/lib/a.so", 0644, ELFMAG "xx");
	closure_is(
		"/lib/a.so: expected an ELF file, found one with another beginning",
		"a truncated library");
}

/* One byte after another is lost, or turned: never a crash, never a lie. */
static void cut(void)
{
	const struct spec s = { .interp = LD,
		.soname = "s",
		.runpath = "r",
		.needed = { "a", "b" } };
	size_t n = make_elf(&s), good_ones = 0;
	struct elf parsed;
	struct elf_source source = { .fd = -1, .size = n };

	for (size_t i = 0; i <= n; i++) {
		uint8_t *copy = malloc(i + 1);

		memcpy(copy, bytes, i);
		source.bytes = copy;
		source.size = i;
		if (elf_parse(&parsed, &source, "cut", &e) == 0) {
			good_ones++;
			elf_free(&parsed);
		}
		free(copy);
	}
	is_int(good_ones, 1,
		"of all beginnings of a file only the whole is good");
	for (size_t i = 0; i < n; i++) {
		source.bytes = bytes;
		source.size = n;
		bytes[i] ^= 0x81;
		if (elf_parse(&parsed, &source, "turned", &e) == 0)
			elf_free(&parsed);
		bytes[i] ^= 0x81;
	}
	is_int(elf_parse(&parsed, &source, "whole", &e), 0, "the whole");
	is_str(parsed.interp, LD, "its interpreter");
	is_str(parsed.needed[1], "b", "its second library");
	elf_free(&parsed);
}

int main(void)
{
	good();
	rpaths();
	scripts();
	bad();
	cut();
	tree_free(tree);
	return tap_done();
}
