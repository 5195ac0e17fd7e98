/* SPDX-License-Identifier: MIT */
/*
 * Where the dynamic loader of a tree looks for libraries when the program
 * does not say: /etc/ld.so.conf with its includes and the directories built
 * into glibc as Debian and others configure it; for musl, its own path file.
 * Not followed: ld.so.cache (ldconfig makes it of the same directories),
 * ld.so.preload, glibc-hwcaps.
 */
#ifndef RW_TOOL_LIBDIRS_H
#define RW_TOOL_LIBDIRS_H

#include "tool/inside.h"

#define LIBDIRS_MAX 64

struct libdirs {
	unsigned n;
	char *dirs[LIBDIRS_MAX];
	const char *lib; /* what $LIB means: "lib/x86_64-linux-gnu" */
	bool musl;
};

/* For a program of this machine and class whose interpreter is interp. */
must_check int libdirs_find(struct libdirs *l, const struct inside *in,
	const struct elf *program, struct err *e);

void libdirs_free(struct libdirs *l);

#endif
