/* SPDX-License-Identifier: MIT */
#include "tool/compat.h"

#include <stddef.h>
#include <string.h>

static const struct program {
	const char *name;
	int (*run)(int argc, char **argv);
} programs[] = {
	{ "composefs-info", compat_info },
	{ "mkcomposefs", compat_mk },
	{ "composefs-dump", compat_dump },
	{ "mount.composefs", compat_mount },
};

int compat_run(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(name, programs[i].name) == 0)
			return programs[i].run(argc, argv);
	return -1;
}
