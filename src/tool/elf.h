/* SPDX-License-Identifier: MIT */
/*
 * What the dynamic loader reads of an ELF file: which interpreter, which
 * libraries by which paths. Both classes, both byte orders. Format: System V
 * ABI, chapters 4 and 5 (gabi), <elf.h>.
 *
 * The bytes may be anything. Every offset and size is checked against the
 * file, and what is read is bounded: 128 program headers, 64 KiB of dynamic
 * section, 16 MiB of its strings, 128 needed libraries. More is refused.
 */
#ifndef RW_TOOL_ELF_H
#define RW_TOOL_ELF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define ELF_NEEDED_MAX 128

/* Where the bytes are: in a file, or in memory when fd is negative. */
struct elf_source {
	int fd;
	const uint8_t *bytes;
	uint64_t size;
};

struct elf {
	uint8_t class;	       /* ELFCLASS32 or ELFCLASS64 */
	uint8_t data;	       /* ELFDATA2LSB or ELFDATA2MSB */
	uint16_t machine;      /* EM_X86_64, ... */
	char interp[PATH_MAX]; /* empty: none */
	char *strings;	       /* what the following point into; elf_free() */
	const char *soname;    /* or NULL */
	const char *rpath;     /* or NULL */
	const char *runpath;   /* or NULL */
	unsigned n_needed;
	const char *needed[ELF_NEEDED_MAX];
};

/* Do the bytes begin as an ELF file does? */
bool elf_is(const struct elf_source *s);

/* name is for messages. */
must_check int elf_parse(struct elf *elf, const struct elf_source *s,
	const char *name, struct err *e);

/* Harmless on one that was not parsed, if it is all zero. */
void elf_free(struct elf *elf);

#endif
