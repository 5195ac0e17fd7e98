/* SPDX-License-Identifier: MIT */
/*
 * Makes a tree fit to be booted as a verified, read-only root. It changes
 * the tree in memory, never its source, and says each change on stderr:
 *
 *	/dev /proc /run /sys /tmp /var /etc /sysroot	added where missing
 *	/boot /run			emptied: nothing reads them from the
 *image /etc/machine-id			emptied, so that each device gets its
 *own /usr/lib/rootwright/preflight	the files that init needs to start, one
 *					absolute path a line (closure.h)
 *
 * Refused: an init that could not start, a line for / or /usr in /etc/fstab,
 * and systemd as init without an os-release, which it will not switch to.
 */
#ifndef RW_TOOL_FORBOOT_H
#define RW_TOOL_FORBOOT_H

#include "tool/inside.h"

#define PREFLIGHT_PATH "/usr/lib/rootwright/preflight"

/*
 * object stores a file's content that is too large for the image
 * (intake.h's counterpart for bytes in memory).
 */
struct forboot {
	struct inside inside;
	const char *init; /* "/sbin/init" */
	int (*object)(void *ctx, const void *bytes, size_t n, const char *name,
		struct digest *d, struct err *e);
	void *ctx;
};

must_check int forboot_prepare(const struct forboot *f, struct err *e);

#endif
