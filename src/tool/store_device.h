/* SPDX-License-Identifier: MIT */
/*
 * The store that a running system was booted from. The boot program's own
 * mount of it is read-only and in nobody's reach, so this is a second one,
 * attached nowhere: it goes with its last file descriptor. Where it is to be
 * written to, its file system is writable for as long as we have it open.
 */
#ifndef RW_TOOL_STORE_DEVICE_H
#define RW_TOOL_STORE_DEVICE_H

#include <stdbool.h>

#include "core/err.h"

struct store_device {
	int mount;   /* the file system's root */
	int dirfd;   /* the store in it */
	bool was_ro; /* it was read-only, and will be again */
	bool write;
};

/* Needs root. path is the store's, absolute. */
must_check int store_device_open(struct store_device *d, const char *device,
	const char *fstype, const char *path, bool write, struct err *e);

/* Read-only again, if nobody else writes. Harmless when nothing is open. */
void store_device_close(struct store_device *d);

#endif
