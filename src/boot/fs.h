/* SPDX-License-Identifier: MIT */
/*
 * A kernel file-system context (fsopen(2) and its family): options go in one
 * by one, and what the kernel has to say about a refusal comes out as text.
 */
#ifndef RW_BOOT_FS_H
#define RW_BOOT_FS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct fs {
	int fd;
	const char *type;
	char log[256]; /* the kernel's own reason of the last failure */
};

/* -1 with errno; ENODEV: the kernel has no such file system. */
must_check int fs_open(struct fs *f, const char *type);
void fs_close(struct fs *f);

/* key=value, or a flag where value is NULL. -1 with errno and f->log. */
must_check int fs_set(struct fs *f, const char *key, const char *value);

/* key=/proc/self/fd/N, which the kernel's path walk follows. */
must_check int fs_set_fd(struct fs *f, const char *key, int fd);

/*
 * Creates the superblock, and a detached mount of it with the MOUNT_ATTR_
 * flags. Returns its fd, or -1 with errno and f->log.
 */
must_check int fs_mount(struct fs *f, uint64_t attr);

/* Attaches a detached mount at path in our namespace. */
must_check int fs_attach(int mount_fd, const char *path);

/* ": " and the kernel's own reason; empty where it gave none. */
const char *fs_reason(const struct fs *f, char *buf, size_t n);

#endif
