/* SPDX-License-Identifier: MIT */
/*
 * A kernel file-system context (fsopen(2) and its family): options go in one
 * by one, and what the kernel has to say about a refusal comes out as text.
 */
#pragma once

#include "core/err.h"

struct fs {
	int fd;
	int error;	  /* errno of the first failure */
	char reason[260]; /* ": " and the kernel's own words about it, or "" */
};

/* KERNEL_FEATURE: the kernel has no such file system. */
must_check int fs_open(struct fs *f, const char *type, struct err *e);

/*
 * key=value, or a flag where value is NULL. Returns 0 or -1; after the first
 * failure nothing is set any more, and fs_mount() fails with its errno.
 */
int fs_set(struct fs *f, const char *key, const char *value);

/* key=/proc/self/fd/N, which the kernel's path walk follows. */
int fs_set_fd(struct fs *f, const char *key, int fd);

/*
 * Creates the superblock, mounts it with the MOUNT_ATTR_ flags, attached
 * nowhere, and closes the context. Returns an fd of the mount, or -1 with
 * errno and f->reason.
 */
must_check int fs_create(struct fs *f, unsigned attr);

/* The same, attached at path. */
must_check int fs_mount(struct fs *f, unsigned attr, const char *path);

/* Attaches a detached mount at path in our namespace. */
must_check int fs_attach(int mount_fd, const char *path);

/*
 * A second mount of a directory (path "": dirfd itself) and of what is mounted
 * on it, attached nowhere, with
 * some MOUNT_ATTR_ flags set and others cleared. Returns an fd of it, or -1
 * with errno.
 */
must_check int fs_clone(
	int dirfd, const char *path, uint64_t set, uint64_t clear);

/*
 * Makes the file system that is mounted at path writable, or read-only; each
 * of its mounts keeps its own flag. 0, or -1 with errno.
 */
must_check int fs_writable(const char *path, bool writable);
