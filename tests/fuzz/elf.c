/* SPDX-License-Identifier: MIT */
#include "tool/elf.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Every string that comes out must end inside what was allocated. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct elf_source s = { .fd = -1, .bytes = bytes, .size = n };
	struct elf elf;
	struct err e;
	size_t sum = 0;

	if (elf_parse(&elf, &s, "fuzz", &e) != 0)
		return 0;
	if (!elf_is(&s))
		__builtin_trap();
	sum += strlen(elf.interp);
	sum += elf.soname ? strlen(elf.soname) : 0;
	sum += elf.rpath ? strlen(elf.rpath) : 0;
	sum += elf.runpath ? strlen(elf.runpath) : 0;
	for (unsigned i = 0; i < elf.n_needed; i++)
		sum += strlen(elf.needed[i]);
	elf_free(&elf);
	return sum == SIZE_MAX;
}
