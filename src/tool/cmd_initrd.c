/* SPDX-License-Identifier: MIT */
/*
 * rootwright initrd: the initramfs. The builder is a script,
 * rootwright-initrd(8); what a script cannot do is done here: to judge a policy
 * as the boot program does where that is a program for another machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "tool/tool.h"

#define BUILDER "rootwright-initrd"

/* Where it is, seen from our own directory: installed, or in the source. */
static const char *const beside[] = { ("../sbin/" BUILDER), BUILDER,
	"../initrd/mkinitrd" };

static int check_config(const char *dir)
{
	static struct config config;
	struct err e;

	if (config_read(&config, dir, &e) != 0)
		return tool_fail(&e);
	config_print(&config, dir);
	return 0;
}

/* Our own path, and as far as its directory's slash. */
static size_t own_path(char path[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	const char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	return slash ? slash + 1 - path : 0;
}

int cmd_initrd(int argc, char **argv)
{
	char own[PATH_MAX], path[PATH_MAX + 32];
	size_t dir = own_path(own);

	if (argc == 3 && !strcmp(argv[1], "--check-config"))
		return check_config(argv[2]);
	if (own[0] && setenv("ROOTWRIGHT", own, 1) != 0)
		own[0] = '\0';
	argv[0] = (char *)BUILDER;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(
			path, sizeof(path), "%.*s%s", (int)dir, own, beside[i]);
		if (dir && access(path, X_OK) == 0)
			execv(path, argv);
	}
	execvp(BUILDER, argv);
	tool_say("initrd: " BUILDER ": cannot be started: %s", strerror(errno));
	return EXIT_REFUSED;
}
