/* SPDX-License-Identifier: MIT */
#include "tool/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 128
#define DYNAMIC_MAX 65536
#define STRINGS_MAX (16 << 20)

struct segment {
	uint32_t type;
	uint64_t offset, address, size;
};

/* The file while it is parsed. */
struct parser {
	const struct elf_source *source;
	struct elf *elf;
	const char *name;
	struct err *e;
	unsigned n;
	struct segment segments[SEGMENTS_MAX];
};

static bool read_at(
	const struct elf_source *s, uint64_t offset, void *buf, size_t n)
{
	size_t done = 0;

	if (offset > s->size || n > s->size - offset)
		return false;
	if (s->fd < 0) {
		if (n)
			memcpy(buf, s->bytes + offset, n);
		return true;
	}
	while (done < n) {
		ssize_t r = pread(
			s->fd, (char *)buf + done, n - done, offset + done);

		if (r == 0 || (r < 0 && errno != EINTR))
			return false;
		done += r > 0 ? r : 0;
	}
	return true;
}

/* An unsigned number of n bytes in the file's byte order. */
static uint64_t number(const struct elf *elf, const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[elf->data == ELFDATA2MSB ? i : n - 1 - i];
	return v;
}

/* A field whose place and size differ between the classes. */
#define FIELD(elf, p, type, field) \
	((elf)->class == ELFCLASS64 \
			? number(elf, (p) + offsetof(Elf64_##type, field), \
				  sizeof(((Elf64_##type *)0)->field)) \
			: number(elf, (p) + offsetof(Elf32_##type, field), \
				  sizeof(((Elf32_##type *)0)->field)))

static int malformed(struct parser *p, const char *what)
{
	return err_set(p->e, REASON_FAILED,
		"%s: expected an ELF file, found one with %s", p->name, what);
}

static size_t size_of(const struct elf *elf, size_t size32, size_t size64)
{
	return elf->class == ELFCLASS64 ? size64 : size32;
}

static int read_header(struct parser *p, uint64_t *offset, unsigned *n)
{
	uint8_t h[sizeof(Elf64_Ehdr)] = { 0 };
	struct elf *elf = p->elf;
	size_t size;

	if (!read_at(p->source, 0, h, EI_NIDENT) ||
		memcmp(h, ELFMAG, SELFMAG) != 0)
		return malformed(p, "another beginning");
	elf->class = h[EI_CLASS];
	elf->data = h[EI_DATA];
	if ((elf->class != ELFCLASS32 && elf->class != ELFCLASS64) ||
		(elf->data != ELFDATA2LSB && elf->data != ELFDATA2MSB))
		return malformed(p, "an unknown class or byte order");
	size = size_of(elf, sizeof(Elf32_Ehdr), sizeof(Elf64_Ehdr));
	if (!read_at(p->source, 0, h, size))
		return malformed(p, "a truncated header");
	elf->machine = FIELD(elf, h, Ehdr, e_machine);
	*offset = FIELD(elf, h, Ehdr, e_phoff);
	*n = FIELD(elf, h, Ehdr, e_phnum);
	size = size_of(elf, sizeof(Elf32_Phdr), sizeof(Elf64_Phdr));
	if (*n && FIELD(elf, h, Ehdr, e_phentsize) != size)
		return malformed(p, "program headers of another size");
	if (*n > SEGMENTS_MAX)
		return malformed(p, "more than 128 program headers");
	return 0;
}

static int read_segments(struct parser *p)
{
	const struct elf *elf = p->elf;
	size_t size;
	uint64_t at = 0;
	unsigned n = 0;

	if (read_header(p, &at, &n) != 0)
		return -1;
	size = size_of(elf, sizeof(Elf32_Phdr), sizeof(Elf64_Phdr));
	for (; p->n < n; p->n++, at += size) {
		uint8_t h[sizeof(Elf64_Phdr)];

		if (!read_at(p->source, at, h, size))
			return malformed(p, "truncated program headers");
		p->segments[p->n] = (struct segment){
			.type = FIELD(elf, h, Phdr, p_type),
			.offset = FIELD(elf, h, Phdr, p_offset),
			.address = FIELD(elf, h, Phdr, p_vaddr),
			.size = FIELD(elf, h, Phdr, p_filesz),
		};
	}
	return 0;
}

static const struct segment *find_segment(const struct parser *p, uint32_t type)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->segments[i].type == type)
			return &p->segments[i];
	return NULL;
}

static int read_interp(struct parser *p)
{
	const struct segment *s = find_segment(p, PT_INTERP);

	if (!s)
		return 0;
	if (s->size == 0 || s->size > sizeof(p->elf->interp) ||
		!read_at(p->source, s->offset, p->elf->interp, s->size) ||
		p->elf->interp[s->size - 1] != '\0')
		return malformed(p, "a malformed interpreter");
	return 0;
}

/* Where in the file an address is; false when no segment has it. */
static bool file_offset(
	const struct parser *p, uint64_t address, uint64_t *offset)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct segment *s = &p->segments[i];

		if (s->type == PT_LOAD && address >= s->address &&
			address - s->address < s->size) {
			*offset = s->offset + (address - s->address);
			return true;
		}
	}
	return false;
}

static int read_strings(
	struct parser *p, uint64_t address, uint64_t size, bool any)
{
	uint64_t offset;

	if (!any)
		return 0;
	if (size == 0 || size > STRINGS_MAX ||
		!file_offset(p, address, &offset))
		return malformed(p, "a malformed string table");
	p->elf->strings = malloc(size + 1);
	if (!p->elf->strings)
		return err_set(
			p->e, REASON_FAILED, "%s: out of memory", p->name);
	if (!read_at(p->source, offset, p->elf->strings, size))
		return malformed(p, "a truncated string table");
	p->elf->strings[size] = '\0';
	return 0;
}

static int take_string(
	struct parser *p, uint64_t tag, uint64_t value, uint64_t size)
{
	struct elf *elf = p->elf;
	const char *s;

	if (value >= size)
		return malformed(p, "a name outside its string table");
	s = elf->strings + value;
	if (tag == DT_SONAME)
		elf->soname = s;
	else if (tag == DT_RPATH)
		elf->rpath = s;
	else if (tag == DT_RUNPATH)
		elf->runpath = s;
	else if (elf->n_needed == ELF_NEEDED_MAX)
		return malformed(p, "more than 128 needed libraries");
	else
		elf->needed[elf->n_needed++] = s;
	return 0;
}

static bool is_string(uint64_t tag)
{
	return tag == DT_NEEDED || tag == DT_SONAME || tag == DT_RPATH ||
	       tag == DT_RUNPATH;
}

static int read_entries(struct parser *p, const uint8_t *dynamic, size_t n)
{
	const struct elf *elf = p->elf;
	size_t step = size_of(elf, sizeof(Elf32_Dyn), sizeof(Elf64_Dyn)), at;
	uint64_t address = 0, size = 0;
	bool any = false;

	for (at = 0; n - at >= step; at += step) {
		uint64_t tag = FIELD(elf, dynamic + at, Dyn, d_tag);
		uint64_t value = FIELD(elf, dynamic + at, Dyn, d_un);

		if (tag == DT_NULL)
			break;
		if (tag == DT_STRTAB)
			address = value;
		if (tag == DT_STRSZ)
			size = value;
		any = any || is_string(tag);
	}
	n = at;
	if (read_strings(p, address, size, any) != 0)
		return -1;
	for (at = 0; at < n; at += step) {
		uint64_t tag = FIELD(elf, dynamic + at, Dyn, d_tag);
		uint64_t value = FIELD(elf, dynamic + at, Dyn, d_un);

		if (is_string(tag) && take_string(p, tag, value, size) != 0)
			return -1;
	}
	return 0;
}

static int read_dynamic(struct parser *p)
{
	const struct segment *s = find_segment(p, PT_DYNAMIC);
	uint8_t *dynamic;
	int r;

	if (!s)
		return 0;
	if (s->size > DYNAMIC_MAX)
		return malformed(p, "more than 64 KiB of dynamic section");
	dynamic = malloc(s->size + 1);
	if (!dynamic)
		return err_set(
			p->e, REASON_FAILED, "%s: out of memory", p->name);
	if (read_at(p->source, s->offset, dynamic, s->size))
		r = read_entries(p, dynamic, s->size);
	else
		r = malformed(p, "a truncated dynamic section");
	free(dynamic);
	return r;
}

bool elf_is(const struct elf_source *s)
{
	char magic[SELFMAG];

	return read_at(s, 0, magic, SELFMAG) &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

int elf_parse(struct elf *elf, const struct elf_source *s, const char *name,
	struct err *e)
{
	struct parser p = { .source = s, .elf = elf, .name = name, .e = e };

	memset(elf, 0, sizeof(*elf));
	if (read_segments(&p) == 0 && read_interp(&p) == 0 &&
		read_dynamic(&p) == 0)
		return 0;
	elf_free(elf);
	return -1;
}

void elf_free(struct elf *elf)
{
	free(elf->strings);
	memset(elf, 0, sizeof(*elf));
}
