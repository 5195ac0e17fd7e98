/* SPDX-License-Identifier: MIT */
#include "tool/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/compat.h"
#include "tool/hash.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "build", cmd_build, "turn a tree into objects and an image" },
	{ "oci", cmd_oci, "seal OCI images, or check their seals" },
	{ "merge", cmd_merge, "make one image of stacked ones" },
	{ "sign", cmd_sign, "sign images" },
	{ "verify", cmd_verify, "check signatures as the boot program does" },
	{ "disk", cmd_disk, "lay a store onto a disk image" },
	{ "check", cmd_check, "check every object of a store or disk" },
	{ "ls", cmd_ls, "list the entries of images" },
	{ "dump", cmd_dump, "print images as composefs dumps" },
	{ "objects", cmd_objects, "print the objects that images name" },
	{ "missing", cmd_missing, "print those that a store does not have" },
	{ "measure", cmd_measure, "print the fs-verity digests of files" },
	{ "diff", cmd_diff, "print what changes from image to image" },
	{ "cat", cmd_cat, "print files of an image" },
	{ "extract", cmd_extract, "restore the tree of an image" },
	{ "release", cmd_release, "make, sign and check releases" },
	{ "export", cmd_export, "copy releases and images as plain files" },
	{ "bless", cmd_bless, "declare the release that was booted good" },
	{ "status", cmd_status, "print the chain of trust, ask the kernel" },
	{ "watch", cmd_watch, "follow what the kernel says of damage" },
	{ "gc", cmd_gc, "remove from a store what nothing needs" },
	{ "install", cmd_install, "put releases and images into a store" },
	{ "repair", cmd_repair, "fetch again what is damaged in a store" },
	{ "mount", cmd_mount, "mount an image, verified" },
	{ "initrd", cmd_initrd, "write an initramfs around the boot program" },
};

static void help(FILE *f)
{
	size_t i;

	fprintf(f, "usage: rootwright COMMAND [OPTION...] [ARGUMENT...]\n"
		   "\nCommands:\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(f, "  %-8s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(f, "\nrootwright COMMAND --help, or man rootwright-COMMAND, "
		   "says more.\n");
}

int main(int argc, char **argv)
{
	const char *kernel = getenv("ROOTWRIGHT_HASH");
	struct err e;
	size_t i;
	int code;

	if (kernel && hash_use(kernel, &e) != 0)
		return tool_fail(&e);
	code = compat_run(argc, argv);
	if (code >= 0)
		return code;
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		help(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("rootwright " RW_VERSION);
		return 0;
	}
	tool_catch_signals();
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr,
		"rootwright: %s: expected a command, found something else\n"
		"hint: rootwright --help lists the commands\n",
		argv[1]);
	return EXIT_USAGE;
}
